"""The anytime curve as a picture: accuracy against latency of every subset, and the subsets that none beats."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from swc_runtime.durable import write_atomically
from swc_runtime.serving.frontier import Frontier, FrontierPoint, pareto

_GREY, _BLUE, _INK = "#9aa5b1", "#1f5fa8", "#1c2733"
_NEAR = ((0, 11), (0, -11), (12, 0), (-12, 0), (10, 9), (-10, 9), (10, -9), (-10, -9))
_OFFSETS = tuple((scale * x, scale * y) for scale in (1, 2, 3, 4.5, 6) for x, y in _NEAR)
"""Where a label may stand, in points from its dot: nearest first."""


def plot_anytime(measured: Frontier, path: Path, *, title: str, batch: int | None = None) -> None:
    """Draw the subsets measured at one batch size (the smallest, unless given) and write a PNG.

    Raises:
        CheckpointError: the file cannot be written; an old one is left as it was.
        ValueError: nothing was measured at that batch size.
    """
    batch = min((point.batch for point in measured.entries), default=0) if batch is None else batch
    points = [point for point in measured.entries if point.batch == batch]
    if not points:
        raise ValueError(f"the frontier has no measurements for batches of {batch}")
    figure = Figure(figsize=(8, 5), dpi=150)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.1)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    best = pareto(points)
    _dress(axes, points, title, f"{'single images' if batch == 1 else f'batches of {batch}'} on {_machine(measured)}")
    _draw(axes, points, best)
    canvas.draw()  # type: ignore[no-untyped-call]  # labels are placed where the finished layout puts the dots
    figure.set_layout_engine("none")
    _label(axes, points, best)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def _machine(measured: Frontier) -> str:
    threads = f", {measured.threads} thread{'s' if measured.threads > 1 else ''}" if measured.threads else ""
    return f"{measured.device}{threads}{f', {measured.callers} callers at once' if measured.callers > 1 else ''}"


def _dress(axes: Axes, points: Sequence[FrontierPoint], title: str, subtitle: str) -> None:
    slowest, fastest = max(p.p95_ms for p in points), min(p.p50_ms for p in points)
    if slowest > 8 * fastest:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(x=0.1, y=0.14)
    axes.set_title(title, loc="left", fontweight="bold", color=_INK, pad=22)
    axes.annotate(
        subtitle, (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points", fontsize=9, color="#52606d"
    )
    axes.set_xlabel("latency (ms per call): 95% of calls take at most so long, lines reach from the median", color=_INK)
    axes.set_ylabel("top-1 accuracy (%)", color=_INK)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _draw(axes: Axes, points: Sequence[FrontierPoint], best: Sequence[FrontierPoint]) -> None:
    beaten = [point for point in points if point not in best]
    if beaten:
        axes.scatter(
            [p.p95_ms for p in beaten], [100 * p.top1 for p in beaten], s=30, color=_GREY, label="subset of members"
        )
    for point in points:  # from the median
        colour = _BLUE if point in best else _GREY
        axes.plot(
            [point.p50_ms, point.p95_ms], [100 * point.top1] * 2, color=colour, linewidth=1, alpha=0.6, marker="|",
            markersize=5, markevery=[0], zorder=2,
        )  # fmt: skip
    right = max(p.p95_ms for p in points)
    axes.step(
        [*(p.p95_ms for p in best), right],
        [*(100 * p.top1 for p in best), 100 * best[-1].top1],
        where="post", color=_BLUE, linewidth=1.8, alpha=0.85,
    )  # fmt: skip
    axes.scatter(
        [p.p95_ms for p in best],
        [100 * p.top1 for p in best],
        s=52, color=_BLUE, zorder=3, label="best within its latency",
    )  # fmt: skip
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.045), ncols=2, frameon=False, fontsize=9, handletextpad=0.1)


def _label(axes: Axes, points: Sequence[FrontierPoint], best: Sequence[FrontierPoint]) -> None:
    """Name the single members, the subsets on the front and the ensemble, each where it covers nothing."""
    size = max(len(p.members) for p in points)
    named = [p for p in points if len(p.members) in (1, size) or p in best]
    dots = axes.transData.transform([(p.p95_ms, 100 * p.top1) for p in points])
    taken = [Bbox.from_bounds(x - 6, y - 6, 12, 12) for x, y in dots]
    medians = axes.transData.transform([(p.p50_ms, 100 * p.top1) for p in points])
    taken += [Bbox.from_extents(x0, y - 2, x1, y + 2) for (x0, y), (x1, _) in zip(medians, dots, strict=True)]
    corners = axes.transData.transform([(p.p95_ms, 100 * p.top1) for p in best])
    for (x0, y0), (x1, y1) in pairwise(corners):  # the step line: level, then up
        taken += [Bbox.from_extents(x0, y0 - 2, x1, y0 + 2), Bbox.from_extents(x1 - 2, y0, x1 + 2, y1)]
    for point in sorted(named, key=lambda p: (p not in best, len(p.members), p.p95_ms)):
        required = len(point.members) in (1, size)
        text = "all members" if len(point.members) == size > 1 else " + ".join(point.members)
        colour = _BLUE if point in best else "#52606d"
        box = _place(axes, point, text, colour, taken, required=required)
        if box is not None:
            taken.append(box)


def _place(
    axes: Axes, point: FrontierPoint, text: str, colour: str, taken: Sequence[Bbox], *, required: bool
) -> Bbox | None:
    """Put a label beside its dot where it covers nothing; without such a place, nowhere unless ``required``."""
    best: tuple[float, Annotation, Bbox] | None = None
    for x, y in _OFFSETS:
        label = axes.annotate(
            text,
            (point.p95_ms, 100 * point.top1),
            (x, y),
            textcoords="offset points",
            ha="center" if x == 0 else ("left" if x > 0 else "right"),
            va="center" if y == 0 else ("bottom" if y > 0 else "top"),
            fontsize=9,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5} if abs(x) + abs(y) > 24 else None,
        )
        box = _text_box(label)
        covered = sum(_overlap(box, other) for other in taken) + _outside(box, axes)
        if best is None or covered < best[0]:
            if best is not None:
                best[1].remove()
            best = (covered, label, box)
        else:
            label.remove()
        if covered == 0:
            return box
    assert best is not None  # noqa: S101 - there is more than one offset
    if required:
        return best[2]
    best[1].remove()
    return None


def _text_box(label: Annotation) -> Bbox:
    """The box of the words alone: that of an annotation reaches along its leader line to the dot."""
    label.get_window_extent()  # moves the words to where they belong
    return Text.get_window_extent(label).padded(2)


def _overlap(a: Bbox, b: Bbox) -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return float(max(0.0, width) * max(0.0, height))


def _outside(box: Bbox, axes: Axes) -> float:
    """How much of a label lies outside of the picture's frame."""
    return float(box.width * box.height) - _overlap(box, axes.get_window_extent())
