from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # for export_families

import export_families

from swc_runtime import Family


@pytest.fixture(autouse=True)
def _one_thread():
    """Sums come in one order, and test processes do not fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny(tmp_path: Path) -> Family:
    return export_families.family_of(export_families.generated(export_families.SPEC, tmp_path))
