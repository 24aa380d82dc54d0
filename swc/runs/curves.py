"""Curves of runs as a picture: training loss, and what the held-out images say, epoch by epoch."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from swc.runs.model import Epoch, Run
from swc.runs.tables import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _GREY = "#1c2733", "#52606d"
_COLOURS = ("#1f5fa8", "#d1642a", "#2f8f5b", "#8e5aa8", "#b8902a", "#4aa3b8", "#a33b52", "#6b7480")
_STYLES = ("-", "--", ":", "-.")
_LONGEST = 60


def draw_curves(runs: Sequence[Run]) -> bytes:
    """A PNG with one line a run; panels of what no run has are left out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    panels: list[tuple[str, Callable[[Epoch], float]]] = [
        ("training loss (sum over members)", lambda epoch: epoch.loss),
        ("held-out NLL, all members", lambda epoch: epoch.val.nll if epoch.val else math.nan),
        ("held-out top-1 (%), all members", lambda epoch: 100 * epoch.val.top1 if epoch.val else math.nan),
    ]
    used = [panel for panel in panels if any(math.isfinite(panel[1](epoch)) for run in runs for epoch in run.epochs)]
    rows = math.ceil(len(runs) / 2)
    figure = Figure(figsize=(4.4 * max(1, len(used)), 3.6 + 0.24 * rows), dpi=150)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    FigureCanvasAgg(figure)
    for index, (title, value) in enumerate(used or panels[:1]):
        axes = figure.add_subplot(1, max(1, len(used)), index + 1)
        _dress(axes, title)
        for number, run in enumerate(runs):
            _line(axes, run, value, number)
    lines = figure.axes[0].get_lines()
    figure.legend(lines, [_name(run) for run in runs], loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _dress(axes: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - slow to import

    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=_INK)
    axes.set_xlabel("epoch", color=_GREY, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8, colors=_GREY)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _line(axes: Axes, run: Run, value: Callable[[Epoch], float], number: int) -> None:
    axes.plot(
        [epoch.number for epoch in run.epochs],
        [value(epoch) for epoch in run.epochs],
        color=_COLOURS[number % len(_COLOURS)],
        linestyle=_STYLES[number // len(_COLOURS) % len(_STYLES)],
        linewidth=1.7,
        marker="o" if len(run.epochs) <= 30 else None,
        markersize=3,
    )


def _name(run: Run) -> str:
    """A run's folder, its end where it is long; dollar signs would start a formula."""
    name = shown(run.folder)
    name = name if len(name) <= _LONGEST else f"…{name[-_LONGEST:]}"
    return name.replace("$", r"\$")
