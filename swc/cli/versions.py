"""What the arguments of ``swc diff`` ask for: two files, or one at git revisions; what to write instead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
from attrs import frozen

_PLAIN = re.compile(r"[\w@%+=:,./^{}-][\w@%+=:,./^~-]*")  # what a shell passes on as it is, `HEAD~1` among it
_WITH_VALUE = "--format"


@frozen
class Version:
    """A file, as it is now or as it was at a revision."""

    path: str
    revision: str | None = None

    @property
    def name(self) -> str:
        """What messages and reports call it."""
        return self.path if self.revision is None else f"{self.revision}:{self.path}"


def versions(sides: Sequence[str], paths: Sequence[str] | None) -> tuple[Version, Version]:
    """The two sides of a comparison.

    Args:
        sides: the arguments before ``--``, without the options.
        paths: those after it; None where there is no ``--``.

    Raises:
        click.UsageError: they ask for something else; says what to write.
    """
    if paths is None:
        return _files(sides)
    _check_options(sides, paths)
    if len(paths) != 1:
        given = f"there are {len(paths)}; compare them one by one" if paths else "there is none"
        spec = paths[0] if paths else "SPEC"
        raise click.UsageError(f"after `--` stands one spec or plan, and {given}: {_line(sides or ['HEAD'], spec)}")
    if len(sides) not in (1, 2):
        given = f"there are {len(sides)}" if sides else "there is none"
        line = _line(sides[:2] or ["HEAD"], paths[0])
        raise click.UsageError(f"before `--` stand one or two revisions, and {given}: {line}")
    files = [side for side in sides if is_file(side)]
    if files:
        other = paths[0] if len(files) == 1 else files[1]
        line = f"swc diff {_quoted(files[0], other)}"
        raise click.UsageError(f"{files[0]} is a file and no revision; two files are compared without `--`: {line}")
    return Version(paths[0], sides[0]), Version(paths[0], sides[1] if len(sides) == 2 else None)


def is_file(side: str) -> bool:
    """Whether an argument is the name of a spec or plan that is there."""
    return _has_a_name(side) and Path(side).is_file()


def _has_a_name(side: str) -> bool:
    """Whether an argument looks like the name of a spec or plan."""
    return Path(side).suffix in {".sw", ".json"}


def _files(sides: Sequence[str]) -> tuple[Version, Version]:
    joined = next((match for side in sides if (match := _joined(side))), None)
    if joined is not None:
        revision, file = joined
        raise click.UsageError(f"a revision stands before the spec, with `--` between: {_line([revision], file)}")
    names = [side for side in sides if _has_a_name(side)]
    others = [side for side in sides if not _has_a_name(side) and not Path(side).exists()]
    if len(names) == 1 and len(others) in (1, 2) and len(sides) == 1 + len(others):
        told = f"there is no file {others[0]}" if len(others) == 1 else "these are not two files"
        revision = "it is a git revision" if len(others) == 1 else "two are git revisions"
        raise click.UsageError(f"{told}; if {revision}: {_line(others, names[0])}")
    if len(sides) == 2 and len(others) == 2:
        raise click.UsageError(
            f"there are no files {others[0]} and {others[1]}; if they are git revisions, name the spec too: "
            f"{_line(others, 'SPEC')}"
        )
    if len(sides) == 1 and names:
        line = _line(["HEAD"], names[0])
        raise click.UsageError(f"give another spec or plan too, or a git revision to compare {names[0]} with: {line}")
    if len(sides) != 2:
        raise click.UsageError("give two specs or plans, or a git revision and a spec: swc diff HEAD~1 -- SPEC")
    return Version(sides[0]), Version(sides[1])


def _joined(side: str) -> tuple[str, str] | None:
    """``HEAD:specs/a.sw``, as git writes a file at a revision; None for everything else."""
    revision, colon, file = side.partition(":")
    if colon and len(revision) > 1 and _has_a_name(file) and not Path(side).exists():
        return revision, file
    return None


def _check_options(sides: Sequence[str], paths: Sequence[str]) -> None:
    """Options stand before ``--``; what comes after it is a name, whatever it begins with."""
    options: list[str] = []
    names: list[str] = []
    for path in paths:
        takes = bool(options) and options[-1] == _WITH_VALUE
        (options if takes or path.startswith("-") else names).append(path)
    if options:
        line = _line(sides or ["HEAD"], *(names[:1] or ["SPEC"]), options=options)
        raise click.UsageError(f"options stand before `--`: {line}")


def _line(revisions: Sequence[str], file: str, *, options: Sequence[str] = ()) -> str:
    return f"swc diff {_quoted(*options, *revisions)} -- {_quoted(file)}"


def _quoted(*words: str) -> str:
    return " ".join(word if _PLAIN.fullmatch(word) else shlex.quote(word) for word in words)
