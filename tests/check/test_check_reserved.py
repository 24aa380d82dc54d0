"""The lists of reserved names against the Python, torch and runtime that are installed."""

import builtins
import keyword

import pytest

from swc.check.reserved import (
    GENERATED_CLASSES,
    MODULE_ATTRIBUTES,
    MODULE_DICT_ATTRIBUTES,
    PYTHON_BUILTINS,
    PYTHON_WORDS,
    class_name,
)
from swc.emit.names import FUNCTIONS


def test_every_word_of_python_is_reserved() -> None:
    assert set(keyword.kwlist) | set(keyword.softkwlist) - {"_"} <= PYTHON_WORDS


def test_every_function_of_python_is_reserved() -> None:
    lower = {name for name in dir(builtins) if name.islower() and not name.startswith("_")}
    assert lower - {"credits", "copyright", "license", "exit", "quit"} <= PYTHON_BUILTINS | PYTHON_WORDS


def test_every_attribute_of_a_torch_module_is_reserved() -> None:
    nn = pytest.importorskip("torch.nn")
    public = {name for name in dir(nn.Module()) if not name.startswith("_")}
    assert {name for name in public if name != "T_destination"} <= MODULE_ATTRIBUTES
    members = {name for name in dir(nn.ModuleDict()) if not name.startswith("_")} - public
    assert members <= MODULE_DICT_ATTRIBUTES


def test_every_class_of_the_runtime_is_reserved() -> None:
    runtime = pytest.importorskip("swc_runtime")
    assert {name for name in runtime.__all__ if not name.islower()} <= GENERATED_CLASSES


def test_every_function_of_the_runtime_is_known_to_the_emitter() -> None:
    runtime = pytest.importorskip("swc_runtime")
    assert {name for name in runtime.__all__ if name.islower()} == FUNCTIONS


@pytest.mark.parametrize(
    ("name", "expected"),
    [("wrn", "Wrn"), ("wide_block", "WideBlock"), ("WideBlock", "WideBlock"), ("wrn_28_10", "Wrn2810")],
)
def test_class_names(name: str, expected: str) -> None:
    assert class_name(name) == expected
