"""Which coefficient rows of a template bank are in use, and how what is mixed by them is handed to the layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Selection:
    """The live rows of one template bank, in the order in which their mixtures are composed.

    ``slots`` says at which place the mixture of a live row is found. For a folded cluster, ``portions`` holds the rows
    of the tiles of each distinct layer, which are handed out in one stack.
    """

    def __init__(self, live: Sequence[int], portions: Sequence[Sequence[int]], device: torch.device) -> None:
        self.live = tuple(live)
        self.slots = {row: slot for slot, row in enumerate(self.live)}
        self.portions = tuple(tuple(rows) for rows in portions)
        self.place(device)

    def place(self, device: torch.device) -> None:
        """Follow the parameters to another device."""
        self._index = _row_index(self.live, device)
        self._gather = _row_index(self._gathered(), device)

    def live_rows(self, coefficients: Tensor) -> Tensor:
        """Return the live rows of ``coefficients``: (live, templates)."""
        if self._index is None:
            return coefficients[self.live[0] : self.live[-1] + 1]
        index = self._index
        if index.device != coefficients.device:  # other tensors stand in for the parameters (functional_call)
            index = torch.tensor(self.live, device=coefficients.device)
        return coefficients.index_select(0, index)

    def hand_out(self, composed: Tensor) -> tuple[Tensor, ...]:
        """Return the mixtures of the live rows one by one, or a stack for each portion.

        All stacks are cut from one tensor at once. Taken one after another, each would get a gradient of the size of
        the whole bank, which is zero but for its own part.
        """
        if not self.portions:
            return composed.unbind()
        if self._gather is not None:
            gather = self._gather
            if gather.device != composed.device:
                gather = torch.tensor(self._gathered(), device=composed.device)
            composed = composed.index_select(0, gather)
        return torch.split(composed, [len(rows) for rows in self.portions])

    def _gathered(self) -> tuple[int, ...]:
        return tuple(self.slots[row] for rows in self.portions for row in rows)


def _row_index(rows: tuple[int, ...], device: torch.device) -> Tensor | None:
    """Return ``rows`` as an index on ``device``, or None where they follow each other and a slice will do."""
    if not rows or rows == tuple(range(rows[0], rows[0] + len(rows))):
        return None
    with torch.inference_mode(mode=False):  # the index outlives a prediction, and training must be able to keep it
        return torch.tensor(rows, device=device)
