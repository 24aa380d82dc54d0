"""Members and layers that are there under another name: the same shapes, and other words for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from swc.plan.model import MemberPlan, Plan


@frozen
class Rename:
    """A name, and what the same thing is called after."""

    before: str
    after: str


def renamed_members(before: Plan, after: Plan, same: Callable[[str, str], bool]) -> tuple[Rename, ...]:
    """Members of one side alone that have the layers of one that the other side alone has.

    Args:
        before: the plan of the one side.
        after: the plan of the other.
        same: whether what the two sides say about two members besides (a name of each) is the same.
    """
    names = [{member.name for member in plan.members} for plan in (before, after)]
    come = [member for member in after.members if member.name not in names[0]]
    found = []
    for old in (member for member in before.members if member.name not in names[1]):
        new = next((x for x in come if _contents(x) == _contents(old) and same(old.name, x.name)), None)
        if new is not None:
            come.remove(new)
            found.append(Rename(old.name, new.name))
    return tuple(found)


def renamed_layers(before: Plan, after: Plan) -> tuple[Rename, ...]:
    """Layers that have other names, in members whose layers have the shapes that they had, one after the other."""
    members = {member.name: member for member in after.members}
    pairs = ((old, members[old.name]) for old in before.members if old.name in members)
    return tuple(rename for old, new in pairs for rename in _layers(old, new))


def _layers(old: MemberPlan, new: MemberPlan) -> Iterator[Rename]:
    if [x.shape for x in old.layers] != [x.shape for x in new.layers]:
        return
    found = [Rename(a.name, b.name) for a, b in zip(old.layers, new.layers, strict=True) if a.name != b.name]
    # A name that is on both sides has changed places: that is an order, and no other name.
    if not {x.before for x in found} & {x.after for x in found}:
        yield from found


def _contents(member: MemberPlan) -> Sequence[tuple[str, tuple[int, ...]]]:
    return [(layer.name.removeprefix(f"{member.name}."), layer.shape) for layer in member.layers]
