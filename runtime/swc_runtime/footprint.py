"""Whether a batch can fit into main memory: systems promise more than there is, and end programs that take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_GROUP = Path("/sys/fs/cgroup")
_SYSTEM = Path("/proc/meminfo")


class _Scale(TorchFunctionMode):
    """Notes how many bytes the operands and the result of each operation have, each memory once."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes: list[int] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute ``func``, and weigh."""
        del types
        result = func(*args, **(kwargs or {}))
        tensors = [value for value in (*args, *(kwargs or {}).values(), result) if isinstance(value, Tensor)]
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - asking for a size is an operation, too
            self.bytes.append(sum({tensor.data_ptr(): tensor.nbytes for tensor in tensors}.values()))
        return result


def bytes_per_example(network: Callable[[Tensor], Tensor], x: Tensor) -> int:
    """The least memory that ``network`` takes for each further example like those of ``x`` (batch, ...), in evaluation.

    What goes into an operation and what comes out of it are there at the same time: this is the most that an operation
    grows by from one example to two.
    """
    found = []
    with torch.no_grad():
        network(x[:1])  # weights are composed now, not below
        for count in (1, 2):
            with _Scale() as scale:
                network(x[:count])
            found.append(scale.bytes)
    return max((two - one for one, two in zip(*found, strict=False)), default=0)


def available() -> int | None:
    """Bytes of main memory that this process may still take; None where the system does not tell."""
    found = [count for count in (_of_system(), _of_group()) if count is not None]
    return min(found, default=None)


def _of_system() -> int | None:
    for name, value in _table(_SYSTEM):
        if name == "MemAvailable:":
            return 1024 * value
    return None


def _of_group() -> int | None:
    """What the control group (a container's, say) leaves; files that are cached give way."""
    limit = next((value for _, value in _table(_GROUP / "memory.max", named=False)), None)
    taken = next((value for _, value in _table(_GROUP / "memory.current", named=False)), None)
    if limit is None or taken is None:
        return None
    cached = sum(value for name, value in _table(_GROUP / "memory.stat") if name in ("active_file", "inactive_file"))
    return max(0, limit - taken + cached)


def _table(path: Path, *, named: bool = True) -> Iterator[tuple[str, int]]:
    """The numbers of a file of the system, by name; nothing where it is not there."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeError):
        return
    for line in lines:
        words = line.split() if named else ["", *line.split()]
        if len(words) > 1 and words[1].isdigit():
            yield words[0], int(words[1])
