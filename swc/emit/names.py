"""The classes of a generated file: one name each, the same whatever else changes in the spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from swc.check import Definition
from swc.check.reserved import class_name as camel
from swc.family import Family

CLASSES = frozenset(
    {
        "Cluster",
        "Constant",
        "Cosine",
        "Crop",
        "Cutout",
        "Family",
        "Flip",
        "GradientRefinement",
        "GradientSearch",
        "Layers",
        "Moved",
        "OneCycle",
        "Plan",
        "Recipe",
        "Sgd",
        "Steps",
        "SuperWeight",
        "Tiles",
        "Weights",
    }
)
FUNCTIONS = frozenset({"attention", "channel_count", "concat", "global_pool", "positions"})

RUNTIME = CLASSES | FUNCTIONS
"""What generated files may import from the runtime."""

RESERVED = RUNTIME | {"Callable", "ClassVar", "F", "PLAN", "Tensor", "nn", "partial", "torch"}
"""Names of a generated file that no class of it may have."""


def class_name(family: Family) -> str:
    """The class of a family: ``wrn_hetero`` is ``WrnHetero``, or ``WrnHeteroFamily`` if a member's class is that."""
    name = camel(family.name)
    return f"{name}Family" if name in RESERVED or name in {camel(m.arch) for m in family.members} else name


def class_names(definitions: Iterable[Definition], family: Family) -> dict[tuple[str, str], str]:
    """The class of each definition, by module and name.

    Definitions of several files may have the same name: those of other files than the spec itself then carry the
    file's name too.
    """
    ordered = sorted(definitions, key=lambda d: (d.module, d.name))
    counts = Counter(camel(d.name) for d in ordered)
    taken = {*RESERVED, class_name(family)}
    names: dict[tuple[str, str], str] = {}
    for definition in ordered:
        name = camel(definition.name)
        kind = "Arch" if definition.is_arch else "Block"
        shared = counts[name] > 1 and definition.module
        candidates = [f"{camel(definition.module)}{name}", f"{camel(definition.module)}{name}{kind}"]
        if not shared:
            candidates = [name, f"{name}{kind}", *candidates]
        number = 2
        while (chosen := next((c for c in candidates if c not in taken), None)) is None:
            candidates.append(f"{name}{kind}{number}")
            number += 1
        taken.add(chosen)
        names[definition.module, definition.name] = chosen
    return names
