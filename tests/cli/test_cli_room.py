"""Families that do not fit into memory are refused in a sentence, before anything is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from swc_runtime import room

Swc = Callable[..., Result]
LOOK = ("--data", "digits", "--quiet", "--accelerator", "cpu")
TRAIN = (*LOOK, "--limit", "64", "--epochs", "1")


def told(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("arguments", [("train",), ("train", "--no-search"), ("search",)])
def test_a_family_larger_than_any_memory_is_refused_before_anything_is_written(
    swc: Swc, spec: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    text = spec.read_text(encoding="utf-8").replace("depth=10, widen=2", "depth=28, widen=9999")
    spec.write_text(text.replace("60%", "1%"), encoding="utf-8")
    command, *more = arguments
    message = told(swc(command, spec, *TRAIN, *more))
    assert "tiny does not fit into memory: its 364," in message
    assert "parameters (4 bytes, each with its gradient and momentum) take 4," in message
    assert "Lower the budget" in message
    assert list(tmp_path.iterdir()) == [spec]


@pytest.fixture
def trained(swc: Swc, spec: Path, tmp_path: Path) -> Path:
    result = swc("train", spec, *TRAIN, "--no-search")
    assert result.exit_code == 0, result.output
    return tmp_path / "runs" / "tiny"


def test_without_momentum_two_numbers_are_kept_of_each_parameter(
    swc: Swc, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "available", lambda: 1000)
    plain = spec.read_text(encoding="utf-8").replace("momentum=0.9, nesterov", "momentum=0.0")
    spec.write_text(plain, encoding="utf-8")
    assert "4 bytes, each with its gradient) take" in told(swc("train", spec, *TRAIN, "--no-search"))
    assert list(tmp_path.iterdir()) == [spec]


def test_commands_on_trained_families_say_what_does_not_fit(
    swc: Swc, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "available", lambda: 1000)
    for command in (
        ("eval", trained, *LOOK),
        ("anytime", trained, *LOOK),
        ("predict", trained, tmp_path),
        ("export", trained, "-o", tmp_path / "out"),
        ("train", trained / "tiny.py", *TRAIN, "--fresh"),
    ):
        assert "tiny does not fit into memory" in told(swc(*command)), command
    assert not (tmp_path / "out").exists()
    assert (trained / "family.safetensors").is_file()


def test_an_allocator_that_gives_up_is_told_and_other_faults_are_not_hidden(
    trained: Path, swc: Swc, monkeypatch: pytest.MonkeyPatch
) -> None:
    from swc_runtime import Family  # noqa: PLC0415 - torch is loaded for what needs it only

    def fail(text: str) -> None:
        def initialise(_self: Any) -> None:
            raise RuntimeError(text)

        monkeypatch.setattr(Family, "__init__", initialise)

    fail("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")
    assert "parameters ran out of it. Lower the budget" in told(swc("eval", trained, *LOOK))
    fail("a fault of the program")
    with pytest.raises(RuntimeError, match="a fault of the program"):
        swc("eval", trained, *LOOK)
