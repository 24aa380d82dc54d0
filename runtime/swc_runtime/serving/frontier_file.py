"""Frontier files: JSON, written whole or not at all, and read strictly."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from swc_runtime.durable import write_atomically
from swc_runtime.machine import device_name, torch_threads
from swc_runtime.problems import RuntimeProblem
from swc_runtime.serving.arguments import printable
from swc_runtime.serving.frontier import Frontier, FrontierPoint

if TYPE_CHECKING:
    from swc_runtime.family import Family

FORMAT_VERSION = 2
_LARGEST = 2**25
"""Bytes of a frontier that are read at most: some 100,000 subsets."""
_KEYS = ("format_version", "family", "structure", "device", "threads", "callers", "torch", "scored_on", "data")
_SPLITS = ("val", "test")


class FrontierError(RuntimeProblem):
    """A frontier cannot be read, or was measured for something else."""


class FrontierWarning(UserWarning):
    """A frontier was measured elsewhere, or not as it is used now: its latencies need not hold."""


def save_frontier(measured: Frontier, family: Family, path: str | Path) -> None:
    """Write a frontier as JSON, for ``load_frontier``.

    Raises:
        CheckpointError: the file cannot be written; an old one is left as it was.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "family": family.plan.family,
        "structure": family.plan.structure,
        "device": measured.device,
        "threads": measured.threads,
        "callers": measured.callers,
        "torch": torch.__version__,
        "scored_on": measured.scored_on,
        "data": {"name": measured.data, "identity": measured.identity, "images": measured.images},
        "classes": list(measured.classes),
        "entries": [asdict(point) | {"members": list(point.members)} for point in measured.entries],
    }
    write_atomically(Path(path), (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def load_frontier(path: str | Path, family: Family, *, classes: Sequence[str] | None = None) -> Frontier:
    """Read a frontier, for ``family.frontier``; move the family to the device that it will serve on first.

    Warns with a ``FrontierWarning`` when it was measured on another device or with other threads than are in use now.

    Args:
        path: what ``swc anytime`` wrote.
        family: the family it is for.
        classes: the class names that the family was trained with (``load_family`` returns them), to compare.

    Raises:
        FrontierError: no such file, not a frontier, or one of another family or of other classes.
    """
    measured, warning = read_frontier(Path(path), family, classes=classes)
    if warning:
        warnings.warn(warning, FrontierWarning, stacklevel=2)
    return measured


def read_frontier(path: Path, family: Family, *, classes: Sequence[str] | None = None) -> tuple[Frontier, str]:
    """As ``load_frontier``, which warns of the text that this returns: why latencies need not hold here, or nothing."""
    if not path.is_file():
        raise FrontierError(f"There is no frontier {path}: measure one on this machine with `swc anytime`.")
    content = _parsed(path)
    version = content.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool | float):
        raise FrontierError(
            f"{path} has format {version!r}; this version of swc reads {FORMAT_VERSION}: measure again."
        )
    try:
        name, structure = _text(content, "family"), _text(content, "structure")
        if (name, structure) != (family.plan.family, family.plan.structure):
            raise FrontierError(
                f"{path} was measured for {name} (structure {structure}), not for {family.plan.family} (structure "
                f"{family.plan.structure}): measure again with `swc anytime`."
            )
        measured = _frontier(content, tuple(family.members), family.classes)
    except ValueError as problem:
        raise FrontierError(_damaged(path, str(problem))) from None
    if classes is not None and tuple(classes) != measured.classes:
        raise FrontierError(
            f"{path} was measured with {_difference(measured.classes, tuple(classes))}: measure again with "
            "`swc anytime`."
        )
    return measured, _difference_here(path, measured, family)


def _damaged(path: Path, what: str) -> str:
    return f"{path} is no frontier as `swc anytime` writes it ({what}): measure again."


def _parsed(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        FrontierError: it cannot be read, is too large or too deep, or no such object.
    """

    def constant(name: str) -> float:
        raise ValueError(f"{name} is no number of JSON")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name is given twice in one object")
        return found

    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise FrontierError(_damaged(path, f"more than {_LARGEST:,} bytes"))
        content = json.loads(text.decode(), parse_constant=constant, object_pairs_hook=members)
    except (OSError, ValueError, RecursionError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise FrontierError(_damaged(path, reason)) from None
    if not isinstance(content, dict):
        raise FrontierError(_damaged(path, "not an object"))
    return content


def _frontier(content: dict[str, Any], members: tuple[str, ...], classes: int) -> Frontier:
    """The frontier that parsed JSON says; ValueError says what is wrong with it."""
    _only(content, (*_KEYS, "classes", "entries"), "")
    data = content["data"]
    if not isinstance(data, dict):
        raise ValueError("data is not an object")  # noqa: TRY004 - a fault of the file, as the others
    _only(data, ("name", "identity", "images"), "data: ")
    scored_on = _text(content, "scored_on")
    if scored_on not in _SPLITS:
        raise ValueError(f"scored_on is {scored_on!r}, neither val nor test")
    names = content["classes"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("classes is no list of names")
    if len(names) != classes:
        raise ValueError(f"{len(names)} class names for {classes} classes")
    entries = content["entries"]
    if not isinstance(entries, list) or not entries:
        raise ValueError("entries is no list of measured subsets")
    points = tuple(_point(entry, f"entry {number}: ", members) for number, entry in enumerate(entries, 1))
    seen: set[tuple[tuple[str, ...], int]] = set()
    for number, point in enumerate(points, 1):
        if (point.members, point.batch) in seen:
            raise ValueError(f"entry {number}: {' + '.join(point.members)} at batch {point.batch} is there twice")
        seen.add((point.members, point.batch))
    _text(content, "torch")
    return Frontier(
        device=_text(content, "device"),
        threads=_integer(content, "threads", 0),
        callers=_integer(content, "callers", 1),
        scored_on=scored_on,
        classes=tuple(names),
        entries=points,
        data=_text(data, "name"),
        identity=_text(data, "identity"),
        images=_integer(data, "images", 0),
    )


def _point(entry: object, where: str, known: tuple[str, ...]) -> FrontierPoint:
    if not isinstance(entry, dict):
        raise ValueError(f"{where}not an object")  # noqa: TRY004 - a fault of the file, as the others
    _only(entry, tuple(FrontierPoint.__dataclass_fields__), where)
    members = entry["members"]
    if not isinstance(members, list) or not members or not all(isinstance(name, str) for name in members):
        raise ValueError(f"{where}members is no list of names")
    for name in members:
        if name not in known:
            raise ValueError(f"{where}no member {name!r} (members: {', '.join(known)})")
    if len(set(members)) < len(members):
        raise ValueError(f"{where}a member is named twice")
    point = FrontierPoint(
        members=tuple(name for name in known if name in members),
        batch=_integer(entry, "batch", 1, where),
        p50_ms=_number(entry, "p50_ms", where),
        p95_ms=_number(entry, "p95_ms", where),
        p99_ms=_number(entry, "p99_ms", where),
        top1=_number(entry, "top1", where, 1.0),
        nll=_number(entry, "nll", where),
        ece=_number(entry, "ece", where, 1.0),
        timings=_integer(entry, "timings", 1, where),
    )
    if not 0 < point.p50_ms <= point.p95_ms <= point.p99_ms:
        raise ValueError(f"{where}p50_ms, p95_ms and p99_ms are not positive and ascending")
    return point


def _only(found: Collection[str], expected: Sequence[str], where: str) -> None:
    missing = [key for key in expected if key not in found]
    strange = [key for key in found if key not in expected]
    if missing:
        raise ValueError(f"{where}{missing[0]} is missing")
    if strange:
        raise ValueError(f"{where}{strange[0]!r} is unknown")


def _text(found: dict[str, Any], key: str) -> str:
    """A text to be shown to people."""
    value = found.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")  # noqa: TRY004 - a fault of the file, as the others
    return printable(value)


def _integer(found: dict[str, Any], key: str, least: int, where: str = "") -> int:
    value = found[key]
    if type(value) is not int or not least <= value < 2**31:
        raise ValueError(f"{where}{key} is no number from {least}")
    return value


def _number(found: dict[str, Any], key: str, where: str, most: float = math.inf) -> float:
    value = found[key]
    if type(value) not in (int, float) or not 0 <= value <= most:
        raise ValueError(f"{where}{key} is no number from 0{'' if most == math.inf else f' to {most:g}'}")
    number = float(value) if abs(value) < 1e300 else math.inf
    if not math.isfinite(number):
        raise ValueError(f"{where}{key} is not finite")
    return number


def _difference(measured: tuple[str, ...], expected: tuple[str, ...]) -> str:
    """In which class two lists of names differ first."""
    if len(measured) != len(expected):
        return f"{len(measured)} classes, not {len(expected)}"
    index = next(i for i, (a, b) in enumerate(zip(measured, expected, strict=True)) if a != b)
    return f"class {index} named {measured[index]!r}, not {expected[index]!r}"


def _difference_here(path: Path, measured: Frontier, family: Family) -> str:
    """Why latencies need not hold: measured on another device, or with other threads. Empty if they were not."""
    device = next(family.parameters()).device
    differing = []
    if measured.device != (here := printable(device_name(device))):
        differing.append(f"on {measured.device}, and this is {here}")
    if measured.threads != (threads := torch_threads(device)):
        differing.append(f"with {measured.threads} threads of torch, and {threads} are in use")
    if not differing:
        return ""
    return (
        f"{path} was measured {'; '.join(differing)}: its latencies need not hold here; measure again with "
        "`swc anytime`"
    )
