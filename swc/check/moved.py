"""The `moved` lines of a family: whether they make sense by themselves, whatever the members have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from swc.diagnostics import Diagnostics, Related
from swc.syntax import tree as t

MOST = 100
"""Lines that a family may have: the family before each of them is built again."""


def check_moved(items: Sequence[t.Moved], diagnostics: Diagnostics) -> None:
    """Report lines that no names could follow: patterns (SW0520), and lines that contradict each other (SW0519)."""
    for item in items[MOST : MOST + 1]:
        way = "leave out the oldest ones, whose locks and checkpoints nobody has any more"
        _report(item.before, f"a family has more than {MOST} `moved` lines", "one too many", way, diagnostics)
    sound = [item for item in items if _check_form(item, diagnostics)]
    for cluster in (False, True):
        own = [item for item in sound if item.cluster is cluster]
        _check_twice(own, "before", "moves twice", diagnostics)
        _check_twice(own, "after", "is what two names move to", diagnostics)
        _check_circles(own, diagnostics)


def _check_form(item: t.Moved, diagnostics: Diagnostics) -> bool:
    before, after = item.before.text, item.after.text
    for path in (item.before, item.after):
        if set(path.text) & set("*?"):
            diagnostics.error(
                "SW0520",
                f"`moved` takes exact names, and `{path.text}` is a pattern",
                path.span,
                label="stands for several names",
                help="write a line for each, as `moved deep.group1 -> deep.stage1`; it takes along all that begins so",
            )
            return False
    if before == after:
        _report(item.after, f"`{before}` moves to itself", "the same name", "leave the line out", diagnostics)
        return False
    if item.cluster:
        return _check_cluster(item, diagnostics)
    first, second = before.partition("."), after.partition(".")
    if bool(first[1]) != bool(second[1]):
        kinds = ["a member" if not path[1] else f"a part of member `{path[0]}`" for path in (first, second)]
        way = "move a member to a member, or a part of one to another part of it"
        _report(item.after, f"`{before}` is {kinds[0]}, and `{after}` {kinds[1]}", "of another kind", way, diagnostics)
        return False
    if first[1] and first[0] != second[0]:
        way = f"write `moved {first[0]} -> {second[0]}` if the member was renamed, and its parts' names after that"
        _report(item.after, f"`{before}` cannot move to another member", "another member", way, diagnostics)
        return False
    return True


def _check_cluster(item: t.Moved, diagnostics: Diagnostics) -> bool:
    for path in (item.before, item.after):
        if "." in path.text:
            way = "leave out `cluster` to move a member or a part of one"
            _report(path, f"no cluster made by hand is called `{path.text}`", "has a point in it", way, diagnostics)
            return False
    return True


def _check_twice(items: Iterable[t.Moved], side: str, what: str, diagnostics: Diagnostics) -> None:
    seen: dict[str, t.Path] = {}
    for item in items:
        path: t.Path = getattr(item, side)
        first = seen.setdefault(path.text, path)
        if first is not path:
            diagnostics.error(
                "SW0519",
                f"`{path.text}` {what}",
                path.span,
                label="again here",
                related=(Related(first.span, "first here"),),
                help="keep one of the two lines; a name that changed twice has two: `moved a -> b`, `moved b -> c`",
            )


def _check_circles(items: Sequence[t.Moved], diagnostics: Diagnostics) -> None:
    """Lines by which a name comes back to what it was, so that none of them say anything."""
    following = {item.before.text: item for item in items}
    told: set[str] = set()
    for item in items:
        path = [item]
        while (after := following.get(path[-1].after.text)) is not None and after is not item and after not in path:
            path.append(after)
        if after is item and not told & {x.before.text for x in path}:
            told |= {x.before.text for x in path}
            way = "leave out all of them: the name is what it was"
            chain = " -> ".join([*(x.before.text for x in path), item.before.text])
            _report(path[-1].after, f"the moves {chain} go round in a circle", "back here", way, diagnostics)


def _report(path: t.Path, summary: str, label: str, way: str, diagnostics: Diagnostics) -> None:
    diagnostics.error("SW0519", summary, path.span, label=label, help=way)
