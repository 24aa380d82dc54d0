"""Two sides of a comparison become their difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from swc.diagnostics.words import count
from swc.diff.model import Bank, BankEdit, Difference, Edit, Forward, Order, Reason, Value
from swc.diff.moved import by_names_of_now, new_moves
from swc.diff.renames import renamed_layers, renamed_members
from swc.diff.reworded import reworded
from swc.diff.settings import settings
from swc.diff.side import Contents, Side
from swc.diff.state import Shape, State
from swc.diff.written import written_edits
from swc.family import Layer, Member
from swc.lock.moves import Move, moves
from swc.plan.model import Cluster, Plan, SuperWeight

_COUNTED = ("total", "templates", "coefficients", "weights", "norms", "biases")


def compare(before: Side, after: Side) -> Difference:
    """Find everything that differs between two sides; what only one of them knows is not compared.

    What the side after says was renamed (`moved`) is compared by the names that it has there.
    """
    moved = new_moves(before, after)
    before = by_names_of_now(before, after, moved)
    plans = before.plan, after.plan
    contents = (before.contents, after.contents) if before.contents and after.contents else None
    states = before.state(), after.state()
    if contents is None:
        states = _common(states[0], plans[0]), _common(states[1], plans[1])
    state = _edits(*states)
    members = [_described_members(own) for own in contents or ()]
    budget = _edits({"budget": plans[0].budget}, {"budget": plans[1].budget})
    alike = reworded(contents[0].family, contents[1].family, *(plan.clusters for plan in plans)) if contents else ()
    return Difference(
        before=before.name,
        after=after.name,
        family=_family(*plans, contents),
        members=_members(*plans, contents),
        alone=_edits(*({m.name: m.parameters_alone for m in plan.members} for plan in plans)),
        layers=_edits(*({x.name: x.shape for m in plan.members for x in m.layers} for plan in plans)),
        traits=_per_side(contents, lambda c: {x.name: _trait(x) for x in c.family.layers}, added=False),
        norms=_per_side(contents, lambda c: {x.name: x.channels for m in c.family.members for x in m.norms}),
        forward=_forward(*contents) if contents else (),
        orders=tuple(_orders(*plans)),
        renamed_members=renamed_members(*plans, lambda a, b: not members or members[0][a] == members[1][b]),
        renamed_layers=renamed_layers(*plans),
        moved=moved,
        moves=_moves(*plans),
        fan_ins=_edits(*({c.name: c.fan_in for c in plan.clusters} for plan in plans), added=False),
        tiles=_edits(*({c.name: _tiles(c) for c in plan.clusters} for plan in plans), added=False),
        superweights=_superweights(*plans),
        parameters=_edits(*({part: getattr(plan.parameters, part) for part in _COUNTED} for plan in plans)),
        budget=budget,
        budget_text=tuple(Edit("budget", *(c.family.budget.text for c in contents)) for _ in budget if contents),
        settings=_per_side(contents, lambda c: settings(c.family, without=alike)),
        written=written_edits(contents[0].family, contents[1].family, without=alike) if contents else (),
        state=state,
        reasons=_reasons(before, after, state),
        layer_names=tuple(dict.fromkeys(x.name for plan in plans for m in plan.members for x in m.layers)),
        unknown=() if contents else ("input and classes", "arguments", "norms", "forward pass", "settings"),
    )


def _edits(before: Mapping[str, Value], after: Mapping[str, Value], *, added: bool = True) -> tuple[Edit, ...]:
    """What differs, in the order of the side before; with ``added`` also what only one of the sides has."""
    names = dict.fromkeys((*before, *after))
    found = (Edit(name, before.get(name), after.get(name)) for name in names)
    return tuple(e for e in found if e.before != e.after and (added or (e.name in before and e.name in after)))


def _per_side(
    contents: tuple[Contents, Contents] | None, values: Callable[[Contents], Mapping[str, Value]], *, added: bool = True
) -> tuple[Edit, ...]:
    return _edits(values(contents[0]), values(contents[1]), added=added) if contents else ()


# The family and its members


def _family(before: Plan, after: Plan, contents: tuple[Contents, Contents] | None) -> tuple[Edit, ...]:
    """What code that uses the family depends on, besides the names of the members."""
    sides: list[dict[str, Value]] = []
    shared = {member.name for member in before.members} & {member.name for member in after.members}
    for plan, own in zip((before, after), contents or (None, None), strict=True):
        values: dict[str, Value] = {"name": plan.family}
        if own:
            values |= {"class": own.class_name, "input": own.family.input, "classes": own.family.classes}
        values["order of members"] = ", ".join(member.name for member in plan.members if member.name in shared)
        sides.append(values)
    return _edits(*sides)


def _members(before: Plan, after: Plan, contents: tuple[Contents, Contents] | None) -> tuple[Edit, ...]:
    if contents:
        return _edits(*map(_described_members, contents))
    return _edits(*({m.name: f"{len(m.layers)} layers" for m in plan.members} for plan in (before, after)))


def _described_members(contents: Contents) -> dict[str, str]:
    """What a spec's members are, by their names."""
    return {member.name: described(member) for member in contents.family.members}


def described(member: Member) -> str:
    """A member as the spec writes it: ``wrn(depth=28, widen=8)``."""
    arguments = ", ".join(f"{name}={_shown(value)}" for name, value in member.arguments)
    return f"{member.arch}({arguments})"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _trait(layer: Layer) -> str:
    words = [layer.kind.value]
    if layer.groups > 1:
        words.append(f"{layer.groups} groups")
    if layer.bias:
        words.append("bias")
    if layer.head:
        words.append("head")
    return ", ".join(words)


def _forward(before: Contents, after: Contents) -> tuple[Forward, ...]:
    """Members whose layers and norms are the same and whose result is not, the image's size aside."""
    old = {member.name: member for member in before.family.members}
    return tuple(
        Forward(new.name, _first(old[new.name], new))
        for new in after.family.members
        if new.name in old and old[new.name].computes != new.computes and _parts(old[new.name]) == _parts(new)
    )


def _parts(member: Member) -> dict[str, tuple[Shape, str]]:
    """Layers and norms, as far as other parts of a difference speak of them."""
    layers: dict[str, tuple[Shape, str]] = {x.name: (x.shape, _trait(x)) for x in member.layers}
    return layers | {x.name: ((x.channels,), "norm") for x in member.norms}


def _first(old: Member, new: Member) -> str:
    """The first layer or norm that works on something else, or in another way; empty if only what follows differs."""
    return next((name for name, digest in new.digests.items() if old.digests.get(name) != digest), "")


def _orders(before: Plan, after: Plan) -> Iterator[Order]:
    """Members of both sides whose layers are met in another order, those of one side alone aside."""
    layers = [{member.name: [x.name for x in member.layers] for member in plan.members} for plan in (before, after)]
    for member in (name for name in layers[0] if name in layers[1]):
        old, new = (
            [name for name in own[member] if name in other]
            for own, other in zip(layers, (set(layers[1][member]), set(layers[0][member])), strict=True)
        )
        other = [k for k, (first, second) in enumerate(zip(old, new, strict=True)) if first != second]
        if other:
            yield Order(member, tuple(old[other[0] : other[-1] + 1]), tuple(new[other[0] : other[-1] + 1]))


# Sharing


def _moves(before: Plan, after: Plan) -> tuple[Move, ...]:
    """Layers of both plans that are in another cluster, or in one at last, or in none any more."""
    homes = [{x.name: x.cluster for member in plan.members for x in member.layers} for plan in (before, after)]
    found = moves(*({c.name: c.layers for c in plan.clusters} for plan in (before, after)))
    return tuple(move for move in found if move.layer in homes[0] and move.layer in homes[1])


def _tiles(cluster: Cluster) -> str:
    fold = cluster.fold
    return f"{count(fold.templates, 'template')} of {fold.rows}×{fold.columns}" if fold else "whole"


def _superweights(before: Plan, after: Plan) -> tuple[BankEdit, ...]:
    banks: list[dict[str, Bank]] = []
    for plan in (before, after):
        kernels = {cluster.name: cluster.kernel for cluster in plan.clusters}
        banks.append({s.id: _bank(s, kernels[s.cluster]) for s in plan.superweights})
    clusters = {s.id: s.cluster for plan in (before, after) for s in plan.superweights}
    found = (BankEdit(name, clusters[name], banks[0].get(name), banks[1].get(name)) for name in clusters)
    return tuple(edit for edit in found if edit.before != edit.after)


def _bank(s: SuperWeight, kernel: tuple[int, int]) -> Bank:
    shape = (s.rectangle.rows, s.rectangle.columns, *kernel)
    return Bank(shape, s.templates, s.coefficient_vectors, len(s.users))


# Checkpoints


def _common(state: State, plan: Plan) -> State:
    """The entries that a plan knows too, weights as (out, in, kh, kw)."""
    shapes = {f"members.{x.name}.weight": x.shape for member in plan.members for x in member.layers}
    return {
        name: shapes.get(name, shape) for name, shape in state.items() if name.startswith("bank.") or name in shapes
    }


def _reasons(before: Side, after: Side, state: Iterable[Edit]) -> tuple[Reason, ...]:
    """Why a checkpoint of the side before does not load into the side after (``swc_runtime.training.state``)."""
    changed = tuple(state)
    one, other = before.plan, after.plan
    holds = {
        Reason.NAMES: any(edit.before is None or edit.after is None for edit in changed),
        Reason.SHAPES: any(edit.before is not None and edit.after is not None for edit in changed),
        Reason.FAMILY: one.family != other.family,
        Reason.STRUCTURE: one.structure != other.structure,
        Reason.SHARING: _sharing(before.plan) != _sharing(after.plan),
    }
    return tuple(reason for reason, found in holds.items() if found)


def _sharing(plan: Plan) -> object:
    """What a checkpoint notes about clusters and their SuperWeights.

    Where clusters are folded, generated files say whether tiles are refined, even if that costs nothing.
    """
    return plan.clusters, plan.superweights, plan.refined and any(cluster.fold for cluster in plan.clusters)
