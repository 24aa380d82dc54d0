"""What expressions evaluate to: numbers, truth values, lists of ints, and tensors known by their shape."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from swc.diagnostics import Span


class Form(StrEnum):
    """What the dimensions of a batch mean."""

    IMAGES = "images"  # (B, channels, H, W)
    TOKENS = "tokens"  # (B, N, channels)
    VECTORS = "vectors"  # (B, channels)


_FORMS = {2: Form.IMAGES, 1: Form.TOKENS, 0: Form.VECTORS}


@frozen
class Tensor:
    """A batch of images, of tokens or of feature vectors; ``size`` is (height, width), (count,) or ().

    ``layer`` is the full name of the layer whose direct output this is, or None. ``digest`` is a fingerprint of how it
    is computed (``swc.elaborate.fingerprint``), which is no part of what the tensor is.
    """

    channels: int
    size: tuple[int, ...]
    layer: str | None = None
    digest: str = field(default="", eq=False, repr=False)

    @property
    def form(self) -> Form:
        """What its dimensions mean."""
        return _FORMS[len(self.size)]

    def made_of(self, digest: str) -> Tensor:
        """The same tensor with the fingerprint of how it is computed."""
        return Tensor(self.channels, self.size, self.layer, digest)  # attrs.evolve takes several times as long

    def __str__(self) -> str:
        match self.form:
            case Form.IMAGES:
                return f"{self.channels} channels of {self.size[0]}×{self.size[1]}"
            case Form.TOKENS:
                return f"{self.size[0]} tokens of {self.channels} features"
            case Form.VECTORS:
                return f"a vector of {self.channels} features"


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
