"""What a colour means in a drawing of clusters: how many layers use a part, on one scale for all clusters."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

from attrs import frozen

from swc.plan.drawing import ShapeGraph
from swc.report.svg import FAINT, Drawing, ink_on, shade

_STEPS = 5
_SWATCH = (46, 18)


@frozen
class Shading:
    """Colours by the logarithm of the number of layers: lightest for one layer, darkest for ``most``."""

    most: int

    @classmethod
    def of(cls, graphs: Iterable[ShapeGraph]) -> Shading:
        """The scale on which the most used part of all graphs is darkest."""
        return cls(max((node.users for graph in graphs for node in graph.nodes), default=1))

    def depth(self, users: int) -> float:
        """How dark the colour of so many layers is, from 0 to 1."""
        return log(users) / log(self.most) if self.most > 1 else 0.0

    @property
    def steps(self) -> list[int]:
        """Numbers of layers to show the colours of: 1, the most, and a few between them."""
        return sorted({round(self.most ** (k / (_STEPS - 1))) for k in range(_STEPS)})

    def draw_legend(self, drawing: Drawing, left: float, top: float) -> None:
        """A row of colours with the numbers of layers that they stand for."""
        words = "layers that use a part:"
        drawing.words(left, top + 13, words, fill=FAINT)
        left += 148
        for users in self.steps:
            depth = self.depth(users)
            width, height = _SWATCH
            drawing.add("rect", tip="", x=left, y=top, width=width, height=height, fill=shade(depth), stroke=FAINT)
            middle = {"text_anchor": "middle", "fill": ink_on(depth)}
            drawing.words(left + width / 2, top + 13, f"{users:,}", size=11, **middle)
            left += width
        drawing.words(left + 10, top + 13, "1: nothing is shared", fill=FAINT)
