"""Frontier files: what is written is read back, and nothing else is."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from handmade import Mini
from hypothesis import given, settings
from hypothesis import strategies as st

from swc_runtime import Frontier, FrontierPoint
from swc_runtime.machine import device_name, torch_threads
from swc_runtime.serving.frontier_file import FrontierError, FrontierWarning, load_frontier, save_frontier

CPU = torch.device("cpu")


def measured(**changes: Any) -> Frontier:
    settings = {
        "device": device_name(CPU),
        "threads": torch_threads(CPU),
        "callers": 2,
        "scored_on": "val",
        "classes": tuple(f"class {n}" for n in range(10)),
        "entries": (
            FrontierPoint(("deep",), 1, 1.0, 2.0, 4.0, top1=0.8, nll=0.5, ece=0.1, timings=100),
            FrontierPoint(("wide",), 1, 1.5, 2.5, 4.5, top1=0.85, nll=0.4, ece=0.1, timings=100),
            FrontierPoint(("deep", "wide"), 1, 3.0, 5.0, 9.0, top1=0.9, nll=0.3, ece=0.1, timings=60),
            FrontierPoint(("deep",), 8, 2.0, 3.0, 4.0, top1=0.8, nll=0.5, ece=0.1, timings=100),
        ),
        "data": "digits",
        "identity": "0123456789abcdef",
        "images": 140,
    }
    return Frontier(**(settings | changes))


@pytest.fixture(scope="module")
def family() -> Mini:
    return Mini()


@pytest.fixture
def content(family: Mini, tmp_path: Path) -> dict[str, Any]:
    save_frontier(measured(), family, tmp_path / "written.json")
    found: dict[str, Any] = json.loads((tmp_path / "written.json").read_text())
    return found


def load(content: object, family: Mini, folder: Path) -> Frontier:
    path = folder / "f.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_frontier(path, family)


def test_what_is_written_is_read(family: Mini, tmp_path: Path) -> None:
    save_frontier(measured(), family, tmp_path / "f.json")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_frontier(tmp_path / "f.json", family, classes=[f"class {n}" for n in range(10)])
    assert found == measured()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.json"]


def test_the_first_format_is_refused_by_name(family: Mini, tmp_path: Path) -> None:
    old = {"format_version": 1, "family": "mini", "structure": "x", "device": "cpu", "entries": [], "pareto": []}
    with pytest.raises(FrontierError, match=r"has format 1; this version of swc reads 2: measure again"):
        load(old, family, tmp_path)
    for version in (None, True, 2.0, "2", [], 3):
        with pytest.raises(FrontierError, match="has format"):
            load(old | {"format_version": version}, family, tmp_path)


def test_no_file_and_no_json(family: Mini, tmp_path: Path) -> None:
    with pytest.raises(FrontierError, match=r"no frontier .*swc anytime"):
        load_frontier(tmp_path / "none.json", family)
    with pytest.raises(FrontierError, match="swc anytime"):
        load_frontier(tmp_path, family)
    for text in (
        "",
        "{",
        "[]",
        "3",
        "[" * 100_000,
        '{"a":' * 50_000,
        "\0",
        '{"format_version": 2, "format_version": 2}',
    ):
        with pytest.raises(FrontierError, match="no frontier as"):
            load(text, family, tmp_path)
    (tmp_path / "f.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(FrontierError, match="no frontier as"):
        load_frontier(tmp_path / "f.json", family)


def test_absurdly_large_files_are_not_taken_into_memory(family: Mini, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(FrontierError, match=r"more than .* bytes"):
        load_frontier(path, family)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-1", "0", '"1"', "true", "null"]
)
@pytest.mark.parametrize("key", ["p50_ms", "batch", "timings"])
def test_numbers_that_are_none(number: str, key: str, content: dict[str, Any], family: Mini, tmp_path: Path) -> None:
    content["entries"][1][key] = "HERE"
    with pytest.raises(FrontierError, match="no frontier as"):
        load(json.dumps(content).replace('"HERE"', number), family, tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("members", ["deep", "deep"], "entry 2: a member is named twice"),
        ("members", ["thin"], r"entry 2: no member 'thin' \(members: deep, wide\)"),
        ("members", [], "entry 2: members is no list"),
        ("members", "deep", "entry 2: members is no list"),
        ("members", [["deep"]], "entry 2: members is no list"),
        ("members", ["deep"], r"entry 2: deep at batch 1 is there twice"),
        ("top1", 1.1, "entry 2: top1 is no number from 0 to 1"),
        ("ece", -0.1, "entry 2: ece is no number from 0 to 1"),
        ("nll", -0.1, "entry 2: nll is no number from 0"),
        ("nll", 10**400, "entry 2: nll is not finite"),
        ("p95_ms", 1.0, "not positive and ascending"),
        ("p99_ms", 2.0, "not positive and ascending"),
        ("speed", 2.0, "entry 2: 'speed' is unknown"),
    ],
)
def test_entries_that_are_wrong(
    key: str, value: object, message: str, content: dict[str, Any], family: Mini, tmp_path: Path
) -> None:
    content["entries"][1][key] = value
    with pytest.raises(FrontierError, match=message):
        load(content, family, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entries": []}, "entries is no list"),
        ({"entries": {}}, "entries is no list"),
        ({"entries": [3]}, "entry 1: not an object"),
        ({"classes": ["a"]}, "1 class names for 10 classes"),
        ({"classes": list(range(10))}, "classes is no list of names"),
        ({"scored_on": "train"}, "neither val nor test"),
        ({"scored_on": ["val"]}, "scored_on is no text"),
        ({"threads": -1}, "threads is no number"),
        ({"threads": 1.0}, "threads is no number"),
        ({"callers": 0}, "callers is no number"),
        ({"device": None}, "device is no text"),
        ({"data": "digits"}, "data is not an object"),
        ({"data": {"name": "digits"}}, "data: identity is missing"),
        ({"pareto": []}, "'pareto' is unknown"),
        ({"structure": 3}, "structure is no text"),
    ],
)
def test_frontiers_that_are_wrong(
    changes: dict[str, Any], message: str, content: dict[str, Any], family: Mini, tmp_path: Path
) -> None:
    with pytest.raises(FrontierError, match=message):
        load(content | changes, family, tmp_path)


@pytest.mark.parametrize("key", ["family", "device", "threads", "scored_on", "classes", "entries", "data"])
def test_nothing_may_be_missing(key: str, content: dict[str, Any], family: Mini, tmp_path: Path) -> None:
    del content[key]
    with pytest.raises(FrontierError, match=f"{key} is (missing|no text)"):
        load(content, family, tmp_path)


@pytest.mark.parametrize("key", ["members", "batch", "p99_ms", "top1", "timings"])
def test_nothing_of_an_entry_may_be_missing(key: str, content: dict[str, Any], family: Mini, tmp_path: Path) -> None:
    del content["entries"][2][key]
    with pytest.raises(FrontierError, match=f"entry 3: {key} is missing"):
        load(content, family, tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["deep", "wide"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_takes_the_place_of_a_value_is_refused_or_used(
    data: st.DataObject, family: Mini, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    save_frontier(measured(), family, folder / "f.json")
    content = json.loads((folder / "f.json").read_text())
    places: list[tuple[Any, Any]] = [(content, key) for key in content]
    places += [(entry, key) for entry in content["entries"] for key in entry]
    places += [(content["data"], key) for key in content["data"]]
    where, key = data.draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    where[key] = data.draw(JSON)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FrontierWarning)
            found = load(content, family, folder)
    except FrontierError:
        return
    assert found.at(1) is not None
    assert set(found.choose(1, 1e12)) <= {"deep", "wide"}
    assert found.nearest(10**9) is not None


def test_another_family_is_refused(content: dict[str, Any], family: Mini, tmp_path: Path) -> None:
    with pytest.raises(FrontierError, match=r"measured for other \(structure .*\), not for"):
        load(content | {"family": "other"}, family, tmp_path)
    with pytest.raises(FrontierError, match=r"structure x\), not for"):
        load(content | {"structure": "x"}, family, tmp_path)


def test_other_classes_are_refused(family: Mini, tmp_path: Path) -> None:
    save_frontier(measured(), family, tmp_path / "f.json")
    names = [f"class {n}" for n in range(10)]
    with pytest.raises(FrontierError, match=r"class 0 named 'class 0', not 'class 1'"):
        load_frontier(tmp_path / "f.json", family, classes=[names[1], names[0], *names[2:]])
    with pytest.raises(FrontierError, match=r"10 classes, not 9"):
        load_frontier(tmp_path / "f.json", family, classes=names[:9])


def test_another_machine_and_other_threads_are_noticed(family: Mini, tmp_path: Path) -> None:
    save_frontier(measured(device="Abacus (3 CPUs)"), family, tmp_path / "f.json")
    with pytest.warns(FrontierWarning, match=r"measured on Abacus \(3 CPUs\), and this is .*need not hold"):
        load_frontier(tmp_path / "f.json", family)
    save_frontier(measured(threads=77), family, tmp_path / "f.json")
    with pytest.warns(FrontierWarning, match=r"with 77 threads of torch, and \d+ are in use"):
        load_frontier(tmp_path / "f.json", family)


def test_paths_may_be_texts(family: Mini, tmp_path: Path) -> None:
    save_frontier(measured(), family, str(tmp_path / "f.json"))
    assert load_frontier(str(tmp_path / "f.json"), family) == measured()
    with pytest.raises(FrontierError, match=r"There is no frontier nowhere\.json"):
        load_frontier("nowhere.json", family)


def test_what_controls_a_terminal_is_shown_not_done(content: dict[str, Any], family: Mini, tmp_path: Path) -> None:
    hostile = "Abacus\x1b[2J\r\u202e\ud800"
    shown = r"Abacus\x1b[2J\r\u202e\ud800"
    with pytest.warns(FrontierWarning, match=re.escape(f"measured on {shown}, and")):
        found = load(content | {"device": hostile}, family, tmp_path)
    with pytest.raises(ValueError, match=re.escape(f"on {shown}: the fastest")):
        found.choose(1, 0.001)
    for key in ("family", "structure"):
        with pytest.raises(FrontierError, match=re.escape(shown)):
            load(content | {key: hostile}, family, tmp_path)


def test_numbers_that_are_none_are_not_written(family: Mini, tmp_path: Path) -> None:
    broken = FrontierPoint(("deep",), 1, float("nan"), 2.0, 4.0, top1=0.8, nll=0.5, ece=0.1)
    with pytest.raises(ValueError, match="JSON"):
        save_frontier(measured(entries=(broken,)), family, tmp_path / "f.json")
    assert not (tmp_path / "f.json").exists()
