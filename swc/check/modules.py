"""Finding and reading the files that a spec refers to: `use ... from wrn`, and architectures called by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from attrs import define, field, frozen

from swc.check.program import Definition
from swc.check.sources import read_source
from swc.diagnostics import Diagnostics, Source, Span, SpecError
from swc.resources import architecture_folder
from swc.syntax import parse
from swc.syntax import tree as t

SUFFIX = ".sw"
FOLDER = "arch"


@frozen
class Place:
    """Where a file lies, what messages call it, and what generated docstrings cite (never an absolute path)."""

    path: Path | None
    shown: str
    cited: str


@frozen
class Loaded:
    """A parsed file. ``module`` is its name without suffix, the empty string for the spec itself."""

    module: str
    place: Place
    file: t.File = field(repr=False)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The blocks and architectures written in it."""
        return tuple(
            Definition(self.module, item, f"{self.place.cited}:{item.span.line}")
            for item in self.file.items
            if isinstance(item, t.Block | t.Arch)
        )


@define
class Loader:
    """Reads each file once. Syntax errors go to ``diagnostics``; ``files`` holds what could be parsed, by module."""

    diagnostics: Diagnostics
    files: dict[str, Loaded] = field(factory=dict)
    _broken: set[Path] = field(factory=set)

    def add_spec(self, source: Source, place: Place) -> Loaded | None:
        """Parse the spec itself, and read every file that it uses, and that those use."""
        spec = self._parse("", source, place)
        if spec is not None:
            self._follow(spec)
        return spec

    def find(self, name: str, user: Loaded, span: Span, arch: str | None = None) -> Loaded | None:
        """The file of a module: in `arch/` beside its user, beside its user, or in the library.

        With ``arch``, files that define no such architecture are passed over as long as another can be found. None
        when there is no such file, or it does not parse (which is reported).
        """
        fallback: Loaded | None = None
        for place in self._candidates(name, user.place):
            loaded = self._load(name, place, span)
            if loaded is None:
                return None
            if arch is None or any(d.is_arch and d.name == arch for d in loaded.definitions):
                return self._enter(loaded, span)
            fallback = fallback or loaded
        return fallback

    def is_broken(self, name: str, user: Loaded) -> bool:
        """Whether a module's file is there but does not parse."""
        return any(p.path is not None and p.path.resolve() in self._broken for p in self._candidates(name, user.place))

    def available(self, user: Loaded) -> list[str]:
        """Names of the modules that a file can use."""
        folders = [folder for folder, _, _ in _folders(user.place)]
        return sorted({path.stem for folder in folders for path in folder.glob(f"*{SUFFIX}")})

    def architectures(self, user: Loaded) -> dict[str, str]:
        """The architectures that other files define, and the modules that they are in; files with errors are left out.

        Where a module of the architecture's own name has it, that is the one.
        """
        found: dict[str, str] = {}
        for module in self.available(user):
            for place in self._candidates(module, user.place):
                try:
                    file = parse(read_source(place.path, place.shown)) if place.path else None
                except SpecError:
                    continue
                for item in file.items if file else ():
                    if isinstance(item, t.Arch) and found.get(item.name.text) != item.name.text:
                        found[item.name.text] = module
        return found

    def _candidates(self, name: str, user: Place) -> Iterator[Place]:
        for folder, shown, cited in _folders(user):
            path = folder / f"{name}{SUFFIX}"
            if path.is_file() and not (user.path is not None and path.resolve() == user.path.resolve()):
                yield Place(path, str(shown / path.name), str(cited / path.name))

    def _load(self, name: str, place: Place, span: Span) -> Loaded | None:
        if place.path is None:
            raise AssertionError("only files are loaded")
        path = place.path.resolve()
        for known in self.files.values():
            if known.place.path is not None and known.place.path.resolve() == path:
                return known
        if path in self._broken:
            return None
        try:
            loaded = self._parse(name, read_source(place.path, place.shown), place)
        except SpecError as error:
            for diagnostic in error.diagnostics:
                self.diagnostics.error(
                    diagnostic.code, diagnostic.summary, span, label="needed here", help=diagnostic.help
                )
            loaded = None
        if loaded is None:
            self._broken.add(path)
        return loaded

    def _parse(self, module: str, source: Source, place: Place) -> Loaded | None:
        try:
            file = parse(source)
        except SpecError as error:
            for diagnostic in error.diagnostics:
                self.diagnostics.add(diagnostic)
            return None
        loaded = Loaded(module, place, file)
        if module == "":
            self.files[module] = loaded
        return loaded

    def _enter(self, loaded: Loaded, span: Span) -> Loaded | None:
        known = self.files.get(loaded.module)
        if known is loaded:
            return loaded
        if known is not None:
            self.diagnostics.error(
                "SW0008",
                f"two files are called `{loaded.module}`: {known.place.shown} and {loaded.place.shown}",
                span,
                label=f"means {loaded.place.shown}",
                help="rename one of the files",
            )
            return None
        self.files[loaded.module] = loaded
        self._follow(loaded)
        return loaded

    def _follow(self, loaded: Loaded) -> None:
        for use in loaded.file.items:
            if isinstance(use, t.Use):
                self.find(use.module.text, loaded, use.module.span)


def _folders(user: Place) -> Iterator[tuple[Path, PurePosixPath, PurePosixPath]]:
    """The folders to look in: each with what messages and docstrings call it."""
    if user.path is not None:
        beside = user.path.parent
        shown, cited = PurePosixPath(user.shown).parent, PurePosixPath(user.cited).parent
        yield beside / FOLDER, shown / FOLDER, cited / FOLDER
        yield beside, shown, cited
    yield architecture_folder(), PurePosixPath(FOLDER), PurePosixPath(FOLDER)
