"""The curves of a run as a table: ``curves.csv``, one row an epoch, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from swc_runtime.durable import write_atomically
from swc_runtime.training.history import History
from swc_runtime.training.session import EpochRecord

CURVES = "curves.csv"
_KINDS = ("top1", "nll", "ece")


def write_curves(folder: Path, history: History, members: Sequence[str]) -> None:
    """Write every epoch so far anew, so that the table is always that of one training, resumed or not.

    Columns: ``epoch`` (from 1), ``lr`` (of its last step), ``seconds``, ``loss`` (the sum over members) and
    ``loss/<member>``; on the held-out images ``val/top1``, ``val/nll`` and ``val/ece`` of all members together and, as
    ``val/top1/<member>``, of each. What was not scored is empty.

    Raises:
        CheckpointError: the file cannot be written.
    """
    header = ["epoch", "lr", "seconds", "loss", *(f"loss/{name}" for name in members)]
    header += [f"val/{kind}" for kind in _KINDS]
    header += [f"val/{kind}/{name}" for name in members for kind in _KINDS]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(_row(record, members) for record in history.epochs)
    write_atomically(folder / CURVES, text.getvalue().encode())


def _row(record: EpochRecord, members: Sequence[str]) -> list[object]:
    row: list[object] = [record.epoch + 1, record.lr, round(record.seconds, 3), record.loss]
    row += [record.members.get(name, "") for name in members]
    if record.val is None:
        return row + [""] * (len(_KINDS) * (1 + len(members)))
    scores = record.val.members
    row += [getattr(record.val.ensemble, kind) for kind in _KINDS]
    return row + [getattr(scores[name], kind) for name in members for kind in _KINDS]
