"""In which settings runs differ, and in which they agree."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from swc.runs.model import Run


@frozen
class Comparison:
    """``differing``: setting to its value in each run, None where a run has none; ``same``: names of all others."""

    differing: dict[str, tuple[object, ...]]
    same: tuple[str, ...]


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Compare the settings of readable runs, in the order in which they come first."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    values = {name: tuple(run.settings.get(name) for run in runs) for name in names}
    differing = {name: found for name, found in values.items() if any(value != found[0] for value in found)}
    return Comparison(differing, tuple(name for name in names if name not in differing))
