"""The side before by the names of the side after, where the spec says what was renamed (`moved`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrs import evolve

from swc.diff.side import Side
from swc.elaborate import by_other_names
from swc.family import Moved
from swc.family.moved import cluster_now, now, planned_now
from swc.lock import structure_hash
from swc.lock.former import former_of
from swc.plan.model import Plan, SuperWeight


def new_moves(before: Side, after: Side) -> tuple[Moved, ...]:
    """The moves that the side after says and the side before does not, if what they speak of is there before."""
    if after.contents is None:
        return ()
    known = set(before.contents.family.moved) if before.contents else set()
    names = {x.name for member in before.plan.members for x in member.layers}
    if before.contents:
        names |= {x.name for member in before.contents.family.members for x in member.norms}
    clusters = {cluster.name.partition("-")[2] for cluster in before.plan.clusters}
    found = []
    for move in after.contents.family.moved:
        if move in known:
            continue
        there = move.before in clusters if move.cluster else any(move.done(name) != name for name in names)
        if there:
            found.append(move)
            names = {name if move.cluster else move.done(name) for name in names}
            clusters = {move.after if move.cluster and name == move.before else name for name in clusters}
    return tuple(found)


def by_names_of_now(before: Side, after: Side, moves: tuple[Moved, ...]) -> Side:
    """The side before as it would be if everything had had the names of the side after."""
    if not moves or after.contents is None:
        return before
    plan = _plan(before.plan, partial(now, moves), partial(planned_now, moves))
    contents = before.contents
    if contents is not None:
        named = partial(now, moves), partial(cluster_now, moves)
        family = by_other_names(contents.program, contents.family, *named)
        return Side(before.name, evolve(plan, structure=structure_hash(family)), evolve(contents, family=family))
    if former_of(plan.structure, after.contents.family) is not None:
        plan = evolve(plan, structure=after.plan.structure)
    return Side(before.name, plan, None)


def _plan(plan: Plan, called: Callable[[str], str], made: Callable[[str], str]) -> Plan:
    """A plan by other names of layers and of clusters."""

    def place(name: str) -> str:
        cluster, at, rest = name.partition("@")
        return f"{made(cluster)}{at}{rest}"

    def superweight(item: SuperWeight) -> SuperWeight:
        users = tuple(map(called, item.users))
        return evolve(item, id=place(item.id), cluster=made(item.cluster), users=users)

    return evolve(
        plan,
        members=tuple(
            evolve(
                member,
                name=called(member.name),
                layers=tuple(
                    evolve(
                        x,
                        name=called(x.name),
                        cluster=None if x.cluster is None else made(x.cluster),
                        superweights=tuple(map(place, x.superweights)),
                    )
                    for x in member.layers
                ),
            )
            for member in plan.members
        ),
        clusters=tuple(evolve(c, name=made(c.name), layers=tuple(map(called, c.layers))) for c in plan.clusters),
        superweights=tuple(map(superweight, plan.superweights)),
    )
