"""A small writer of SVG: elements with escaped text and short numbers, in the order they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, FAINT, PAPER = "#1f2933", "#7b8794", "#ffffff"
_SHADES = ("#e8f1fa", "#b7d4ee", "#6fabdb", "#2f7ab9", "#0b4a86")


class Drawing:
    """Collects elements; ``text()`` is the finished file."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self._size = (width, height)
        self._title = title
        self._elements: list[str] = []

    def add(self, name: str, content: str = "", /, *, tip: str, **attributes: float | str) -> None:
        """Add an element.

        Args:
            name: its tag.
            content: text inside, escaped here.
            tip: what to show when a pointer rests on it; nothing if empty.
            attributes: ``stroke_width=2`` becomes ``stroke-width="2"``.
        """
        inside = (f"<title>{escape(tip)}</title>" if tip else "") + escape(content)
        pairs = "".join(f" {key.rstrip('_').replace('_', '-')}={_value(value)}" for key, value in attributes.items())
        self._elements.append(f"<{name}{pairs}>{inside}</{name}>" if inside else f"<{name}{pairs}/>")

    def words(
        self, x: float, y: float, content: str, *, size: float = 12, fill: str = INK, **attributes: float | str
    ) -> None:
        """Write text from (or, with ``text_anchor``, around or up to) a point on its base line."""
        self.add("text", content, tip="", x=x, y=y, font_size=size, fill=fill, **attributes)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], *, stroke: str = FAINT, **attributes: float | str
    ) -> None:
        """Draw a straight line."""
        self.add("line", tip="", x1=start[0], y1=start[1], x2=end[0], y2=end[1], stroke=stroke, **attributes)

    def path(
        self,
        points: Sequence[tuple[float, float]],
        *,
        closed: bool = False,
        fill: str = "none",
        **attributes: float | str,
    ) -> None:
        """Draw a line through points, or the area that they enclose."""
        steps = " ".join(f"{'L' if k else 'M'}{number(x)},{number(y)}" for k, (x, y) in enumerate(points))
        self.add("path", tip="", d=steps + ("Z" if closed else ""), fill=fill, **attributes)

    def text(self) -> str:
        """The file, ending with a newline."""
        width, height = map(number, self._size)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family={quoteattr(FONT)}>'
        )
        arrow = (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0,0.8L8,4L0,7.2Z" fill="{FAINT}"/></marker></defs>'
        )
        paper = f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
        return "\n".join([head, f"<title>{escape(self._title)}</title>", arrow, paper, *self._elements, "</svg>", ""])


def number(value: float) -> str:
    """A coordinate in at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def shade(share: float) -> str:
    """A blue that grows darker as ``share`` goes from 0 to 1."""
    place = min(1.0, max(0.0, share)) * (len(_SHADES) - 1)
    first = min(int(place), len(_SHADES) - 2)
    rest = place - first
    parts = (
        round(int(_SHADES[first][k : k + 2], 16) * (1 - rest) + int(_SHADES[first + 1][k : k + 2], 16) * rest)
        for k in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def ink_on(share: float) -> str:
    """The colour of text that can be read on ``shade(share)``."""
    return PAPER if share > 0.6 else INK


def _value(value: float | str) -> str:
    return quoteattr(value if isinstance(value, str) else number(value))
