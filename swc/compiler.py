"""The stages in a row: a spec's path in, the generated text out. Imports no torch."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

from attrs import evolve, frozen

from swc.check import Program, load_program
from swc.diagnostics import Diagnostic
from swc.elaborate import elaborate
from swc.emit import emit
from swc.family import Budget, ClusterMethod, Family
from swc.lock import (
    Lock,
    lock_path,
    other_settings,
    read_lock,
    structure_hash,
    unused_lock,
    verify_lock,
    with_names_of_now,
)
from swc.plan import notes, plan_family, shareable_layers
from swc.plan.model import Plan
from swc.seal import place_of, sealed


@frozen(slots=False)
class Compiled:
    """Everything that compiling a spec yields. ``lock`` is None when layers share by kernel size, without a search.

    ``path`` is the spec, None if it was given as a text. ``warnings`` are those that came up before planning; ``notes``
    add what there is to say about the plan.
    """

    program: Program
    family: Family
    plan: Plan
    lock: Lock | None
    warnings: tuple[Diagnostic, ...] = ()
    path: Path | None = None

    @cached_property
    def notes(self) -> tuple[Diagnostic, ...]:
        """What is worth knowing although nothing is wrong; worked out when it is asked for, as it takes trial plans."""
        return self.warnings + notes(self.family, self.plan)

    @property
    def file_name(self) -> str:
        """Name of the generated file."""
        return f"{self.family.name}.py"

    def text(self, folder: Path | None = None) -> str:
        """The generated file's content, for the folder that it is to lie in, from which it tells its spec's place."""
        place = None if folder is None or self.path is None else place_of(self.path, folder)
        return sealed(self._emitted, place)

    @cached_property
    def _emitted(self) -> str:
        return emit(self.program, self.family, self.plan, content_hash=self.content_hash())

    def content_hash(self) -> str:
        """Sixteen hexadecimal digits over the spec, the architectures it uses and the clusters of its lock."""
        digest = hashlib.sha256()
        for source in self.program.sources:
            digest.update(source.text.replace("\r\n", "\n").encode() + b"\0")
        for cluster in self.plan.clusters:
            digest.update(f"{cluster.name}: {' '.join(cluster.layers)}\0".encode())
        return digest.hexdigest()[:16]


@frozen
class LockChoice:
    """Which lock file to compile with: ``path`` or, when None, the one beside the spec if there is any."""

    path: Path | None = None
    ignored: bool = False


@frozen
class Loaded:
    """A spec that is read, checked and elaborated, with the lock file to use: ready to be planned at any budget.

    ``warnings`` say where the lock is not of the search that the spec asks for.
    """

    program: Program
    family: Family
    lock: Lock | None
    warnings: tuple[Diagnostic, ...] = ()
    path: Path | None = None

    def at(self, budget: Budget) -> Loaded:
        """The same with another budget."""
        return evolve(self, family=evolve(self.family, budget=budget))

    def compiled(self) -> Compiled:
        """Plan it.

        Raises:
            SpecError: with every diagnostic of the planner.
        """
        family, lock = self.family, self.lock
        structure = structure_hash(family)
        if lock is None:
            plan = plan_family(family, structure=structure)
        else:
            plan = plan_family(family, lock.cluster_layers(), structure=structure, place=lock.place)
        return Compiled(self.program, family, plan, lock, self.program.warnings + self.warnings, self.path)


def load_spec(path: Path, lock: LockChoice | None = None, *, display: str | None = None) -> Loaded:
    """Read a spec and its lock file, and go as far as one can without planning.

    Args:
        path: the spec.
        lock: which lock file to use; by default the one beside the spec, if it is there.
        display: what messages call the spec; the path as given by default.

    Raises:
        SpecError: with every diagnostic of the stage that failed.
    """
    program = load_program(path, display=display)
    family = elaborate(program)
    return Loaded(program, family, *_lock(path, family, lock or LockChoice()), path)


def compile_spec(path: Path, lock: LockChoice | None = None, *, display: str | None = None) -> Compiled:
    """Compile a spec, with the clusters of its lock file where it has one.

    Args:
        path: the spec.
        lock: which lock file to use; by default the one beside the spec, if it is there.
        display: what messages call the spec; the path as given by default.

    Raises:
        SpecError: with every diagnostic of the stage that failed.
    """
    return load_spec(path, lock, display=display).compiled()


def _lock(path: Path, family: Family, choice: LockChoice) -> tuple[Lock | None, tuple[Diagnostic, ...]]:
    """The lock file to use, if any, and what there is to say about it."""
    chosen = choice.path or lock_path(path)
    if choice.ignored or (choice.path is None and not (chosen.exists() or chosen.is_symlink())):
        return None, ()
    if family.sharing.clustering.method is not ClusterMethod.GRADIENT:
        return None, (unused_lock(family, chosen),)
    lock = with_names_of_now(read_lock(chosen, chosen.name), family)
    verify_lock(lock, family, (layer.name for layer in shareable_layers(family)), chosen.name)
    return lock, other_settings(lock, family, path, chosen)
