"""A lock, and a spec that asks for another search: said wherever the lock is used, and an exit code of verify only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from locked_family import edit, files

from swc.compiler import LockChoice, compile_spec
from swc.diagnostics import Severity
from swc.lock import other_settings, read_lock

Swc = Callable[..., Result]
ASKED = "gradient(threshold=0.5, epochs=1)"
USES = (("compile",), ("check",), ("plan",))


def asks(folder: Path, choice: str) -> None:
    edit(folder / "two.sw", (ASKED, choice))


def warnings(folder: Path) -> dict[str, str]:
    """The codes of the warnings that compiling gives, and where each points to in the spec."""
    found = [note for note in compile_spec(folder / "two.sw").notes if note.code.startswith("SW07")]
    assert all(note.severity is Severity.WARNING for note in found)
    return {note.code: note.primary.text if note.primary else "" for note in found}


@pytest.mark.parametrize("use", USES)
def test_a_lock_of_the_search_that_the_spec_asks_for_is_used_without_a_word(
    swc: Swc, locked: Path, use: tuple[str, ...]
) -> None:
    assert locked.exists()
    result = swc(*use, "two.sw")
    assert result.exit_code == 0
    assert "SW07" not in result.output


@pytest.mark.parametrize("use", USES)
def test_another_threshold_is_told_with_both_ways_out(
    swc: Swc, locked: Path, tmp_path: Path, use: tuple[str, ...]
) -> None:
    assert locked.exists()
    asks(tmp_path, "gradient(threshold=0.1, epochs=1)")
    result = swc(*use, "two.sw")
    assert result.exit_code == 0
    told = " ".join(result.output.split())
    for part in (
        "warning[SW0708]",
        "lock file two.lock was grouped at threshold=0.5, and the spec asks for threshold=0.1",
        "two.sw:6:13",
        "two.lock:8:3",
        "swc lock apply two.sw --threshold 0.1",
        "clusters gradient(threshold=0.5, epochs=1)",
    ):
        assert part in told
    assert "SW0709" not in told
    assert warnings(tmp_path) == {"SW0708": "clusters gradient(threshold=0.1, epochs=1)"}


def test_either_way_out_silences_the_warning(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    asks(tmp_path, "gradient(threshold=0.1, epochs=1)")
    assert swc("lock", "verify", "two.sw").exit_code == 1
    applied = swc("lock", "apply", "two.sw", "--threshold", "0.1")
    assert "SW07" not in applied.output
    assert warnings(tmp_path) == {}
    assert swc("lock", "verify", "two.sw").exit_code == 0

    other = swc("lock", "apply", "two.sw", "--threshold", "0.65")
    assert other.exit_code == 0
    assert "SW0708" in other.output
    assert "write `clusters gradient(threshold=0.65, epochs=1)`" in " ".join(other.output.split())
    edit(tmp_path / "two.sw", ("threshold=0.1", "threshold=0.65"))
    assert warnings(tmp_path) == {}


def test_a_dry_run_does_not_speak_of_a_lock_that_is_not_written(swc: Swc, locked: Path) -> None:
    assert locked.exists()
    assert "SW07" not in swc("lock", "apply", "two.sw", "--threshold", "0.1", "--dry-run").output


def test_regrouping_by_search_tells_it_as_well(swc: Swc, locked: Path) -> None:
    assert locked.exists()
    result = swc("search", "two.sw", "--data", "digits", "--threshold", "0.1")
    assert result.exit_code == 0, result.output
    assert "SW0708" in result.output


def test_other_epochs_need_another_search(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    asks(tmp_path, "gradient(threshold=0.5, epochs=7)")
    told = " ".join(swc("compile", "two.sw").output.split())
    assert "warning[SW0709]" in told
    assert "a search with epochs=1, and the spec asks for epochs=7" in told
    assert "swc search two.sw --data digits" in told
    assert warnings(tmp_path) == {"SW0709": "clusters gradient(threshold=0.5, epochs=7)"}
    assert swc("lock", "verify", "two.sw").exit_code == 1


def test_what_the_spec_leaves_out_has_its_default(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", (f"clusters {ASKED}", "refine none"))
    assert warnings(tmp_path).keys() == {"SW0708", "SW0709"}
    assert "by default, `clusters gradient(threshold=0.1, epochs=20)`" in swc("check", "two.sw").output


def test_verify_says_what_agrees_and_what_does_not(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    asks(tmp_path, "gradient(threshold=0.1, epochs=2)")
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "two.lock has the layers of two.sw: 6 layers in 4 clusters" in result.output
    assert "SW0708" in result.output
    assert "SW0709" in result.output
    assert "agrees" not in result.output


def test_a_lock_elsewhere_is_named_in_the_command(swc: Swc, locked: Path, tmp_path: Path) -> None:
    (tmp_path / "my locks").mkdir()
    elsewhere = tmp_path / "my locks" / "a.lock"
    locked.rename(elsewhere)
    asks(tmp_path, "gradient(threshold=-0.25, epochs=1)")
    told = " ".join(swc("compile", "two.sw", "--lock", "my locks/a.lock").output.split())
    assert "swc lock apply two.sw --threshold -0.25 --lock 'my locks/a.lock'" in told


def test_thresholds_that_differ_in_a_late_digit_are_told_apart(locked: Path, tmp_path: Path, swc: Swc) -> None:
    assert locked.exists()
    asks(tmp_path, "gradient(threshold=0.50000001, epochs=1)")
    assert "threshold=0.5, and the spec asks for threshold=0.50000001" in " ".join(
        swc("check", "two.sw").output.split()
    )


def test_a_lock_lowered_to_what_the_spec_asks_for_has_its_clusters(locked: Path, tmp_path: Path) -> None:
    edit(locked, ('"threshold": 0.5', '"threshold": 0.9'))
    assert warnings(tmp_path) == {}
    edit(locked, ('"threshold_used": 0.5', '"threshold_used": 0.45'))
    assert warnings(tmp_path).keys() == {"SW0708"}
    spec = tmp_path / "two.sw"
    family = compile_spec(spec, LockChoice(ignored=True)).family
    (found,) = other_settings(read_lock(locked, "two.lock"), family, spec, locked)
    assert "threshold=0.9 (lowered to 0.45)" in found.summary


@pytest.mark.parametrize("method", ["single", "depth"])
@pytest.mark.parametrize("use", USES)
def test_a_lock_that_the_spec_does_not_want_is_not_passed_over_in_silence(
    swc: Swc, locked: Path, tmp_path: Path, method: str, use: tuple[str, ...]
) -> None:
    assert locked.exists()
    asks(tmp_path, method)
    result = swc(*use, "two.sw")
    assert result.exit_code == 0
    assert f"lock file two.lock is not used: family `two` says `clusters {method}`" in result.output
    assert warnings(tmp_path) == {"SW0710": f"clusters {method}"}
    assert "SW0710" not in swc(*use, "two.sw", "--no-lock").output
    locked.unlink()
    assert warnings(tmp_path) == {}


def test_the_warnings_are_in_the_json_of_check(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    asks(tmp_path, "gradient(threshold=0.1, epochs=1)")
    found = json.loads(swc("check", "two.sw", "--format", "json").output)["diagnostics"]
    (warning,) = (d for d in found if d["code"] == "SW0708")
    assert warning["severity"] == "warning"
    assert warning["place"]["start"]["line"] == 6
    assert warning["related"][0]["place"]["file"] == "two.lock"


def test_other_bins_than_the_search_started_from(swc: Swc, locked: Path, tmp_path: Path) -> None:
    spec = tmp_path / "two.sw"
    edit(spec, ("epochs=1)", "epochs=1) bins 2 bins 3 for b.*"))
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "SW0720" in result.output
    asked = "started from bins of the planner's choice, and the spec asks for `bins 2; bins 3 for b.*`"
    assert asked in " ".join(result.output.split())
    assert "take `bins` out of the spec" in " ".join(result.output.split())
    edit(locked, ('"data"', '"bins": "bins 2; bins 3 for b.*",\n  "data"'))
    assert swc("lock", "verify", "two.sw").exit_code == 0
    edit(spec, ("bins 3 for b.*", "bins 3 for b.one, a.*, b.*"))
    edit(locked, ("bins 3 for b.*", "bins 3 for a.*, b.*, b.one"))
    assert swc("lock", "verify", "two.sw").exit_code == 0
    edit(spec, ("bins 3 for b.one, a.*, b.*", "bins 3 for b.*  bins 3 for a.*, b.one"))
    assert swc("lock", "verify", "two.sw").exit_code == 0
    edit(spec, ("bins 3 for b.*  bins 3 for a.*, b.one", "bins 3 for b.*"))
    edit(locked, ("bins 3 for a.*, b.*, b.one", "bins 3 for b.*"))
    edit(spec, ("bins 2 ", "bins 4 "))
    result = swc("compile", "two.sw")
    assert result.exit_code == 0
    assert "SW0720" in result.output
    assert "write `bins 2; bins 3 for b.*` into the spec" in " ".join(result.output.split())
    assert "two.lock:2:3" in result.output


def test_grouping_again_keeps_the_bins_of_the_search(swc: Swc, locked: Path, tmp_path: Path) -> None:
    edit(tmp_path / "two.sw", ("epochs=1)", "epochs=1) bins 2"))
    result = swc("lock", "apply", "two.sw", "--threshold", "0.1")
    assert result.exit_code == 0
    assert "SW0720" in result.output
    assert read_lock(locked, "two.lock").bins is None


def test_a_family_of_another_name(swc: Swc, locked: Path, tmp_path: Path) -> None:
    edit(tmp_path / "two.sw", ("family two", "family pair"))
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "SW0721" in result.output
    assert 'write `"family": "pair"` into the lock file' in result.output
    assert swc("compile", "two.sw").exit_code == 0
    edit(locked, ('"family": "two"', '"family": "pair"'))
    assert swc("lock", "verify", "two.sw").exit_code == 0


@pytest.mark.parametrize("bins", ["lots", "4", "bins 0", "bins 2;", "bins 4; 2 for a.*", ""])
def test_bins_that_no_spec_could_ask_for_are_damage(swc: Swc, locked: Path, bins: str) -> None:
    edit(locked, ('"data"', f'"bins": "{bins}",\n  "data"'))
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "SW0701" in result.output
    assert "two.lock:2:3" in result.output


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"family": "two"', '"family": "other"', "SW0721"),
        ('  "clusters": {', '<<<<<<< ours\n  "clusters": {', "SW0701"),
        ('"a.two"', '"a.tow"', "SW0706"),
    ],
)
@pytest.mark.parametrize("use", [("lock", "apply", "two.sw"), ("search", "two.sw", "--data", "digits")])
def test_a_lock_that_does_not_belong_is_not_replaced_by_another_grouping(
    swc: Swc, locked: Path, tmp_path: Path, old: str, new: str, code: str, use: tuple[str, ...]
) -> None:
    edit(locked, (old, new))
    before = files(tmp_path)
    result = swc(*use, "--threshold", "0.1")
    assert result.exit_code == 1
    assert code in result.output
    assert files(tmp_path) == before
