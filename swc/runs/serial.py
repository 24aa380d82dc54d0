"""Runs and their comparison as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from swc.runs.compare import Comparison
from swc.runs.model import Epoch, Run, Scores
from swc.runs.tables import shown

FORMAT_VERSION = 1


def to_json(runs: Sequence[Run], comparison: Comparison | None) -> str:
    """A document with all runs, and with the settings that differ where they are compared."""
    document: dict[str, object] = {"format_version": FORMAT_VERSION, "runs": [_run(run) for run in runs]}
    if comparison is not None:
        document["differing"] = {name: list(values) for name, values in comparison.differing.items()}
        document["same"] = list(comparison.same)
    return json.dumps(_finite(document), indent=2)


def _run(run: Run) -> dict[str, object]:
    return {
        "folder": shown(run.folder),
        "state": run.state.value,
        "changed": datetime.fromtimestamp(run.changed, UTC).isoformat(timespec="seconds"),
        "family": run.family,
        "members": list(run.members),
        "epochs": {"done": len(run.epochs), "total": run.total},
        "seconds": round(run.seconds, 3),
        "parameters": run.parameters,
        "budget": run.budget,
        "best_epoch": run.best,
        "val": _scores(run.val),
        "test": _scores(run.test),
        "settings": dict(run.settings),
        "curves": [_epoch(epoch) for epoch in run.epochs],
        "trouble": run.trouble,
    }


def _scores(scores: Scores | None) -> dict[str, object] | None:
    if scores is None:
        return None
    return {"top1": scores.top1, "nll": scores.nll, "ece": scores.ece, "members": dict(scores.members)}


def _epoch(epoch: Epoch) -> dict[str, object]:
    return {
        "epoch": epoch.number,
        "loss": epoch.loss,
        "lr": epoch.lr,
        "val": _scores(epoch.val),
    }


def _finite(value: object) -> object:
    """The same value with null where a number is NaN or infinite, which JSON cannot say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
