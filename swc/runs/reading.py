"""Runs found in folders, and read."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from swc.record import FormatError, Record
from swc.runs.header import Header, HeaderError, read_header
from swc.runs.model import Epoch, Run, Scores, State

FINAL, LAST, BEST = "family.safetensors", "last.safetensors", "best.safetensors"
_CHECKPOINTS = (FINAL, LAST, BEST)
_DEEPEST = 4
_LARGEST_SOURCE = 10_000_000
_BUDGET = re.compile(r"^    budget=([0-9_]{1,20}),$", re.MULTILINE)
_BUFFERS = (".rows", ".running_mean", ".running_var", ".num_batches_tracked")
"""How the tensors of a state end that no training changes: assignments, and statistics of norms."""


def find_runs(folder: Path) -> Iterator[Path]:
    """The folders of runs at and below a folder, in the order of their names; hidden folders and links are left out."""
    for place, names, files in os.walk(folder):
        here = Path(place)
        if any(name in files for name in _CHECKPOINTS):
            yield here
        deep = len(here.relative_to(folder).parts) >= _DEEPEST
        names[:] = [] if deep else sorted(name for name in names if not name.startswith("."))


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, rather than one of folders of runs."""
    return any((folder / name).is_file() for name in _CHECKPOINTS)


def read_run(folder: Path) -> Run:
    """Read the run in a folder; where that is not possible, or not of all its checkpoints, the result says why."""
    headers: dict[str, Header] = {}
    trouble: list[str] = []
    for name in _CHECKPOINTS:
        try:
            if (folder / name).is_file():
                headers[name] = read_header(folder / name)
        except (HeaderError, OSError) as error:
            trouble.append(f"{name}: {error.strerror if isinstance(error, OSError) else error}")
    changed = max((_changed(folder / name) for name in _CHECKPOINTS), default=0.0)
    try:
        if headers:
            return _run(folder, changed, headers, trouble)
    except FormatError as error:
        trouble.append(str(error))
    return Run(folder, State.UNREADABLE, changed, trouble=trouble[0])


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _run(folder: Path, changed: float, headers: Mapping[str, Header], trouble: Sequence[str]) -> Run:
    read = {name: (Record(header.note), header) for name, header in headers.items()}
    total = {name: record.record("training").integer("epochs") for name, (record, _) in read.items()}
    # A finished run that is trained on has a last state of more epochs than its family.
    name = max(read, key=lambda n: (total[n], n == FINAL, n == LAST))
    record, header = read[name]
    history = record.record("history")
    epochs = tuple(_epoch(entry) for entry in history.records("epochs"))
    test = history.record_or_null("evaluation")
    scored = [epoch for epoch in epochs if epoch.val is not None]
    best = min(scored, key=lambda epoch: _loss(epoch.val), default=None)
    family = record.text("family")
    budget = _budget(folder / f"{family}.py") if family.isidentifier() else None
    return Run(
        folder,
        State.FINISHED if name == FINAL else State.UNFINISHED,
        changed,
        family=family,
        total=total[name],
        epochs=epochs,
        parameters=_parameters(header),
        budget=budget,
        members=tuple(_members(history)),
        val=best.val if best else None,
        best=best.number if best else None,
        test=_scores(test) if test else None,
        settings=_settings(record, budget),
        trouble="; ".join([*trouble, *_strangers(name, {name: record for name, (record, _) in read.items()})]),
    )


def _strangers(chosen: str, records: Mapping[str, Record]) -> Iterator[str]:
    """Which checkpoints of a folder are not of the family of the one that is listed."""
    for key in ("family", "structure"):
        wanted = records[chosen].text(key)
        for name, record in records.items():
            found = record.text(key)
            if found != wanted and key == "family":
                yield f"{name} is of the family {found}, {chosen} of {wanted}"
            elif found != wanted and record.text("family") == records[chosen].text("family"):
                yield f"{name} is of another structure of {record.text('family')} than {chosen}"


def _loss(scores: Scores | None) -> float:
    return math.inf if scores is None or math.isnan(scores.nll) else scores.nll


def _epoch(entry: Record) -> Epoch:
    val = entry.record_or_null("val")
    return Epoch(
        entry.integer("epoch") + 1,
        entry.number("loss"),
        entry.number("lr"),
        entry.number("seconds"),
        _scores(val) if val else None,
    )


def _members(history: Record) -> Iterable[str]:
    """The members' names, as the losses of the first epoch have them."""
    entries = history.records("epochs")
    return entries[0].record("members").values if entries else ()


def _scores(record: Record) -> Scores:
    """The scores of subsets of members: the last is of all of them."""
    subsets = record.records("scores")
    if not subsets:
        raise FormatError(f"{record.path}.scores is empty")
    whole = subsets[-1]
    alone = [(subset.texts("members"), subset.number("top1")) for subset in subsets]
    members = {names[0]: top1 for names, top1 in alone if len(names) == 1}
    return Scores(whole.number("top1"), whole.number("nll"), whole.number("ece"), members)


def _parameters(header: Header) -> int:
    return sum(
        math.prod(shape)
        for name, shape in header.shapes.items()
        if name.startswith("model/") and not name.endswith(_BUFFERS)
    )


def _budget(source: Path) -> int | None:
    """The budget that stands in a generated file."""
    try:
        if source.stat().st_size > _LARGEST_SOURCE:
            return None
        found = _BUDGET.search(source.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(found[1]) if found and found[1].strip("_") else None


def _settings(record: Record, budget: int | None) -> dict[str, object]:
    """What was chosen and what it was applied to, flat: ``seed``, ``data``, ``data.images.train`` and so on."""
    start, data = record.record_or_null("from"), record.record("data")
    return {
        **{key: record.text(key) for key in ("family", "structure", "sharing")},
        **({} if budget is None else {"budget": budget}),
        **_flat("data", {key: value for key, value in data.values.items() if key not in {"name", "val"}}),
        "data": data.text("name"),
        "classes": len(record.texts("classes")),
        **_flat("", record.record("training").values),
        "from": None if start is None else f"{start.text('family')} {start.text('digest')}",
        **_flat("versions", record.record("versions").values),
    }


def _flat(prefix: str, values: Mapping[str, object]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            result.update(_flat(name, value))
        else:
            result[name] = value
    return result
