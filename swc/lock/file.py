"""Lock files as they lie on disk: JSON, sorted, one layer a line, so that version control shows what moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import asdict

from swc.files import write_atomically
from swc.lock.model import Lock
from swc.lock.reading import read_lock

__all__ = ["lock_path", "lock_text", "read_lock", "write_lock"]

_APART = {"clusters", "outline", "source"}
"""Parts of a lock that are written in their own way, or not at all."""


def lock_path(spec: Path) -> Path:
    """Where a spec's lock file lies: beside it, with the suffix ``.lock``."""
    return spec.with_suffix(".lock")


def lock_text(lock: Lock) -> str:
    """The content of a lock file."""
    head = asdict(lock, filter=lambda field, value: field.name not in _APART and value is not None)
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in sorted(head.items())]
    clusters = []
    for name in sorted(lock.clusters):
        layers = lock.clusters[name]
        rows = ",\n".join(f"      {json.dumps(x)}: {json.dumps(list(layers[x]))}" for x in sorted(layers))
        clusters.append(f"    {json.dumps(name)}: {{\n{rows}\n    }}")
    inner = ",\n".join(clusters)
    tail = "" if lock.outline is None else f',\n  "outline": {_indented(asdict(lock.outline))}'
    return "{\n" + "\n".join(lines) + '\n  "clusters": {\n' + inner + "\n  }" + tail + "\n}\n"


def _indented(outline: dict[str, Any]) -> str:
    """An outline with a line for each of its parts, for each member and for each hint."""
    members = ",\n".join(f"      {json.dumps(name)}: {json.dumps(value)}" for name, value in outline["members"].items())
    hints = ",\n".join(f"      {json.dumps(hint)}" for hint in outline["hints"])
    parts = {
        "classes": json.dumps(outline["classes"]),
        "hints": f"[\n{hints}\n    ]" if hints else "[]",
        "input": json.dumps(outline["input"]),
        "members": f"{{\n{members}\n    }}",
    }
    return "{\n" + ",\n".join(f"    {json.dumps(key)}: {value}" for key, value in parts.items()) + "\n  }"


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, whole or not at all."""
    write_atomically(path, lock_text(lock))
