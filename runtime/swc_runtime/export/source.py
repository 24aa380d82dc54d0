"""Members of a family as the source of plain PyTorch."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from swc_runtime.export import network
from swc_runtime.export.definitions import Needed, Source, foreign_imports, needed
from swc_runtime.export.layout import laid_out
from swc_runtime.export.rewriting import SAME_PADDING, plain_class
from swc_runtime.export.subject import Subject
from swc_runtime.problems import ExportError

MARKER = "# Written by swc export"
_OURS = frozenset({"Ensemble", "load", SAME_PADDING, "INPUT", "CLASSES", "NORMALISATION", "WEIGHTS", "MEMBERS"})
_IMPORTS = frozenset(
    {
        "import math",
        "from collections.abc import Sequence",
        "from functools import partial",
        "from pathlib import Path",
        "import torch",
        "from safetensors.torch import load_file",
        "from torch import Tensor",
        "from torch import nn",
    }
)

_PADDING = f'''\
def {SAME_PADDING}(kernel: int | tuple[int, ...]) -> int | tuple[int, ...]:
    """Half a kernel in each direction: the padding that keeps the size at stride 1."""
    return kernel // 2 if isinstance(kernel, int) else tuple(side // 2 for side in kernel)'''

_LOAD = '''\
{head}
    """Build members with their trained weights, in evaluation mode: all of them unless some are named.

    {options} of ``Ensemble``; the networks alone, to train them on, are its ``members``.
    """
    tensors = load_file(weights)
    networks = []
    for name in members or MEMBERS:
        if name not in MEMBERS:
            raise ValueError(f"there is no member {{name!r}}: the choice is {{', '.join(MEMBERS)}}")
        model = MEMBERS[name]()
        start = f"{{name}}."
        model.load_state_dict({{key.removeprefix(start): t for key, t in tensors.items() if key.startswith(start)}})
        networks.append(model)
    return Ensemble(networks, {normalise}softmax=softmax).eval()'''


@dataclass(frozen=True)
class _Construction:
    """How a member is built: its class and arguments."""

    architecture: type[nn.Module]
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, build: Callable[..., nn.Module], member: str) -> _Construction:
        if isinstance(build, type):
            return cls(build, {})
        if isinstance(build, partial) and isinstance(build.func, type) and not build.args:
            return cls(build.func, build.keywords)
        raise ExportError(
            f"Member {member} is not built by `partial(Architecture, ...)`, as the members of generated files are, so "
            "that it cannot be written as plain source: choose other formats than `torch`."
        )


def source_text(subject: Subject, *, weights: str, version: str) -> str:
    """Write the source of a subject's members, and of what loads them.

    Args:
        subject: the members; the file that defines their family must be at hand.
        weights: the name of the safetensors file that will lie beside.
        version: of swc, for the first line.

    Returns:
        Python source that imports torch, safetensors and the standard library only.

    Raises:
        ExportError: the architectures are not written as those of generated files are.
    """
    family = type(subject.family)
    built = {name: _Construction.of(family.architectures[name], name) for name in subject.members}
    module = _module([construction.architecture for construction in built.values()])
    starts = dict.fromkeys(construction.architecture.__name__ for construction in built.values())
    found = needed(module, starts, frozenset({"Weights", family.__name__}))
    for name in sorted({name for _, name in found.definitions} & _OURS):
        raise ExportError(f"The exported source would define {name} twice: give the architecture another name.")
    text = "\n".join(_lines(subject, built, found, weights, version)) + "\n"
    if odd := foreign_imports(text, sys.stdlib_module_names):
        raise ExportError(
            f"{module.name} needs {', '.join(odd)}, and what is exported as plain source needs torch alone: choose "
            "other formats than `torch`."
        )
    return text


def _module(architectures: Sequence[type[nn.Module]]) -> Source:
    """The module that defines all of some architectures."""
    namespaces = [getattr(architecture.__init__, "__globals__", {}) for architecture in architectures]
    module = Source.of(namespaces[0])
    for architecture, namespace in zip(architectures, namespaces, strict=True):
        if namespace is not namespaces[0] or architecture.__name__ not in module.definitions:
            raise ExportError(
                f"The architecture {architecture.__name__} is not defined at the top of {module.name}, as others are: "
                "put all into one file, as generated files do, or choose other formats than `torch`."
            )
    return module


def _lines(
    subject: Subject, built: Mapping[str, _Construction], found: Needed, weights: str, version: str
) -> list[str]:
    definitions = [_definition(source, name) for source, name in found.definitions]
    if any(SAME_PADDING in line for lines in definitions for line in lines):
        definitions.insert(0, _PADDING.splitlines())
    ensemble = _definition(Source.of(vars(network)), "Ensemble")
    lines = [
        *_head(subject, version),
        "",
        *_imports(_IMPORTS | found.imports),
        "",
        *_constants(subject, weights),
    ]
    for definition in (*definitions, ensemble, _members(built), _loader(subject)):
        lines += ["", "", *definition]
    return lines


def _definition(source: Source, name: str) -> list[str]:
    """The lines of one definition; a class makes its own layers."""
    node = source.definitions[name]
    if isinstance(node, ast.ClassDef):
        return plain_class(node, source.text.splitlines())
    return source.lines(node)


def _head(subject: Subject, version: str) -> list[str]:
    several = len(subject.members) > 1
    names = ", ".join(subject.members)
    what = f"Members {names}" if several else f"Member {names}"
    answers = {
        "logits": "logits",
        "log_probabilities": "the logarithms of their averaged probabilities",
        "probabilities": "their averaged probabilities" if several else "probabilities",
    }[subject.output]
    images = "uint8, from 0 to 255"
    if not subject.normalise:
        images = f"floats, normalised {'by NORMALISATION' if subject.normalisation else 'as in training'}"
    channels, height, width = type(subject.family).input
    return [
        f"{MARKER} {version} (family {subject.name}); export again rather than edit.",
        f'"""{what} of family {subject.name} in plain PyTorch, which needs torch and safetensors alone.',
        "",
        f"    from {subject.name} import load",
        "",
        f"    model = load()  # {names}",
        f"    model(images)  # (B, {subject.family.classes}): {answers}",
        "",
        f"``images`` (B, {channels}, {height}, {width}) are {images}.",
        '"""',
        "",
        "from __future__ import annotations",
    ]


def _imports(statements: Iterable[str]) -> list[str]:
    """Import statements in the usual order: the standard library first, names of one module together."""
    plain: set[str] = set()
    froms: dict[str, set[str]] = {}
    for statement in statements:
        if statement.startswith("import "):
            plain.add(statement)
        else:
            _, module, _, name = statement.split(" ", 3)
            froms.setdefault(module, set()).add(name)
    froms.pop("__future__", None)
    lines = [*sorted(plain)]
    lines += [f"from {module} import {', '.join(sorted(froms[module]))}" for module in sorted(froms)]
    standard = [line for line in lines if line.split()[1].partition(".")[0] in sys.stdlib_module_names]
    return [*standard, "", *(line for line in lines if line not in standard)]


def _constants(subject: Subject, weights: str) -> list[str]:
    lines = [f"INPUT = {type(subject.family).input}  # channels, height, width"]
    if subject.classes is not None:
        lines += laid_out(f"CLASSES = {_names(subject.classes)}", 0)
    if subject.normalisation is not None:
        lines.append("# Mean and standard deviation of the training images per channel, in the range 0 to 1.")
        lines += laid_out(f"NORMALISATION = {subject.normalisation!r}", 0)
    return [*lines, f'WEIGHTS = Path(__file__).with_name("{weights}")']


def _loader(subject: Subject) -> list[str]:
    known = subject.normalisation is not None
    option = f"normalise: bool = {subject.normalise}, " if known else ""
    options = f"{option}softmax: bool = {subject.softmax}, weights: str | Path = WEIGHTS"
    text = _LOAD.format(
        head="\n".join(laid_out(f"def load(*members: str, {options}) -> Ensemble:", 0)),
        options="``normalise`` and ``softmax`` are those" if known else "``softmax`` is that",
        normalise="normalise=NORMALISATION if normalise else None, " if known else "",
    )
    return text.splitlines()


def _names(names: tuple[str, ...]) -> str:
    listed = ", ".join(_quoted(name) for name in names)
    return f"({listed},)" if len(names) == 1 else f"({listed})"


def _quoted(text: str) -> str:
    """A string as the formatter would quote it."""
    written = repr(text)
    if written.startswith("'") and '"' not in written:
        return f'"{written[1:-1]}"'
    return written


def _members(built: Mapping[str, _Construction]) -> list[str]:
    lines = ["MEMBERS = {"]
    for name, construction in built.items():
        values = "".join(f", {key}={value!r}" for key, value in construction.arguments.items())
        lines += laid_out(f"{_quoted(name)}: partial({construction.architecture.__name__}{values}),", 4)
    return [*lines, "}"]
