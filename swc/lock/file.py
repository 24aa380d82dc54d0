"""Lock files as they lie on disk: JSON, sorted, one layer a line, so that version control shows what moved."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import asdict

from swc.files import write_atomically
from swc.lock.model import Lock
from swc.lock.reading import read_lock

__all__ = ["lock_path", "lock_text", "read_lock", "write_lock"]


def lock_path(spec: Path) -> Path:
    """Where a spec's lock file lies: beside it, with the suffix ``.lock``."""
    return spec.with_suffix(".lock")


def lock_text(lock: Lock) -> str:
    """The content of a lock file."""
    head = asdict(lock, filter=lambda field, value: field.name not in {"clusters", "source"} and value is not None)
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in sorted(head.items())]
    clusters = []
    for name in sorted(lock.clusters):
        layers = lock.clusters[name]
        rows = ",\n".join(f"      {json.dumps(x)}: {json.dumps(list(layers[x]))}" for x in sorted(layers))
        clusters.append(f"    {json.dumps(name)}: {{\n{rows}\n    }}")
    inner = ",\n".join(clusters)
    return "{\n" + "\n".join(lines) + '\n  "clusters": {\n' + inner + "\n  }\n}\n"


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, whole or not at all."""
    write_atomically(path, lock_text(lock))
