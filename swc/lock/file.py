"""Reading and writing lock files: JSON, sorted, one layer a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import asdict

from swc.diagnostics import Diagnostic, SpecError
from swc.files import write_atomically
from swc.lock.model import FORMAT_VERSION, Lock

_RENEW = "run `swc search` again to renew it, or delete it"


def lock_path(spec: Path) -> Path:
    """Where a spec's lock file lies: beside it, with the suffix ``.lock``."""
    return spec.with_suffix(".lock")


def lock_text(lock: Lock) -> str:
    """The content of a lock file."""
    head = asdict(lock, filter=lambda field, _: field.name != "clusters")
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


def read_lock(path: Path, display: str) -> Lock:
    """Read a lock file.

    Raises:
        SpecError: SW0701 when it cannot be read or is no lock file, SW0702 when a newer swc wrote it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _broken(display, f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _broken(display, f"it is no valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise _broken(display, "it holds no object")
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise SpecError(
            (
                Diagnostic(
                    "SW0702",
                    f"lock file {display} has format version {version!r}, and this swc reads version {FORMAT_VERSION}",
                    help=f"use the release of swc that wrote it, or {_RENEW}",
                ),
            )
        )
    return _lock(content, display)


def _lock(content: dict[str, Any], display: str) -> Lock:
    kinds: dict[str, tuple[type, ...]] = {
        "family": (str,),
        "structure": (str,),
        "data": (str,),
        "epochs": (int,),
        "seed": (int,),
        "threshold": (int, float),
        "threshold_used": (int, float),
        "clusters": (dict,),
    }
    for key, kind in kinds.items():
        if not isinstance(content.get(key), kind):
            raise _broken(display, f"its `{key}` is missing or of the wrong kind")
    unknown = sorted(set(content) - set(kinds) - {"format_version"})
    if unknown:
        raise _broken(display, f"it has an unknown entry `{unknown[0]}`")
    clusters = {}
    seen: dict[str, str] = {}
    for cluster, layers in content["clusters"].items():
        if not isinstance(layers, dict) or not layers:
            raise _broken(display, f"its cluster `{cluster}` names no layers")
        for name, shape in layers.items():
            if not (isinstance(shape, list) and len(shape) == 4 and all(isinstance(n, int) and n > 0 for n in shape)):
                raise _broken(display, f"layer `{name}` has no shape of four whole numbers")
            if name in seen:
                raise _broken(display, f"layer `{name}` is in cluster `{seen[name]}` and in `{cluster}`")
            seen[name] = cluster
        clusters[cluster] = {name: tuple(shape) for name, shape in layers.items()}
    known = {key: content[key] for key in kinds if key != "clusters"}
    return Lock(**known, clusters=clusters)


def _broken(display: str, why: str) -> SpecError:
    return SpecError((Diagnostic("SW0701", f"lock file {display} is damaged: {why}", help=_RENEW),))
