"""A template bank: templates and coefficient vectors that one matrix product composes (eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate, chain

import torch
from torch import Tensor, nn

from swc_runtime.errors import PlanError
from swc_runtime.initialization import kaiming_, unit_vectors
from swc_runtime.plan import Cluster
from swc_runtime.selection import Selection
from swc_runtime.stacked import is_transformed
from swc_runtime.structure import SharedSuperWeight

# Asked once: compilers of older releases of torch cannot look the question up while they trace.
_WITH_AUTOCAST = frozenset(
    kind for kind in ("cpu", "cuda", "mps", "xpu", "hpu") if torch.amp.is_autocast_available(kind)
)


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which autocast leaves products on ``device`` in the precision of their operands."""
    if device.type in _WITH_AUTOCAST:
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


class TemplateBank(nn.Module):
    """The templates of one SuperWeight, or those that all tiles of a folded cluster are mixed from.

    State: ``templates`` (templates, rows, columns * kh * kw), ``coefficients`` (vectors, templates) and the buffer
    ``rows``: SuperWeight by SuperWeight a matrix (users, vectors), flattened, with a one where the user reads the
    vector. The buffer is what is saved, copied and sent between processes; ``assignment``, the row of ``coefficients``
    that each user reads, mirrors it, so that composing never waits for a device.
    """

    # Three dimensions: Module.to(memory_format=torch.channels_last) rearranges tensors of four and rejects five.
    templates: nn.Parameter
    coefficients: nn.Parameter
    # Ones and zeros, not row numbers: averaged copies of modules average buffers too, and truncate integers.
    rows: Tensor

    def __init__(self, superweights: Sequence[SharedSuperWeight], rows: int, columns: int, fan_in: int) -> None:
        """Build the bank of ``superweights``, each rows x columns numbers large, at the Kaiming scale of ``fan_in``."""
        super().__init__()
        self.superweights = tuple(superweights)
        count = self.superweights[0].templates
        self.templates = nn.Parameter(kaiming_(torch.empty(count, rows, columns), fan_in))
        repeats = torch.tensor([s.vectors for s in self.superweights])
        vectors = unit_vectors(len(self.superweights), count).repeat_interleave(
            repeats, dim=0, output_size=sum(s.vectors for s in self.superweights)
        )
        self.coefficients = nn.Parameter(vectors)
        marks = {s.id: _marks(s, [s.first_row] * len(s.users)) for s in self.superweights}
        sizes = [own.numel() for own in marks.values()]
        self._first_mark = dict(zip(marks, accumulate(sizes, initial=0), strict=False))
        self.register_buffer("rows", torch.cat(list(marks.values())))
        read_by: dict[str, list[int]] = {}
        for s in self.superweights:
            for position, user in enumerate(s.users, s.first_user):
                read_by.setdefault(user, []).append(position)
        self._reading_order = tuple(chain.from_iterable(read_by.values()))
        self.assignment = tuple(s.first_row for s in self.superweights for _ in s.users)
        self._mirrored = self.seen()

    @classmethod
    def of(cls, cluster: Cluster, superweights: Sequence[SharedSuperWeight]) -> TemplateBank:
        """Build the bank of ``superweights`` of ``cluster``: one of its rectangles, or all of its tiles."""
        first = superweights[0]
        rows, columns = first.rows[1] - first.rows[0], first.columns[1] - first.columns[0]
        if cluster.tiles is not None:
            rows, columns = cluster.tiles.rows, cluster.tiles.columns
        return cls(superweights, rows, columns * cluster.kernel[0] * cluster.kernel[1], cluster.fan_in)

    def seen(self) -> tuple[Tensor | None, int]:
        """The buffer and its version, by which a write to it is told; nothing within torch.func."""
        rows = self.rows
        return (None, -1) if is_transformed(rows) else (rows, _version(rows))

    def rows_read(self, superweight: SharedSuperWeight) -> tuple[int, ...]:
        """The row of ``coefficients`` that each user of ``superweight`` reads, in the plan's order."""
        return self.assignment[superweight.first_user : superweight.first_user + len(superweight.users)]

    def live_rows(self) -> tuple[int, ...]:
        """The rows that are read at all, user by user: what one layer alone reads lies side by side when composed."""
        return tuple(dict.fromkeys(self.assignment[position] for position in self._reading_order))

    @property
    def stale(self) -> bool:
        """Whether the buffer was replaced or written to since it was mirrored last."""
        tensor, version = self._mirrored
        return tensor is not self.rows or version != _version(self.rows)

    def adopt(self, marks: Sequence[float], seen: tuple[Tensor | None, int]) -> bool:
        """Mirror what the buffer held when it was ``seen``; tell whether the assignment changed.

        Where an average has marked several vectors the last counts: splits give higher rows to those that part.

        Raises:
            PlanError: a user reads no vector.
        """
        assignment = []
        start = 0
        for s in self.superweights:
            for user in s.users:
                read = [vector for vector in range(s.vectors) if marks[start + vector] != 0]
                if not read:
                    raise PlanError(f"the state lets layer {user!r} read no coefficient vector of SuperWeight {s.id!r}")
                assignment.append(s.first_row + read[-1])
                start += s.vectors
        self._mirrored = seen
        before, self.assignment = self.assignment, tuple(assignment)
        return before != self.assignment

    @torch.no_grad()
    def assign(self, superweight: SharedSuperWeight, rows: Sequence[int]) -> None:
        """Let each user of ``superweight`` read its one of ``rows``."""
        marks = _marks(superweight, rows)
        start = self._first_mark[superweight.id]
        self.rows[start : start + len(marks)] = marks.to(self.rows)
        first, last = superweight.first_user, superweight.first_user + len(superweight.users)
        self.assignment = (*self.assignment[:first], *rows, *self.assignment[last:])
        self._mirrored = self.seen()

    def compose(self, selection: Selection) -> Tensor:
        """Return the mixtures of the selected coefficient rows (eq. 1), (live rows, rows, columns * kh * kw)."""
        with full_precision(self.templates.device):
            live = selection.live_rows(self.coefficients)
            return (live @ self.templates.flatten(1)).view(-1, *self.templates.shape[1:])

    def forward(self, selection: Selection) -> tuple[Tensor, ...]:
        """Return the mixtures of the selected rows as they are handed out to layers; hooks on this module run."""
        return selection.hand_out(self.compose(selection))

    def extra_repr(self) -> str:
        """Say how many templates of which size are mixed by how many vectors."""
        count, rows, columns = self.templates.shape
        return f"{count} templates of {rows} x {columns}, {len(self.coefficients)} coefficient vectors"


def _marks(superweight: SharedSuperWeight, rows: Sequence[int]) -> Tensor:
    """Return what the buffer holds for one SuperWeight whose users read ``rows``."""
    marks = torch.zeros(len(rows), superweight.vectors)
    for user, row in enumerate(rows):
        marks[user, row - superweight.first_row] = 1.0
    return marks.flatten()


def _version(tensor: Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version  # noqa: SLF001 - the only sign of a write
