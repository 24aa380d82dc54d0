"""Specs as they were at a git revision: the spec and all that it may depend on beside it, in a folder of its own.

Files are read from the objects of the repository (``git cat-file``), so that the working tree is neither looked at nor
changed, and no filter or hook runs.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from attrs import frozen

from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.names import near_names
from swc.lock import lock_path


@frozen
class Repository:
    """The git repository that a file lies in, and the file's place in it."""

    top: Path
    file: PurePosixPath

    @classmethod
    def of(cls, path: Path) -> Repository:
        """Find the repository of a file; neither the file nor its folder need be there any more.

        Raises:
            SpecError: SW0901 when git is missing or says that there is no repository.
        """
        # The file's own name is kept even if it is a link: the repository knows the link by it.
        where = path.absolute().parent.resolve() / path.name
        folder = next(parent for parent in where.parents if parent.is_dir())
        top = Path(os.fsdecode(_git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n"))).resolve()
        try:
            return cls(top, PurePosixPath(where.relative_to(top).as_posix()))
        except ValueError as error:
            raise _failed(f"{path} lies outside the repository {top.name}") from error

    def commit(self, revision: str) -> str:
        """The full name of a revision's commit.

        Raises:
            SpecError: SW0902 when there is no such revision.
        """
        name = f"{revision}^{{commit}}"
        found = None if revision.startswith("-") else _try_git(self.top, "rev-parse", "--verify", "--quiet", name)
        if not found:
            help_ = "check the name with `git log`; in a shallow clone, `git fetch` what is missing"
            if ".." in revision:
                first, _, second = revision.partition("..")
                help_ = f"give two revisions: swc diff {first or 'HEAD'} {second.lstrip('.') or 'HEAD'} -- {self.file}"
            raise SpecError((Diagnostic("SW0902", f"git knows no revision `{revision}`", help=help_),))
        return found.decode().strip()

    @contextmanager
    def checkout(self, revision: str) -> Iterator[Path]:
        """Copy the file and what it may depend on to a temporary folder; yields the path of the copy.

        That is: the specs of its folder, those of ``arch/`` in it, and the lock file beside it.

        Raises:
            SpecError: SW0902 when there is no such revision, SW0903 when it does not hold the file.
        """
        commit = self.commit(revision)
        listed = _git(self.top, "ls-tree", "-r", "-z", "--name-only", commit, "--", f"./{self.file.parent}")
        names = [PurePosixPath(os.fsdecode(name)) for name in listed.split(b"\0") if name]
        if self.file not in names:
            raise self._absent(revision, names)
        needed = [name for name in names if self._needs(name)]
        with tempfile.TemporaryDirectory(prefix="swc-diff-") as folder:
            for name, content in self._contents(commit, needed):
                copy = Path(folder, *name.parts)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
            yield Path(folder, *self.file.parts)

    def _needs(self, name: PurePosixPath) -> bool:
        if name in (self.file, PurePosixPath(lock_path(Path(self.file)).as_posix())):
            return True
        folders = name.relative_to(self.file.parent).parts[:-1]
        return name.suffix == ".sw" and all(folder == "arch" for folder in folders) and "\n" not in str(name)

    def _contents(self, commit: str, names: Sequence[PurePosixPath]) -> Iterator[tuple[PurePosixPath, bytes]]:
        """The files' contents; links within the revision are followed, others lead nowhere and are left out."""
        asked = b"".join(os.fsencode(f"{commit}:{name}\n") for name in names)
        answer = _git(self.top, "cat-file", "--batch", "--follow-symlinks", given=asked)
        for name in names:
            head, _, answer = answer.partition(b"\n")
            words = head.split(b" ")
            size = int(words[-1]) if words[-1].isdigit() else None
            if size is None:  # missing, as a part of a repository that was not fetched
                continue
            if len(words) == 3 and words[1] == b"blob":
                yield name, answer[:size]
            answer = answer[size + 1 :]

    def _absent(self, revision: str, names: Sequence[PurePosixPath]) -> SpecError:
        within = [name for name in names if self.file in name.parents]
        if within:
            spec = next((name for name in within if name.suffix == ".sw"), None)
            way = f", such as {spec}" if spec else "; at that revision there was none in it"
            folder = Diagnostic("SW0903", f"{self.file} is a folder", help=f"name one spec in it{way}")
            return SpecError((folder,))
        beside = [str(name) for name in names if name.suffix == self.file.suffix]
        near = near_names(str(self.file), beside) or beside[:3]
        listed = ", ".join(near)
        return SpecError(
            (
                Diagnostic(
                    "SW0903",
                    f"revision `{revision}` has no file {self.file}",
                    help=f"in its folder there were then: {listed}" if listed else "compare later revisions",
                ),
            )
        )


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git answers; SW0901 with its own words when it fails."""
    done = _run(folder, arguments, given)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        said = words[0].removeprefix("fatal: ") if words else f"exit code {done.returncode}"
        raise _failed(f"git cannot look into {folder.name or folder}: {said}")
    return done.stdout


def _try_git(folder: Path, *arguments: str) -> bytes | None:
    done = _run(folder, arguments, b"")
    return None if done.returncode else done.stdout


def _run(folder: Path, arguments: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    # Messages in English, and no lock on the index of a repository that is only read.
    environment = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", os.fspath(folder), *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, env=environment, check=False)  # noqa: S603 - no shell; revisions cannot be options
    except FileNotFoundError as error:
        raise SpecError(
            (
                Diagnostic(
                    "SW0901",
                    "comparing revisions needs git, and there is no such program",
                    help="install git, or compare two files: swc diff OLD.sw NEW.sw",
                ),
            )
        ) from error


def _failed(summary: str) -> SpecError:
    return SpecError(
        (
            Diagnostic(
                "SW0901", summary, help="run it in a git repository, or compare two files: swc diff OLD.sw NEW.sw"
            ),
        )
    )
