"""What to write instead of a revision or a file that git does not know."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.names import near_names


def no_revision(revision: str, given: Path, known: Sequence[str]) -> SpecError:
    """SW0902. ``given`` is the file as the command names it, ``known`` the repository's branches and tags."""
    first, dots, second = revision.partition("..")
    name, colon, _ = revision.partition(":")
    near = near_names(revision, known)
    if dots:
        advice = f"give two revisions: swc diff {first or 'HEAD'} {second.lstrip('.') or 'HEAD'} -- {given}"
    elif colon and name:
        advice = f"give the revision alone: swc diff {name} -- {given}"
    elif near:
        advice = f"the nearest name is {near[0]}"
    elif not known:
        advice = "the repository has no branch with a commit yet"
    else:
        advice = "check the name with `git log`; in a shallow clone, `git fetch` what is missing"
    return SpecError((Diagnostic("SW0902", f"git knows no revision `{revision}`", help=advice),))


def no_file(revision: str, given: Path, file: PurePosixPath, top: Path, names: Sequence[PurePosixPath]) -> SpecError:
    """SW0903.

    Args:
        revision: where the file was looked for.
        given: the file as the command names it.
        file: its place in the repository.
        top: where the repository is.
        names: all files of the revision, by their places in the repository.
    """

    def shown(name: PurePosixPath) -> str:
        place = top / name
        try:
            return str(place) if given.is_absolute() else os.path.relpath(place, Path.cwd().resolve())
        except ValueError:  # it is on another drive than the current folder
            return str(place)

    within = [name for name in names if file in name.parents]
    if within or given.is_dir():
        specs = sorted((x for x in within if x.suffix == ".sw"), key=lambda x: ("arch" in x.parts, len(x.parts), x))
        way = f", such as {shown(specs[0])}" if specs else f"; at `{revision}` there was none in it"
        return SpecError((Diagnostic("SW0903", f"{given} is a folder", help=f"name one spec in it{way}"),))
    if not given.is_absolute() and PurePosixPath(given.as_posix()) in names:
        place = shown(PurePosixPath(given.as_posix()))
        advice = f"paths count from the current folder: swc diff {revision} -- {place}"
    elif moved := [name for name in names if name.name == file.name]:
        advice = f"a file of that name was elsewhere then: {', '.join(map(shown, moved[:3]))}"
    else:
        like = [x for x in names if x.suffix == file.suffix and not x.name.endswith(".similarities.json")]
        specs = sorted(like or (x for x in names if x.suffix == ".sw"), key=lambda x: (len(x.parts), x))
        beside = {shown(x): str(x) for x in specs if x.parent == file.parent}
        others = beside or {shown(x): str(x) for x in specs}
        near = near_names(str(file), others.values())
        listed = [place for place, name in others.items() if name in near] or list(others)[:3]
        advice = (
            f"{'in its folder ' if beside else ''}there were then: {', '.join(listed)}" if listed else "there were none"
        )
        if given.is_file():
            advice = f"it is there now only: compare it with a later revision, or with another file; {advice}"
    return SpecError((Diagnostic("SW0903", f"revision `{revision}` has no file {given}", help=advice),))
