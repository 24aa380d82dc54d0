"""Checkpoints: safetensors files with JSON metadata, written whole or not at all, and read without running code.

Every tensor has a digest in the metadata, and the metadata have one of themselves: a file of which a single bit has
changed is refused, by the name of the tensor that it hit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from swc_runtime.durable import write_atomically
from swc_runtime.problems import CheckpointError

FORMAT_VERSION = 2
_KEY = "swc"
_DIGESTS, _SEAL = "digests", "seal"
_LARGEST_NOTE = 90_000_000
"""Bytes of metadata. Files whose header takes more than 100 MB cannot be read."""


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, object]) -> None:
    """Write tensors and JSON-able ``metadata``.

    Raises:
        CheckpointError: a tensor holds values that are no finite numbers, or the file cannot be written (see
            ``write_atomically``); an old file is left as it was.
    """
    plain = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    odd = not_finite(plain)
    if odd is not None:
        raise CheckpointError(
            f"{path} was not written: {odd} holds values that are no finite numbers. A file of that name that was "
            "there is unchanged."
        )
    digests = {name: digest(tensor) for name, tensor in plain.items()}
    note = _sealed({"format_version": FORMAT_VERSION, **metadata, _DIGESTS: digests})
    if len(note) > _LARGEST_NOTE:
        raise CheckpointError(
            f"{path} was not written: its metadata take {len(note):,} bytes, more than a file of this kind may hold "
            f"({_LARGEST_NOTE:,}). Train fewer epochs, or smaller families."
        )
    write_atomically(path, save(plain, metadata={_KEY: note}))


def digest(tensor: Tensor) -> str:
    """BLAKE2b (16 bytes, as hexadecimal digits) of the kind, the shape and the bytes of a tensor on the CPU."""
    hashed = hashlib.blake2b(f"{tensor.dtype} {tuple(tensor.shape)}".encode(), digest_size=16)
    hashed.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of a tensor that holds NaN or infinity, or None."""
    return next((n for n, value in tensors.items() if value.is_floating_point() and not value.isfinite().all()), None)


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a checkpoint alone; the tensors are not looked at.

    Raises:
        CheckpointError: no such file, not one of swc's, damaged, or of another format.
    """
    return _read(path, tensors=False)[1]


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All tensors (on the CPU) and the metadata of a checkpoint, every tensor checked against its digest.

    Raises:
        CheckpointError: no such file, not one of swc's, damaged, or of another format.
    """
    return _read(path, tensors=True)


def _read(path: Path, *, tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            note = (file.metadata() or {}).get(_KEY)
            names = set(file.keys())
            found = {name: file.get_tensor(name) for name in sorted(names)} if tensors else {}
    except (SafetensorError, OSError, ValueError) as problem:
        raise CheckpointError(f"{path} is damaged or no checkpoint ({problem}): use another one.") from problem
    if note is None:
        raise CheckpointError(f"{path} holds tensors, but is no checkpoint of swc.")
    metadata = _opened(path, note)
    digests: dict[str, str] = metadata.pop(_DIGESTS)
    for name in sorted(names ^ digests.keys()):
        state = "is missing" if name in digests else "does not belong to it"
        raise CheckpointError(f"{path} is damaged: the tensor {name} {state}. Use another one.")
    for name, tensor in found.items():
        if digest(tensor) != digests[name]:
            raise CheckpointError(
                f"{path} is damaged: the numbers of the tensor {name} are not those that were written. Use another one."
            )
    odd = not_finite(found)
    if odd is not None:
        raise CheckpointError(f"{path} is of no use: {odd} holds values that are no finite numbers. Use another one.")
    return found, metadata


def _text(content: Mapping[str, object]) -> str:
    return json.dumps(content, sort_keys=True)


def _seal(content: Mapping[str, object]) -> str:
    return hashlib.blake2b(_text(content).encode(), digest_size=16).hexdigest()


def _sealed(content: Mapping[str, object]) -> str:
    """The metadata as text, with a digest of everything else in it."""
    return _text({**content, _SEAL: _seal(content)})


def _opened(path: Path, note: str) -> dict[str, Any]:
    """The metadata within a text that ``_sealed`` gave, without the seal."""
    try:
        content: dict[str, Any] = json.loads(note)
        version = content["format_version"]
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise CheckpointError(f"{path} is damaged: its metadata cannot be read. Use another one.") from problem
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format {version}; this version of swc reads format {FORMAT_VERSION}: use the version that "
            "wrote it, or train again."
        )
    seal = content.pop(_SEAL, None)
    if seal != _seal(content) or _sealed(content) != note:  # the second: other spellings of the same numbers
        raise CheckpointError(f"{path} is damaged: its metadata are not those that were written. Use another one.")
    return content
