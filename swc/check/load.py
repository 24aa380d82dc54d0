"""A spec's path to a checked program."""

from __future__ import annotations

from pathlib import Path

from swc.check.cycles import check_cycles
from swc.check.definitions import check_definitions
from swc.check.family import check_family
from swc.check.modules import Loaded, Loader, Place
from swc.check.names import Names, add_architectures, check_uses, names_of
from swc.check.program import Module, Program, Settings
from swc.check.sources import read_source
from swc.diagnostics import Diagnostics, Related, Source, Span
from swc.syntax import tree as t


def load_program(path: Path, *, display: str | None = None) -> Program:
    """Read a spec and everything it refers to, and check it.

    Args:
        path: the spec.
        display: what messages call it; the path as given by default.

    Raises:
        SpecError: with every diagnostic of the stage that failed: reading (SW00xx), syntax (SW01xx), or names (SW02xx),
            types and values (SW03xx), hints (SW05xx) and budget (SW06xx) together, over all files.
    """
    shown = path.as_posix() if display is None else display
    return _load(read_source(path, shown), Place(path, shown, path.name))


def check_text(text: str, name: str = "spec.sw") -> Program:
    """Check a spec that is given as text; what it refers to is looked up in the library.

    Raises:
        SpecError: as :func:`load_program`.
    """
    return _load(Source(name, text), Place(None, name, name))


def _load(source: Source, place: Place) -> Program:
    syntax, found = Diagnostics(), Diagnostics()
    loader = Loader(syntax)
    spec = loader.add_spec(source, place)
    if spec is None:
        syntax.raise_errors()
        raise AssertionError("a file that does not parse reports an error")
    families = [item for item in spec.file.items if isinstance(item, t.Family)]
    # Architectures may bring in further files, so they come before the names of the others.
    names: dict[str, Names] = {"": names_of(spec, loader, found)}
    for family in families:
        add_architectures(family, spec, names[""], loader, found)
    for module, loaded in loader.files.items():
        if module not in names:
            names[module] = names_of(loaded, loader, found)
    syntax.raise_errors()
    modules = {key: _module(loader.files[key], names[key], found) for key in loader.files}
    check_cycles(modules, found)
    _check_one_family(source, families, found)
    checked = [check_family(family, names[""], found) for family in families]
    found.raise_errors()
    return Program(families[0], _settings(checked), modules, found.found)


def _settings(checked: list[Settings | None]) -> Settings:
    if checked[0] is None:
        raise AssertionError("a family without settings reports an error")
    return checked[0]


def _module(loaded: Loaded, names: Names, diagnostics: Diagnostics) -> Module:
    check_definitions(loaded.file, names, diagnostics)
    check_uses(loaded, names, diagnostics)
    return Module(loaded.module, loaded.file, {k: v for k, v in names.items() if v is not None})


def _check_one_family(source: Source, families: list[t.Family], diagnostics: Diagnostics) -> None:
    if not families:
        end = len(source.text.rstrip())
        diagnostics.error(
            "SW0005",
            "the spec has no `family`",
            Span(source, max(0, end - 1), max(1, end)),
            label="expected a `family` after this",
            help="add `family name { input ... output ... budget ... member ... }`",
        )
    for family in families[1:]:
        diagnostics.error(
            "SW0006",
            "the spec has a second `family`",
            family.name.span,
            label="one too many",
            related=(Related(families[0].name.span, "the first"),),
            help="write one file for each family",
        )
