"""The checked program: what ``swc.check`` hands to the elaborator and the emitter."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from swc.diagnostics import Diagnostic, Source
from swc.family import Recipe, Sharing
from swc.syntax.tree import Arch, Block, Family, File


@frozen
class Definition:
    """A block or architecture and the module (file) it was written in.

    ``module`` is the file's name without suffix for library and neighbouring files (``wrn``), and the empty string for
    the spec itself. ``place`` is what generated docstrings cite, such as ``arch/wrn.sw:3``.
    """

    module: str
    node: Block | Arch = field(repr=lambda n: n.name.text)
    place: str

    @property
    def name(self) -> str:
        """The name in the language."""
        return self.node.name.text

    @property
    def is_arch(self) -> bool:
        """Whether this is an architecture rather than a block."""
        return isinstance(self.node, Arch)


@frozen
class Module:
    """A file and the definitions that its bodies can name: its own, those it uses, and library architectures."""

    name: str
    file: File = field(repr=False)
    names: Mapping[str, Definition] = field(repr=False)


@frozen
class Settings:
    """The sections of the family that are plain values: checked, with defaults filled in.

    ``input`` is (channels, height, width). ``sharing`` has no hints yet: their patterns are resolved against the layers
    by the elaborator.
    """

    input: tuple[int, int, int]
    classes: int
    sharing: Sharing
    recipe: Recipe


@frozen
class Program:
    """A spec with everything it refers to. ``modules`` holds the spec itself under the empty name.

    Members, the budget and the hints are read from ``family`` by the elaborator. ``warnings`` is what the checker
    found odd, though not wrong.
    """

    family: Family = field(repr=lambda n: n.name.text)
    settings: Settings
    modules: Mapping[str, Module]
    warnings: tuple[Diagnostic, ...] = field(default=(), eq=False, repr=False)

    def resolve(self, module: str, name: str) -> Definition | None:
        """The definition that ``name`` stands for in a module, or None (an operation, or unknown)."""
        return self.modules[module].names.get(name)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The texts that the spec depends on: the spec first, then the others by name."""
        return tuple(self.modules[name].file.source for name in sorted(self.modules))
