"""A spec to run the command line on."""

from pathlib import Path

import pytest
from report_families import SPEC


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "trio.sw"
    path.write_text(SPEC, encoding="utf-8")
    return path
