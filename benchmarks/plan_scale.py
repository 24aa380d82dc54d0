"""How compiling grows with the size of a family: CPU seconds and peak memory from the spec's text to the generated file.

Sixteen members of 10 to 1,000 layers each, built from a spec: groups of residual blocks in a `repeat`, of twelve widths
that differ from member to member and do not nest. Each size runs in a process of its own, several times; the fastest
run counts, because whatever else the machine does only ever adds time. Starting Python and importing swc is not part
of the figures.

    python benchmarks/plan_scale.py
    python benchmarks/plan_scale.py --layers 100 1000 --budget 10 --repeats 1
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from swc.compiler import LockChoice, compile_spec

_LIMITS = {100: (2.0, None), 1000: (20.0, 500)}
"""Layers a member: the CPU seconds and megabytes that plan and emit may take (the aim of docs/plan.md)."""


def family_text(members: int, layers: int, percent: float) -> str:
    """A spec of ``members`` members with ``layers`` layers each (a stem, pairs of convolutions, a head)."""
    pairs = (layers - 2) // 2
    groups = [pairs // 3 + (1 if k < pairs % 3 else 0) for k in range(3)]
    lines = [
        "sw 1",
        "",
        "block pair(width: int) {",
        "    y = conv1: conv(relu(bn(x)), width, 3)",
        "    y = conv2: conv(relu(bn(y)), width, if width % 16 == 0 then 3 else 1)",
        "    return if channels(x) == width then x + y else y",
        "}",
        "",
        "arch net(a: int, b: int, c: int, width: int) {",
        "    y = stem: conv(x, 16, 3)",
        *(f"    repeat {count} as i {{ y = group{name}: pair(y, width * {scale}) }}" for count, name, scale in ()),
    ]
    return "\n".join(lines)
