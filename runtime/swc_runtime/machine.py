"""The machine that latencies are measured on: its name, its threads, and waiting for it."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

import torch


def device_name(device: torch.device) -> str:
    """What people call the device; of a CPU, with the number of processors that this process may use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    count = processors()
    return f"{_processor()} ({count} CPU{'s' if count > 1 else ''})"


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def torch_threads(device: torch.device) -> int:
    """Threads that torch uses within an operation; 0 where operations do not run on the CPU."""
    return torch.get_num_threads() if device.type == "cpu" else 0


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what this thread asked of it."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()
    elif device.type != "cpu":
        torch.accelerator.synchronize(device)


@cache
def _processor() -> str:
    """The processor's product name where the system tells it, else its kind."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
