"""Whether old checkpoints load and calling code still works, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from swc.diagnostics.words import all_of
from swc.diff.model import Category, Difference, Reason

_HINTS = ("private", "public", "tie", "apart", "cluster")


def verdicts(difference: Difference) -> Iterator[str]:
    """One line for each category that holds, and what holds if none does."""
    categories = difference.categories
    if Category.CHECKPOINT in categories:
        yield f"CHECKPOINT  old checkpoints do not load: {_why(difference)}"
    else:
        yield "old checkpoints load"
    if Category.API in categories:
        yield f"API         code that uses the family has to change: {_api(difference)}"
    if Category.NUMERIC in categories:
        yield f"NUMERIC     the same weights do not mean the same training or outputs: {_numeric(difference)}"


def _why(difference: Difference) -> str:
    """What keeps checkpoints out: the tensors, or else what they say about the family that they belong to."""
    counts = (
        (sum(e.after is None for e in difference.state), "gone"),
        (sum(e.before is None for e in difference.state), "new"),
        (sum(e.before is not None and e.after is not None for e in difference.state), "of another shape"),
    )
    told = ", ".join(f"{count} {what}" for count, what in counts if count)
    if told:
        example = difference.state[0].name
        return f"of their tensors, {told} (such as {example})"
    words = {
        Reason.FAMILY: ["the family has another name"],
        Reason.STRUCTURE: list(_structure(difference)) or ["the structural hash differs"],
        Reason.SHARING: ["clusters or templates have changed"],
    }
    return f"all tensors fit, but {all_of([word for reason in difference.reasons for word in words[reason]])}"


def _structure(difference: Difference) -> Iterator[str]:
    """What the structural hash is over and has changed."""
    family = {edit.name for edit in difference.family}
    members = [edit for edit in difference.members if edit.before is None or edit.after is None]
    hints = {f"share.{hint}" for hint in _HINTS} & {edit.name for edit in difference.settings}
    found = {
        "the input is another": "input" in family,
        "there are other classes": "classes" in family,
        "there are other members": bool(members),
        "members come in another order": "order of members" in family,
        "layers or norms have changed": bool(difference.layers or difference.traits or difference.norms),
        "layers come in another order": bool(difference.orders),
        "members compute something else": bool(difference.forward),
        "hints have changed": bool(hints),
    }
    yield from (words for words, holds in found.items() if holds)


def _api(difference: Difference) -> str:
    found = [edit.name for edit in difference.family]
    changed = [edit for edit in difference.members if edit.before is None or edit.after is None]
    if changed:
        found.append("members")
    return ", ".join(found)


def _numeric(difference: Difference) -> str:
    found = {
        "settings": difference.settings,
        "forward pass": difference.forward,
        "scale of initialisation": difference.fan_ins,
    }
    return ", ".join(name for name, edits in found.items() if edits)
