"""A small spec to run the command line on."""

from pathlib import Path

import pytest

SPEC = """sw 1

family tiny {
    input  image(1, 8, 8)
    output classes(10)
    budget 60% of members
    member big   = wrn(depth=10, widen=2)
    member small = wrn(depth=10, widen=1)
    share {
        clusters gradient(threshold=0.1, epochs=1)
        refine   gradient(threshold=0.9, after=1)
        private  *.stem
    }
    train { epochs 2  batch 64  sgd(lr=0.05, momentum=0.9, nesterov)  cosine(warmup=1) }
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.sw"
    path.write_text(SPEC, encoding="utf-8")
    return path
