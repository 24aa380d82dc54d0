"""``swc lock show|verify|apply`` on a small family, its clusters and similarities written by hand."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from locked_family import edit, files

from swc.compiler import LockChoice, compile_spec
from swc.lock import Lock, lock_text, read_lock, structure_hash
from swc.lock.moves import Move, moves

Swc = Callable[..., Result]


# show


@pytest.mark.parametrize("target", ["two.lock", "two.sw"])
def test_the_clusters_are_shown_with_their_sizes(swc: Swc, locked: Path, target: str) -> None:
    assert locked.exists()
    result = swc("lock", "show", target)
    assert result.exit_code == 0
    assert "two: 6 layers in 4 clusters" in result.output
    assert re.search(r"^τ +0\.5$", result.output, re.MULTILINE)
    assert re.search(r"^search +1 epoch on digits, seed 7$", result.output, re.MULTILINE)
    assert re.search(r"^conv3x3-a-one +2 +432 +a\.one, b\.one *$", result.output, re.MULTILINE)
    assert re.search(r"^conv3x3-b-three +1 +576 +b\.three *$", result.output, re.MULTILINE)


def test_a_lowered_threshold_is_shown_as_such(swc: Swc, locked: Path) -> None:
    edit(locked, ('"threshold_used": 0.5', '"threshold_used": 0.3'))
    assert "0.3 (asked for 0.5, whose clusters do not fit the budget whole)" in swc("lock", "show", locked).output


def test_a_lock_as_json(swc: Swc, locked: Path) -> None:
    content = json.loads(swc("lock", "show", "two.sw", "--format", "json").output)
    lock = read_lock(locked, "two.lock")
    assert content["format_version"] == 1
    assert content["layers"] == 6
    for key in ("family", "structure", "data", "epochs", "seed", "threshold", "threshold_used"):
        assert content[key] == getattr(lock, key)
    found = {c["name"]: {x["name"]: tuple(x["shape"]) for x in c["layers"]} for c in content["clusters"]}
    assert found == lock.clusters
    assert {c["name"]: c["weights_alone"] for c in content["clusters"]}["conv3x3-a-two"] == 2 * 8 * 8 * 9


def test_without_a_lock_there_is_nothing_to_show(swc: Swc) -> None:
    for arguments in (("show", "two.sw"), ("show", "two.lock"), ("verify", "two.sw")):
        result = swc("lock", *arguments)
        assert result.exit_code == 1
        assert "SW0707" in result.output
        assert "swc search" in result.output


# verify


def test_a_lock_agrees_with_the_spec_it_was_made_for(swc: Swc, locked: Path, tmp_path: Path) -> None:
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"two\.lock agrees with two\.sw: 6 layers in 4 clusters, [\d,]+ of [\d,]+ parameters\n", result.output
    )
    locked.rename(tmp_path / "other.lock")
    assert swc("lock", "verify", "two.sw", "--lock", "other.lock").exit_code == 0


def test_every_layer_that_differs_is_named(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("member a = net()", "member a = net(16)"), ("member b", "member c"))
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    for line in (
        "a.one: 8×3×3×3 in the lock, 16×3×3×3 in the spec",
        "a.three: 8×8×3×3 in the lock, 16×16×3×3 in the spec",
        "b.two: locked, but the spec has no such layer that shares",
        "c.two: in the spec, but not in the lock",
        "two.sw:2:8",
        "two.lock:",
    ):
        assert line in result.output
    assert "SW0703" in result.output
    assert "more" not in result.output


def test_compiling_lists_a_dozen_and_points_to_verify(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    members = "".join(f"    member m{i} = net()\n" for i in range(4))
    edit(tmp_path / "two.sw", ("    member a = net()\n    member b = net()\n", members))
    result = swc("compile", "two.sw")
    assert result.exit_code == 1
    assert "and 6 more (all of them: swc lock verify)" in result.output
    assert result.output.count("in the spec, but not in the lock") + result.output.count("no such layer") == 12
    assert swc("lock", "verify", "two.sw").output.count("in the spec, but not in the lock") == 12


def test_a_lock_of_another_family_is_named(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("family two", "family three"), ("member b", "member c"))
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "was made for family `two`, and not for family `three`" in result.output


def test_what_may_change_under_a_lock(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("budget 300%", "budget 250%"), ("share {", "// words\n    share {"))
    assert swc("lock", "verify", "two.sw").exit_code == 0


def test_a_layer_moved_by_hand_is_accepted_and_told(swc: Swc, locked: Path) -> None:
    edit(locked, ('"a.three"', '"b.three"'), ('"b.three"', '"a.three"'))
    edit(
        locked,
        ('      "b.one": [8, 3, 3, 3]\n    },', '      "b.one": [8, 3, 3, 3],\n      "b.three": [8, 8, 3, 3]\n    },'),
    )
    text = locked.read_text(encoding="utf-8")
    alone = re.search(r'    "conv3x3-b-three": \{\n.*\n    \}', text)
    assert alone
    locked.write_text(text.replace(",\n" + alone.group(), ""), encoding="utf-8")
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 0, result.output
    assert "moved by hand since the search, which the plan accepts:" in result.output
    assert "conv3x3-b-three → conv3x3-a-one: 1 layer: b.three" in result.output
    (locked.parent / "two.similarities.json").write_text('{"structure": 1', encoding="utf-8")
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 0
    assert "by hand" not in result.output


def test_moves_that_the_planner_does_not_accept(swc: Swc, locked: Path, tmp_path: Path) -> None:
    edit(tmp_path / "two.sw", ("share {", "share { tie a.one, b.one "))
    family = compile_spec(tmp_path / "two.sw", LockChoice(ignored=True)).family
    lock = read_lock(locked, "two.lock")
    clusters = {name: dict(layers) for name, layers in lock.clusters.items()}
    clusters["conv3x3-a-two"]["b.one"] = clusters["conv3x3-a-one"].pop("b.one")
    broken = Lock("two", structure_hash(family), "digits", 1, 7, 0.5, 0.5, clusters)
    locked.write_text(lock_text(broken), encoding="utf-8")
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "SW0716" in result.output


@pytest.mark.parametrize(
    ("replacements", "parts"),
    [
        (
            (('      "a.two": [8, 8, 3, 3],\n', ""),),
            ("SW0706", "a.two: in the spec, but not in the lock", "moved from"),
        ),
        ((('"a.two": [8, 8', '"a.two": [8, 9'),), ("SW0706", "a.two: 8×9×3×3 in the lock", "two.lock:")),
        ((('"a.two"', '"a.too"'),), ("SW0706", "a.too: locked, but the spec", "a.two: in the spec, but not")),
        ((('"a.two"', '"b.two"'),), ("SW0701", "`b.two` twice", "two.lock:")),
        ((('"conv3x3-a-two"', '"conv3x3-a-one"'),), ("SW0701", "`conv3x3-a-one` twice", "two.lock:")),
        ((('"conv3x3-a-two"', '"conv3x3 a two"'),), ("SW0701", "letters, digits", "two.lock:")),
        ((('"threshold": 0.5', '"threshold": 5'),), ("SW0701", "from -1 to 1", "two.lock:8:3")),
        ((('"seed": 7', '"seed": true'),), ("SW0701", "`seed` is not a whole number", "two.lock:6:3")),
        ((('  "seed": 7,\n', ""),), ("SW0701", "`seed` is missing")),
        ((("[8, 8, 3, 3]", "[8, 8, 3, true]"),), ("SW0701", "four whole numbers", "two.lock:")),
        ((('  "seed"', '<<<<<<< HEAD\n  "seed"'),), ("SW0701", "merge conflicts", "two.lock:6:1")),
        ((('"format_version": 1', '"format_version": 2'),), ("SW0702", "two.lock:5:3")),
        (
            (('"format_version": 1', '"format_version": 1.0'),),
            ("SW0701", "`format_version` is not a whole", "lock:5:3"),
        ),
        (
            (('"format_version": 1', '"format_version": true'),),
            ("SW0701", "`format_version` is not a whole", "lock:5:3"),
        ),
        ((('  "format_version": 1,\n', ""),), ("SW0701", "`format_version` is missing")),
        (
            (('"threshold_used": 0.5', '"threshold_used": 0.6'),),
            ("SW0701", "`threshold_used` is above", "two.lock:9:3"),
        ),
        ((('"threshold": 0.5', '"threshold": NaN'),), ("SW0701", "from -1 to 1", "two.lock:8:3")),
        ((('"seed": 7', '"seed": -7'),), ("SW0701", "`seed` is below 0", "two.lock:6:3")),
        ((('"seed": 7', '"seed": 7.0'),), ("SW0701", "`seed` is not a whole number", "two.lock:6:3")),
        ((('"seed": 7', '"bins": 4,\n  "seed": 7'),), ("SW0701", "`bins` is not text", "two.lock:6:3")),
        ((('"conv3x3-a-two"', '"Conv3x3-A-one"'),), ("SW0701", "differ in nothing but case", "two.lock:")),
        ((('"conv3x3-a-two"', '"../conv3x3"'),), ("SW0701", "letters, digits", "two.lock:")),
        ((('"conv3x3-a-two"', '""'),), ("SW0701", "letters, digits", "two.lock:")),
        ((('"digits"', '"\\ud800"'),), ("SW0701", "characters that cannot be shown")),
        ((('"digits"', '"\\u001b[31m"'),), ("SW0701", "characters that cannot be shown")),
        ((('"structure": "', '"structure": "z'),), ("SW0701", "`structure` is no hash", "two.lock:7:3")),
        ((("[8, 3, 3, 3]", f"[8, {10**4000}, 3, 3]"),), ("SW0701", "four whole numbers", "two.lock:")),
        ((("[8, 3, 3, 3],", "[8, 3, 3, 3]"),), ("SW0701", "no valid JSON", "two.lock:")),
    ],
)
def test_edits_that_break_a_lock_are_found_where_they_are(
    swc: Swc, locked: Path, tmp_path: Path, replacements: tuple[tuple[str, str], ...], parts: tuple[str, ...]
) -> None:
    edit(locked, *replacements)
    before = files(tmp_path)
    for arguments in (("lock", "verify", "two.sw"), ("compile", "two.sw")):
        result = swc(*arguments)
        assert result.exit_code == 1, result.output
        for part in parts:
            assert part in result.output
    assert swc("lock", "apply", "two.sw", "--threshold", "0.1").exit_code == 1
    assert files(tmp_path) == before


def test_what_is_no_lock_file_is_called_what_it_is(swc: Swc, locked: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.lock").mkdir()
    for target, code, words in (
        ("two.similarities.json", "SW0701", "similarities that a search measured"),
        ("two.similarities.json", "SW0701", "name the lock file beside it: two.lock"),
        (".", "SW0701", "is a folder, and no lock file"),
        ("folder.lock", "SW0701", "is a folder, and no lock file"),
        ("none.lock", "SW0707", "there is no lock file none.lock"),
        ("net.sw", "SW0707", "there is no lock file net.lock"),
        ("none.sw", "SW0001", "there is no file none.sw"),
    ):
        result = swc("lock", "show", target)
        assert result.exit_code == 1
        assert code in result.output
        assert words in result.output
    for command in (("compile",), ("plan",), ("check",), ("lock", "verify"), ("lock", "apply", "--threshold", "0.1")):
        result = swc(*command, "two.sw", "--lock", "none.lock")
        assert result.exit_code == 1
        assert "SW0707" in result.output
    for command in (("lock", "verify"), ("lock", "apply", "--threshold", "0.1")):
        result = swc(*command, "two.lock")
        assert result.exit_code == 2
        assert "two.lock is a lock file: name its spec, two.sw" in result.output
    before = files(tmp_path)
    for command in (("lock", "apply", "--threshold", "0.1"), ("search", "--data", "digits")):
        result = swc(*command, "two.sw", "--lock", "net.sw")
        assert result.exit_code == 2
        assert "net.sw does not end with .lock" in result.output
        assert files(tmp_path) == before
    assert locked.exists()


def test_a_lock_that_is_cut_off_anywhere_is_refused(swc: Swc, locked: Path, tmp_path: Path) -> None:
    text = locked.read_text(encoding="utf-8")
    for length in range(0, len(text) - 2, 23):
        locked.write_text(text[:length], encoding="utf-8")
        before = files(tmp_path)
        result = swc("lock", "show", "two.lock")
        assert result.exit_code == 1
        assert "SW0701" in result.output
        assert files(tmp_path) == before


def test_a_spec_that_needs_no_lock(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("gradient(threshold=0.5, epochs=1)", "single"))
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "SW0704" in result.output


def test_verifying_and_showing_load_no_torch(locked: Path) -> None:
    script = (
        "import sys; from swc.cli import main\n"
        "main(['lock', 'verify', 'two.sw'], standalone_mode=False)\n"
        "main(['lock', 'show', 'two.sw'], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=locked.parent, check=True, capture_output=True)


# apply


def test_another_threshold_moves_layers(swc: Swc, locked: Path, tmp_path: Path) -> None:
    before = files(tmp_path)
    dry = swc("lock", "apply", "two.sw", "--threshold", "0.1", "--dry-run")
    assert dry.exit_code == 0
    assert "6 layers in 3 clusters at τ = 0.1; 4 clusters at τ = 0.5 before" in dry.output
    assert "conv3x3-a-two → conv3x3-a-one: 2 layers: a.two, b.two" in dry.output
    assert "dry run: nothing was written" in dry.output
    assert files(tmp_path) == before
    result = swc("lock", "apply", "two.sw", "--threshold", "0.1")
    assert result.exit_code == 0
    lock = read_lock(locked, "two.lock")
    assert set(lock.clusters["conv3x3-a-one"]) == {"a.one", "b.one", "a.two", "b.two"}
    assert (lock.threshold, lock.threshold_used, lock.data, lock.seed) == (0.1, 0.1, "digits", 7)
    assert swc("lock", "apply", "two.sw", "--threshold", "0.5").exit_code == 0
    assert files(tmp_path) == before


def test_a_threshold_that_changes_nothing_says_so(swc: Swc, locked: Path) -> None:
    assert locked.exists()
    assert "no layer changes its cluster" in swc("lock", "apply", "two.sw", "--threshold", "0.6", "--dry-run").output


def test_a_threshold_that_the_budget_does_not_allow_is_lowered(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("300%", "80%"))
    output = swc("lock", "apply", "two.sw", "--threshold", "0.95", "--dry-run").output
    used = re.search(r"at τ = ([\d.-]+) \(asked for 0\.95, whose clusters do not fit the budget whole\)", output)
    assert used
    assert float(used[1]) < 0.95


def test_apply_undoes_moves_by_hand(swc: Swc, locked: Path) -> None:
    text = locked.read_text(encoding="utf-8")
    locked.write_text(text.replace('"conv3x3-a-two"', '"mine"'), encoding="utf-8")
    result = swc("lock", "apply", "two.sw", "--threshold", "0.5")
    assert "mine → conv3x3-a-two: 2 layers: a.two, b.two" in result.output
    assert locked.read_text(encoding="utf-8") == text


def test_apply_makes_a_lock_that_was_deleted(swc: Swc, locked: Path) -> None:
    text = locked.read_text(encoding="utf-8")
    locked.unlink()
    assert swc("lock", "apply", "two.sw", "--threshold", "0.5").exit_code == 0
    assert locked.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (None, "cannot be read"),
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: text.replace('"a.one"', '"a.uno"'), "other layers"),
        (lambda text: text.replace('"layers": ["a.one"', '"layers": ["a.two"'), "names, each once"),
        (lambda text: text.replace('"layers": ["a.one"', '"layers": ["a.uno"'), "do not name the same layers"),
        (lambda text: text.replace('"conv3x3"', '"conv5x5"'), "in other pools"),
        (lambda text: text.replace('"epochs": 1', '"epochs": "one"'), "'one' is no whole number"),
        (lambda text: text.replace('"epochs": 1', '"epochs": 0'), "no whole number from 1 up"),
        (lambda text: text.replace('"seed": 7', '"seed": 7.0'), "no whole number"),
        (lambda text: text.replace("0.9", "7"), "the cosine of a.one and b.one is 7"),
        (lambda text: text.replace("0.9", "NaN"), "NaN is no number"),
        (lambda text: text.replace("0.9", "-Infinity"), "-Infinity is no number"),
        (lambda text: text.replace("0.9", "true"), "no number from -1 to 1"),
        (lambda text: text.replace("0.9", '"0.9"'), "no number from -1 to 1"),
        (lambda text: text.replace("0.9, ", ""), "no upper triangle"),
        (lambda text: text.replace("0.9, ", "0.2, "), "at their own τ = 0.5 they do not give the groups"),
        (lambda text: text.replace('"requested": 0.5', '"requested": 0.4'), "above the requested one"),
        (lambda text: text.replace('"data"', '"date"'), "data is missing"),
        (
            lambda text: text.replace('"groups": [["a.one"', '"groups": [["\\ud800"'),
            r"characters that cannot be shown, in '\ud800'",
        ),
        (lambda text: text.replace('"conv3x3"', '"\\ud800"'), r"characters that cannot be shown, in '\ud800'"),
        (lambda text: text.replace('"seed"', '"seeds"'), "has no seed"),
        (lambda text: text.replace('"seed"', '"more": 1, "seed"'), "unknown entry more"),
        (lambda text: text.replace('"data"', '"more": 1, "data"'), "more is not known"),
        (lambda _: "{}", "structure is missing"),
        (lambda _: "[]", "a list where an object belongs"),
        (lambda _: "", "not JSON"),
        (lambda text: text.replace('"structure": "', '"structure": "0'), "another version"),
        (lambda text: text.replace('"pools"', '"pooled"'), "damaged"),
        (lambda text: "[" * 100_000 + text, "damaged"),
    ],
)
def test_similarities_that_cannot_be_used(
    swc: Swc, locked: Path, tmp_path: Path, damage: Callable[[str], str] | None, why: str
) -> None:
    kept = locked.with_suffix(".similarities.json")
    if damage is None:
        kept.unlink()
    else:
        text = kept.read_text(encoding="utf-8")
        kept.write_text(damage(text), encoding="utf-8")
        assert kept.read_text(encoding="utf-8") != text
    before = files(tmp_path)
    result = swc("lock", "apply", "two.sw", "--threshold", "0.1")
    assert result.exit_code == 1
    assert "SW0705" in result.output
    assert why in result.output
    assert files(tmp_path) == before
    assert swc("lock", "verify", "two.sw").exit_code == 0  # the lock is good all the same


def test_a_lock_of_another_version_is_not_overwritten(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("member b = net()", "member b = net(12)"))
    before = files(tmp_path)
    result = swc("lock", "apply", "two.sw", "--threshold", "0.1")
    assert result.exit_code == 1
    assert "SW0703" in result.output
    assert files(tmp_path) == before


def test_wrong_usage(swc: Swc, locked: Path) -> None:
    assert locked.exists()
    for arguments in (("apply", "two.sw"), ("apply", "two.sw", "--threshold", "2"), ("show",), ("nothing",)):
        assert swc("lock", *arguments).exit_code == 2


def test_moves_between_clusters() -> None:
    before = {"x": ("a", "b", "gone"), "y": ("c",)}
    after = {"x": ("a", "c"), "z": ("b", "new")}
    assert moves(before, after) == (
        Move("b", "x", "z"),
        Move("gone", "x", None),
        Move("c", "y", "x"),
        Move("new", None, "z"),
    )
    assert moves(before, before) == ()


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (('"seed": 7', '"seed": 5'), "seed 7 and not 5"),
        (('"epochs": 1', '"epochs": 3'), "epochs 1 and not 3"),
        (('"digits"', '"cifar10"'), "data digits and not cifar10"),
    ],
)
def test_similarities_of_another_search_than_the_lock(
    swc: Swc, locked: Path, tmp_path: Path, entry: tuple[str, str], why: str
) -> None:
    edit(locked, entry, ("conv3x3-a-two", "conv3x3-mine"))
    before = files(tmp_path)
    result = swc("lock", "apply", "two.sw", "--threshold", "0.1")
    assert result.exit_code == 1
    assert f"they are of another search than the lock file: {why}" in " ".join(result.output.split())
    assert "moved by hand" not in swc("lock", "verify", "two.sw").output
    assert files(tmp_path) == before


def test_a_byte_order_mark_is_no_damage(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert swc("plan", "two.sw", "-o", "two.json").exit_code == 0
    for path in (locked, locked.with_suffix(".similarities.json"), tmp_path / "two.json"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert swc("lock", "verify", "two.sw").exit_code == 0
    assert swc("lock", "apply", "two.sw", "--threshold", "0.1").exit_code == 0
    assert "no difference" in swc("diff", "--no-lock", "two.json", "two.json").output


def test_a_linked_lock_is_written_where_it_lies(swc: Swc, locked: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    locked.rename(tmp_path / "real" / "two.lock")
    locked.symlink_to(Path("real") / "two.lock")
    assert swc("lock", "apply", "two.sw", "--threshold", "-1").exit_code == 0
    assert locked.is_symlink()
    assert '"threshold": -1' in (tmp_path / "real" / "two.lock").read_text(encoding="utf-8")
    (tmp_path / "real" / "two.lock").unlink()
    for command in (("compile",), ("plan",), ("lock", "verify")):
        result = swc(*command, "two.sw")
        assert result.exit_code == 1
        assert "SW0707" in result.output


@pytest.mark.parametrize("option", ["--epochs", "--seed", "--limit", "--batch"])
def test_grouping_again_says_which_options_play_no_part(swc: Swc, locked: Path, option: str) -> None:
    before = read_lock(locked, "two.lock")
    result = swc("search", "two.sw", "--data", "digits", "--threshold", "0.1", option, "64")
    assert result.exit_code == 0
    assert f"--threshold groups again and trains nothing: {option} plays no part" in result.output
    after = read_lock(locked, "two.lock")
    assert (after.epochs, after.seed) == (before.epochs, before.seed)
    assert "no part" not in swc("search", "two.sw", "--data", "digits", "--threshold", "0.1").output


def test_names_that_are_no_text_are_escaped(locked: Path, tmp_path: Path) -> None:
    name = b"t\xffo.sw"
    for old, suffix in ((tmp_path / "two.sw", b".sw"), (locked, b".lock")):
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/t\xffo" + suffix))).write_bytes(old.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", "from swc.cli import main; main()", "lock", "verify", os.fsdecode(name)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"agrees with" in done.stdout
