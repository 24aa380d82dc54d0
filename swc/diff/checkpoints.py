"""Whether old checkpoints load and calling code still works, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from swc.diagnostics.words import all_of, first_few
from swc.diff.model import Category, Difference, Reason, Structural
from swc.diff.structure import structural

_MOST = 4
"""Names that a sentence lists."""


def verdicts(difference: Difference) -> Iterator[str]:
    """One line for each category that holds, and what holds if none does."""
    categories = difference.categories
    if Category.CHECKPOINT in categories:
        yield f"CHECKPOINT  old checkpoints do not load: {_why(difference)}"
    else:
        yield "old checkpoints load" + ", by the names that their tensors have now" * bool(difference.moved)
    if Category.API in categories:
        yield f"API         code that uses the family has to change: {_api(difference)}"
    if Category.NUMERIC in categories:
        yield f"NUMERIC     {_numeric(difference)}"


def _why(difference: Difference) -> str:
    """What keeps checkpoints out: the tensors, or else what they say about the family that they belong to."""
    counts = (
        (sum(e.after is None for e in difference.state), "gone"),
        (sum(e.before is None for e in difference.state), "new"),
        (sum(e.before is not None and e.after is not None for e in difference.state), "of another shape"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    if told:
        return f"tensors differ: {told} (such as {difference.state[0].name})"
    words = {
        Reason.FAMILY: ["the family has another name"],
        Reason.STRUCTURE: [_structural(part, difference) for part in structural(difference)],
        Reason.SHARING: list(_sharing(difference)),
    }
    return f"all tensors fit, but {all_of([word for reason in difference.reasons for word in words[reason]])}"


_CHANGED = {
    Structural.INPUT: "the input is another",
    Structural.CLASSES: "there are other classes",
    Structural.MEMBERS: "there are other members",
    Structural.MEMBER_ORDER: "members come in another order",
    Structural.LAYERS: "layers have changed",
    Structural.NORMS: "norms have changed",
    Structural.HINTS: "hints have changed",
}


def _structural(part: Structural, difference: Difference) -> str:
    """What the structural hash is over and has changed."""
    match part:
        case Structural.LAYERS if _only_renamed(difference):
            return "layers have other names"
        case Structural.LAYER_ORDER:
            return f"layers of {_of_members(order.member for order in difference.orders)} come in another order"
        case Structural.FORWARD:
            members = [forward.member for forward in difference.forward]
            return f"{_of_members(members)} {'computes' if len(members) == 1 else 'compute'} something else"
        case Structural.UNKNOWN:
            return f"something has changed that plans do not hold ({', '.join(difference.unknown)})"
    return _CHANGED[part]


def _only_renamed(difference: Difference) -> bool:
    return not difference.traits and len(difference.layers) == 2 * len(difference.renamed_layers)


def _of_members(names: Iterable[str]) -> str:
    """``member deep``, ``members deep and wide``."""
    listed = list(names)
    return f"member{'s' if len(listed) > 1 else ''} {all_of(listed)}"


def _sharing(difference: Difference) -> Iterator[str]:
    """What clusters hold that they did not; nothing where they hold the same under other names or in another order."""
    if difference.moves:
        yield "layers have changed clusters"
    elif difference.superweights or difference.tiles:
        yield "SuperWeights have changed"
    elif Reason.STRUCTURE not in difference.reasons:
        yield "tiles are refined on one side only"


_CALLED = {"name": "name of the family", "class": "name of its class", "classes": "number of classes"}


def _api(difference: Difference) -> str:
    found = [_CALLED.get(edit.name, edit.name) for edit in difference.family]
    gone = [edit.name for edit in difference.members if edit.after is None]
    come = [edit.name for edit in difference.members if edit.before is None]
    found += [f"member {move.before} is called {move.after}" for move in difference.moved_members]
    found += [f"{_of_members(names)} {what}" for names, what in ((gone, "gone"), (come, "new")) if names]
    return ", ".join(found)


def _numeric(difference: Difference) -> str:
    found: list[tuple[str, Sequence[str]]] = [
        ("settings", list(dict.fromkeys(edit.name for edit in difference.written))),
        ("what is computed", [forward.member for forward in difference.forward]),
        ("scale of initialisation", [edit.name for edit in difference.fan_ins]),
    ]
    told = "; ".join(f"{what} ({first_few(names, _MOST)})" for what, names in found if names)
    return f"training or outputs differ even with the same weights: {told}"
