"""Checkpoints: safetensors files with JSON metadata, written whole or not at all, and read without running code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from swc_runtime.problems import CheckpointError

FORMAT_VERSION = 1
_KEY = "swc"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that its name holds either the old content or the new, whatever happens meanwhile.

    Raises:
        CheckpointError: the disk is full, or the folder cannot be written; an old file is left as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the call whose atomicity is documented
    except OSError as problem:
        kept = " The file of the same name that was there is unchanged." if path.exists() else ""
        raise CheckpointError(
            f"{path} could not be written: {problem.strerror or problem}. Make room or choose another folder.{kept}"
        ) from problem
    finally:
        with suppress(OSError):  # gone after the replacement
            temporary.unlink()


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, object]) -> None:
    """Write tensors and JSON-able ``metadata``.

    Raises:
        CheckpointError: see ``write_atomically``.
    """
    note = json.dumps({"format_version": FORMAT_VERSION, **metadata}, sort_keys=True)
    plain = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    write_atomically(path, save(plain, metadata={_KEY: note}))


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a checkpoint alone.

    Raises:
        CheckpointError: no such file, not one of swc's, damaged, or of a newer format.
    """
    return _read(path, tensors=False)[1]


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All tensors (on the CPU) and the metadata of a checkpoint.

    Raises:
        CheckpointError: no such file, not one of swc's, damaged, or of a newer format.
    """
    return _read(path, tensors=True)


def _read(path: Path, *, tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
            found = {name: file.get_tensor(name) for name in file.keys()} if tensors else {}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as problem:
        raise CheckpointError(f"{path} is damaged or no checkpoint ({problem}): use another one.") from problem
    if header is None:
        raise CheckpointError(f"{path} holds tensors, but is no checkpoint of swc.")
    try:
        metadata: dict[str, Any] = json.loads(header)
        version = metadata["format_version"]
    except (ValueError, TypeError, KeyError) as problem:
        raise CheckpointError(f"{path} is damaged: its metadata cannot be read.") from problem
    if version != FORMAT_VERSION:
        raise CheckpointError(f"{path} has format {version}; this version of swc reads format {FORMAT_VERSION}.")
    return found, metadata
