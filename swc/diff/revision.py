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

from attrs import evolve, frozen

from swc.blanks import lines
from swc.diagnostics import Diagnostic, SpecError
from swc.diff.advice import no_file, no_revision
from swc.lock import lock_path

_OWN = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
_WITHOUT = "install git, or compare two files: swc diff OLD.sw NEW.sw"


@frozen
class Repository:
    """The git repository that a file lies in, the file's place in it, and the file as it was asked for."""

    top: Path
    file: PurePosixPath
    given: Path

    @classmethod
    def of(cls, path: Path) -> Repository:
        """Find the repository of a file; neither the file nor its folder need be there any more.

        Raises:
            SpecError: SW0901 when git is missing or says that there is no repository.
        """
        # The file's own name is kept even if it is a link: the repository knows the link by it.
        where = path.resolve() if path.is_dir() else path.absolute().parent.resolve() / path.name
        folder = next(place for place in (where, *where.parents) if place.is_dir())
        top = Path(os.fsdecode(_found(folder, path).rstrip(b"\n"))).resolve()
        try:
            return cls(top, PurePosixPath(where.relative_to(top).as_posix()), path)
        except ValueError as error:
            raise _failed(f"{path} lies outside the repository {top.name}") from error

    def commit(self, revision: str) -> str:
        """The full name of a revision's commit.

        Raises:
            SpecError: SW0902 when there is no such revision.
        """
        found = None if revision.startswith("-") else _try_git(self.top, "rev-parse", "--verify", "--quiet", revision)
        if found:  # a search such as `:/words` would take what is appended for a part of it
            name = f"{found.decode().strip()}^{{commit}}"
            found = _try_git(self.top, "rev-parse", "--verify", "--quiet", name)
        if not found:
            known = _git(self.top, "for-each-ref", "--format=%(refname:short)").decode(errors="replace")
            raise no_revision(revision, self.given, lines(known))
        return found.decode().strip()

    @contextmanager
    def checkout(self, revision: str) -> Iterator[tuple[Path, Path]]:
        """Copy the file and what it may depend on to a temporary folder.

        That is: the specs of its folder, those of ``arch/`` in it, and the lock file beside it. Yields the path of the
        copy, and the file's path at that time: another one, if it was renamed since and git recognises it.

        Raises:
            SpecError: SW0902 when there is no such revision, SW0903 when it does not hold the file.
        """
        commit = self.commit(revision)
        names = self._listed(commit, f"./{self.file.parent}")
        if self.file not in names:
            with self._renamed(commit, revision).checkout(revision) as found:
                yield found
            return
        library = self.file.parent / "arch"
        if library in names:  # neither a folder nor what a folder holds
            raise _failed(
                f"{library} is a link or a submodule at revision `{revision}`, and only folders are followed there",
                help_="check the revision out into a folder of its own (git worktree add) and compare the two files",
            )
        needed = [name for name in names if self._needs(name)]
        with tempfile.TemporaryDirectory(prefix="swc-diff-") as folder:
            for name, content in self._contents(commit, needed):
                copy = Path(folder, *name.parts)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
            yield Path(folder, *self.file.parts), self.given

    def _renamed(self, commit: str, revision: str) -> Repository:
        """The same with the name that the file had."""
        # Against the index, so that a rename need not be committed yet; a status, the old name, the new one, and so on.
        arguments = ("diff-index", "--cached", "-M", "--diff-filter=R", "--name-status", "-z", commit)
        parts = (_try_git(self.top, *arguments) or b"").split(b"\0")
        former = {os.fsdecode(new): os.fsdecode(old) for old, new in zip(parts[1::3], parts[2::3], strict=True)}
        name = former.get(str(self.file))
        if name is None:
            raise no_file(revision, self.given, self.file, self.top, self._listed(commit, "."))
        return evolve(self, file=PurePosixPath(name), given=Path(os.path.relpath(self.top / name)))

    def _listed(self, commit: str, folder: str) -> list[PurePosixPath]:
        listed = _git(self.top, "ls-tree", "-r", "-z", "--name-only", commit, "--", folder)
        return [PurePosixPath(os.fsdecode(name)) for name in listed.split(b"\0") if name]

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


def _found(folder: Path, path: Path) -> bytes:
    """Where the repository of a folder is, in which ``path`` is looked for."""
    done = _run(folder, ("rev-parse", "--show-toplevel"), b"")
    words = done.stderr.decode(errors="replace")
    if done.returncode and "not a git repository" in words:
        raise _failed(f"{path} is not in a git repository")
    if done.returncode and "dubious ownership" in words:
        raise _failed(
            f"{path} is in a repository of another user, which git does not trust",
            help_="if you do: git config --global --add safe.directory FOLDER, with the repository's folder",
        )
    return _output(folder, done)


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git answers; SW0901 with its own words when it fails."""
    return _output(folder, _run(folder, arguments, given))


def _output(folder: Path, done: subprocess.CompletedProcess[bytes]) -> bytes:
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().split("\n")
        said = words[0].removeprefix("fatal: ") if words[0] else f"exit code {done.returncode}"
        raise _failed(f"git cannot look into {folder.name or folder}: {said}")
    return done.stdout


def _try_git(folder: Path, *arguments: str) -> bytes | None:
    done = _run(folder, arguments, b"")
    return None if done.returncode else done.stdout


def _run(folder: Path, arguments: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    # Messages in English, and no lock on the index of a repository that is only read.
    # The repository is that of the file: in a hook, git names its own.
    inherited = {key: value for key, value in os.environ.items() if key not in _OWN}
    environment = inherited | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", os.fspath(folder), *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, env=environment, check=False)  # noqa: S603 - no shell; revisions cannot be options
    except FileNotFoundError as error:
        raise _failed("comparing revisions needs git, and there is no such program", help_=_WITHOUT) from error
    except OSError as error:
        raise _failed(f"git cannot be run: {(error.strerror or str(error)).lower()}", help_=_WITHOUT) from error


def _failed(summary: str, *, help_: str = "") -> SpecError:
    usual = "run it in a git repository, or compare two files: swc diff OLD.sw NEW.sw"
    return SpecError((Diagnostic("SW0901", summary, help=help_ or usual),))
