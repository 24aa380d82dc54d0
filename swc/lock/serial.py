"""A lock as ``swc lock show --format json`` prints it; docs/lock.md describes the format."""

from __future__ import annotations

import json
from math import prod

from attrs import asdict

from swc.lock.model import Lock

FORMAT_VERSION = 1


def to_json(lock: Lock) -> str:
    """JSON text without a final new line: clusters as a list, with their sizes."""
    content = {
        "format_version": FORMAT_VERSION,
        "family": lock.family,
        "structure": lock.structure,
        "data": lock.data,
        "bins": lock.bins,
        "outline": None if lock.outline is None else asdict(lock.outline),
        "epochs": lock.epochs,
        "seed": lock.seed,
        "threshold": lock.threshold,
        "threshold_used": lock.threshold_used,
        "layers": len(lock.layers),
        "clusters": [
            {
                "name": name,
                "weights_alone": sum(map(prod, layers.values())),
                "layers": [{"name": layer, "shape": list(shape)} for layer, shape in layers.items()],
            }
            for name, layers in lock.clusters.items()
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
