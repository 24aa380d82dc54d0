"""What expressions evaluate to: numbers, truth values, lists of ints, and tensors known by their shape."""

from __future__ import annotations

from attrs import frozen

from swc.diagnostics import Span


@frozen
class Tensor:
    """A batch of images (channels, height, width), or of feature vectors when ``size`` is None.

    ``layer`` is the full name of the layer whose direct output this is, or None.
    """

    channels: int
    size: tuple[int, int] | None
    layer: str | None = None

    @property
    def is_image(self) -> bool:
        """Whether it has height and width."""
        return self.size is not None

    def __str__(self) -> str:
        if self.size is None:
            return f"a vector of {self.channels} features"
        return f"{self.channels} channels of {self.size[0]}×{self.size[1]}"


Value = int | float | bool | tuple[int, ...] | Tensor


class ElaborationError(Exception):
    """One impossible thing, where it stands; the member being built is added by whoever catches it."""

    def __init__(self, code: str, summary: str, span: Span, *, label: str = "", help: str = "") -> None:  # noqa: A002 - a diagnostic's word
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.span = span
        self.label = label
        self.help = help
