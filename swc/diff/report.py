"""A difference as text for people: many layers in one line, long lists cut with the number of what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from swc.diagnostics.words import count, first_few
from swc.diff.checkpoints import verdicts
from swc.diff.model import BankEdit, Difference, Edit, Value
from swc.diff.patterns import LONGEST, patterns, told_moves
from swc.diff.renames import Rename


def report(difference: Difference) -> str:
    """The text of a difference, without a final new line."""
    head = f"{difference.before} → {difference.after}"
    if difference.is_empty:
        return f"{head}: no difference{_unknown(difference)}"
    sections: list[tuple[str, Iterable[str]]] = [
        ("family", map(_line, difference.family)),
        ("moved", [f"> {move}" for move in difference.moved]),
        ("members", _members(difference)),
        ("layers", _layers(difference)),
        ("sharing", _sharing(difference)),
        ("parameters", _parameters(difference)),
        ("settings", map(_line, difference.written)),
        ("checkpoints and code", verdicts(difference)),
    ]
    lines = [head + _unknown(difference)]
    for title, content in sections:
        own = [f"  {line}" for line in content]
        if own:
            lines += ["", title, *own]
    return "\n".join(lines)


def _unknown(difference: Difference) -> str:
    if not difference.unknown:
        return ""
    return f"\n(a plan does not hold everything; not compared: {', '.join(difference.unknown)})"


def text(value: Value) -> str:
    """A value: shapes as 128×64×3×3, whole numbers with commas."""
    if isinstance(value, tuple):
        return "×".join(map(str, value)) if value else "one number"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(edit: Edit) -> str:
    if edit.before is None:
        return f"+ {edit.name}  {text(edit.after)}"
    if edit.after is None:
        return f"- {edit.name}  {text(edit.before)}"
    return f"~ {edit.name}  {text(edit.before)} → {text(edit.after)}"


def _cut(lines: Sequence[str], what: str) -> Iterator[str]:
    """At most a few lines."""
    yield from lines[:LONGEST]
    if len(lines) > LONGEST:
        yield f"and {count(len(lines) - LONGEST, f'more {what}')} (all of them: --format json)"


def _members(difference: Difference) -> Iterator[str]:
    alone = {edit.name: edit for edit in difference.alone}
    names = {rename.before: rename.after for rename in difference.renamed_members}
    for edit in difference.members:
        size = alone.pop(edit.name, None)
        before, after = (size.before, size.after) if size else (None, None)
        sizes = " → ".join(f"{text(n)}" for n in (before, after) if n is not None)
        if edit.name in names:
            yield f"~ {edit.name} is called {names[edit.name]}  {text(edit.before)} (what it computes is not compared)"
        elif edit.name not in names.values():
            yield _line(edit) + (f"  ({sizes} parameters alone)" if sizes else "")
    for edit in alone.values():
        yield f"~ {edit.name}  {text(edit.before)} → {text(edit.after)} parameters alone"


# Layers


def _layers(difference: Difference) -> Iterator[str]:
    kinds: dict[str, Callable[[Edit], bool]] = {
        "removed": lambda e: e.after is None,
        "added": lambda e: e.before is None,
        "reshaped": lambda e: e.before is not None and e.after is not None,
    }
    renamed = {name for rename in difference.renamed_layers for name in (rename.before, rename.after)}
    called = {name for rename in difference.renamed_members for name in (rename.before, rename.after)}
    edits = [edit for edit in difference.layers if edit.name not in renamed]
    members = dict.fromkeys(edit.name.partition(".")[0] for edit in edits)
    yield from _renamed(difference)
    whole = {edit.name for edit in difference.members if edit.before is None or edit.after is None}
    for member in (name for name in members if name not in called):
        own = [edit for edit in edits if edit.name.startswith(f"{member}.")]
        for kind, holds in kinds.items():
            found = {edit.name: edit for edit in own if holds(edit)}
            if not found:
                continue
            yield f"{member}: {count(len(found), 'layer')} {kind}"
            if member in whole:
                continue
            for pattern in patterns(found, difference.layer_names):
                changes = _extents([found[name] for name in pattern.names]) if kind == "reshaped" else ""
                yield f"  {pattern}{changes}"
    yield from _cut([_line(edit) for edit in difference.traits], "layer")
    yield from _norms(difference, whole)
    if difference.renamed_layers or difference.traits:
        yield "(what members compute is compared only where their names, layers and norms are as before)"
    for forward in difference.forward:
        where = f"from {forward.at} on" if forward.at else "after its last layer"
        yield f"{forward.member}: computes something else with the same layers, {where}"
    for order in difference.orders:
        yield f"{order.member}: layers come in another order: {_few(order.before)} → {_few(order.after)}"


def _renamed(difference: Difference) -> Iterator[str]:
    """Layers by other names, as patterns where many changed alike."""
    members: dict[str, list[Rename]] = {}
    for rename in difference.renamed_layers:
        members.setdefault(rename.before.partition(".")[0], []).append(rename)
    for member, own in members.items():
        yield f"{member}: {count(len(own), 'layer')} by {'another name' if len(own) == 1 else 'other names'}"
        pairs = [(x.before, x.after) for x in own]
        shown = [patterns(names, difference.layer_names) for names in zip(*pairs, strict=True)]
        if len(shown[0]) == len(shown[1]):
            pairs = [(str(old), str(new)) for old, new in zip(*shown, strict=True)]
        yield from _cut([f"  {old} → {new}" for old, new in pairs], "layer")


def _few(names: Sequence[str]) -> str:
    """Layers of one member by their labels, the last ones only counted where they are many."""
    return first_few([name.partition(".")[2] for name in names], LONGEST)


def _extents(edits: Iterable[Edit]) -> str:
    """The numbers that changed in some shapes: ``128→160, 256→320``."""
    pairs = Counter(
        (old, new)
        for edit in edits
        if isinstance(edit.before, tuple) and isinstance(edit.after, tuple)
        for old, new in zip(edit.before, edit.after, strict=True)
        if old != new
    )
    texts = [f"{old}→{new}" for old, new in sorted(pairs)]
    return f": {first_few(texts, 4)}"


def _norms(difference: Difference, whole: set[str]) -> Iterator[str]:
    """Norms of members that are on both sides, unless they only follow layers that changed as well."""
    touched = {edit.name.partition(".")[0] for edit in difference.layers} | whole
    own = [edit for edit in difference.norms if edit.name.partition(".")[0] not in touched]
    yield from _cut([f"{_line(edit)} (norm)" for edit in own], "norm")


# Sharing


def _sharing(difference: Difference) -> Iterator[str]:
    yield from _cut(list(told_moves(difference.moves, difference.layer_names)), "move")
    yield from _cut([f"{_line(edit)} (how it is folded)" for edit in difference.tiles], "cluster")
    yield from _cut([f"{_line(edit)} (reference fan-in)" for edit in difference.fan_ins], "cluster")
    clusters: dict[str, list[BankEdit]] = {}
    for edit in difference.superweights:
        clusters.setdefault(edit.cluster, []).append(edit)
    refolded = {edit.name for edit in difference.tiles}
    found = [_cluster(name, edits, listed=name not in refolded) for name, edits in clusters.items()]
    for lines in found[:LONGEST]:
        yield from lines
    if len(found) > LONGEST:
        yield f"and {count(len(found) - LONGEST, 'more cluster')} (all of them: --format json)"


def _cluster(name: str, edits: Sequence[BankEdit], *, listed: bool) -> list[str]:
    """What became of a cluster's SuperWeights, ``listed`` one by one unless all of them came or went.

    Where a cluster is folded into other tiles, they lie elsewhere: which of them came and went says nothing.
    """
    counts = (
        (sum(e.before is None for e in edits), "added"),
        (sum(e.after is None for e in edits), "removed"),
        (sum(e.before is not None and e.after is not None for e in edits), "changed"),
    )
    told = [(number, what) for number, what in counts if number]
    if len(told) > 1:
        head = f"{name}: {count(len(edits), 'SuperWeight')}: {', '.join(f'{number} {what}' for number, what in told)}"
    else:
        head = f"{name}: {count(len(edits), 'SuperWeight')} {told[0][1]}"
        listed = listed and told[0][1] == "changed"
    return [head, *(f"  {line}" for line in _cut([_bank(edit) for edit in edits], "SuperWeight") if listed)]


def _bank(edit: BankEdit) -> str:
    old, new = edit.before, edit.after
    if old is not None and new is not None:
        vectors, users = (old.coefficient_vectors, new.coefficient_vectors), (old.users, new.users)
        changes = (
            (old.shape != new.shape, f"{text(old.shape)} → {text(new.shape)}"),
            (old.templates != new.templates, f"{old.templates} → {count(new.templates, 'template')}"),
            # Refinement reserves a vector for each layer: the layers say it then.
            (
                vectors[0] != vectors[1] and vectors != users,
                f"{vectors[0]} → {count(vectors[1], 'coefficient vector')}",
            ),
            (users[0] != users[1], f"{users[0]} → {count(users[1], 'layer')}"),
        )
        return f"~ {edit.name}  " + ", ".join(told for changed, told in changes if changed)
    sign, bank = ("+", new) if old is None else ("-", old)
    if bank is None:
        raise AssertionError(f"a SuperWeight is on one side at least: {edit.name}")
    return f"{sign} {edit.name}  {text(bank.shape)}, {count(bank.templates, 'template')}, {count(bank.users, 'layer')}"


# Numbers


def _parameters(difference: Difference) -> Iterator[str]:
    edits = (*difference.budget, *difference.parameters)
    rows = [(e.name, text(e.before), text(e.after), _gain(e)) for e in edits]
    widths = [max(len(row[i]) for row in rows) for i in range(4)] if rows else []
    relative = [e for e in difference.budget_text if "%" in f"{e.before}{e.after}"]
    said = {e.name: f"  ({e.after if e.before == e.after else f'{e.before} → {e.after}'})" for e in relative}
    for name, before, after, gain in rows:
        numbers = f"{name:<{widths[0]}}  {before:>{widths[1]}} → {after:>{widths[2]}}  {gain:>{widths[3]}}"
        yield numbers + said.get(name, "")


def _gain(edit: Edit) -> str:
    if isinstance(edit.before, int) and isinstance(edit.after, int):
        return f"{edit.after - edit.before:+,}"
    return ""
