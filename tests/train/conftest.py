from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # for train_families


settings.register_profile("train", deadline=None)  # first calls into torch are slow
settings.load_profile("train")


@pytest.fixture(autouse=True)
def _one_thread():
    """Sums come in one order, and test processes do not fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
