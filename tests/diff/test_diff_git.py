"""Specs at git revisions: read with everything they depend on, and nothing else touched."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from swc.compiler import compile_spec
from swc.diagnostics import SpecError
from swc.diff.revision import Repository
from swc.lock import Lock, lock_text, structure_hash
from swc.plan import shareable_layers

Swc = Callable[..., Result]
Commit = Callable[..., None]

ARCH = """sw 1
arch net(width: int = 8) {
    y = stem: conv(x, width, 3)
    y = body: conv(relu(bn(y)), width, 3)
    return fc: linear(global_pool(relu(bn(y))), classes)
}
"""
SPEC = """sw 1
family one {
    input image(3, 8, 8) output classes(5) budget 90% of members
    member a = net()
    member b = net(12)
}
"""


def found(result: Result, code: int) -> dict[str, object]:
    assert result.exit_code == code, result.output
    content: dict[str, object] = json.loads(result.output)
    return content


def test_a_revision_against_the_working_tree_and_another(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    repository(one_dot_sw=SPEC.replace("net(12)", "net(16)"))
    (tmp_path / "one.sw").write_text(SPEC.replace("net(12)", "net(20)"), encoding="utf-8")
    now = found(swc("diff", "HEAD~1", "--format", "json", "--", "one.sw"), 1)
    assert now["members"] == [{"name": "b", "before": "net(width=12)", "after": "net(width=20)"}]
    assert (now["before"], now["after"]) == ("HEAD~1:one.sw", "one.sw")
    then = found(swc("diff", "HEAD~1", "HEAD", "--format", "json", "--", "one.sw"), 1)
    assert then["members"] == [{"name": "b", "before": "net(width=12)", "after": "net(width=16)"}]
    same = swc("diff", "HEAD", "HEAD", "--", "one.sw")
    assert (same.exit_code, same.output) == (0, "HEAD:one.sw → HEAD:one.sw: no difference\n")


def test_architectures_beside_the_spec_are_read_at_the_revision(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(specs__one_dot_sw=SPEC, specs__arch__net_dot_sw=ARCH)
    (tmp_path / "specs" / "arch" / "net.sw").write_text(ARCH.replace("width, 3)", "width, 5)"), encoding="utf-8")
    content = found(swc("diff", "HEAD", "--format", "json", "--", "specs/one.sw"), 1)
    assert {edit["name"] for edit in content["layers"]} == {"a.stem", "a.body", "b.stem", "b.body"}  # type: ignore[attr-defined]


def test_the_lock_beside_the_spec_is_read_at_the_revision(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    family = compile_spec(tmp_path / "one.sw").family
    layers = {layer.name: layer.shape for layer in shareable_layers(family)}
    groups = {"stems": ("a.stem", "b.stem"), "bodies": ("a.body", "b.body")}
    clusters = {name: {layer: layers[layer] for layer in group} for name, group in groups.items()}
    lock = Lock("one", structure_hash(family), "digits", 1, 0, 0.1, 0.1, clusters)
    repository(one_dot_lock=lock_text(lock))
    content = found(swc("diff", "HEAD~1", "HEAD", "--format", "json", "--", "one.sw"), 1)
    moved = {(m["layer"], m["before"], m["after"]) for m in content["sharing"]["moved"]}  # type: ignore[index]
    assert moved == {
        ("a.stem", "conv3x3", "stems"),
        ("b.stem", "conv3x3", "stems"),
        ("a.body", "conv3x3", "bodies"),
        ("b.body", "conv3x3", "bodies"),
    }
    assert swc("diff", "HEAD~1", "HEAD", "--no-lock", "--", "one.sw").exit_code == 0


def test_from_a_folder_below_and_with_an_absolute_path(
    swc: Swc, repository: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(specs__one_dot_sw=SPEC, specs__arch__net_dot_sw=ARCH)
    repository(specs__one_dot_sw=SPEC.replace("90%", "80%"))
    monkeypatch.chdir(tmp_path / "specs")
    assert swc("diff", "HEAD~1", "--", "one.sw").exit_code == 1
    monkeypatch.chdir(tmp_path.parent)
    assert swc("diff", "HEAD", "--", tmp_path / "specs" / "one.sw").exit_code == 0


def test_advice_counts_from_the_current_folder(
    swc: Swc, repository: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(specs__one_dot_sw=SPEC, specs__arch__net_dot_sw=ARCH)
    monkeypatch.chdir(tmp_path / "specs")
    assert "swc diff HEAD -- one.sw" in swc("diff", "HEAD", "--", "specs/one.sw").output
    assert "swc diff HEAD HEAD -- one.sw" in swc("diff", "HEAD..HEAD", "--", "one.sw").output
    assert "then: one.sw" in swc("diff", "HEAD", "--", "ones.sw").output
    whole = swc("diff", "HEAD", "--", tmp_path / "specs" / "ones.sw").output
    assert "ones.sw" in whole
    assert str(tmp_path.resolve() / "specs" / "one.sw") in "".join(whole.split("\n")).replace(" " * 8, "")
    (tmp_path / "specs" / "new.sw").write_text(SPEC, encoding="utf-8")
    assert "it is there now only" in swc("diff", "HEAD", "--", "new.sw").output
    monkeypatch.chdir(tmp_path / "specs" / "arch")
    assert "elsewhere then: ../one.sw" in swc("diff", "HEAD", "--", "one.sw").output
    (tmp_path / "none").mkdir()
    assert "none is a folder" in swc("diff", "HEAD", "--", "../../none").output


def test_a_repository_without_a_commit(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    del repository
    (tmp_path / "one.sw").write_text(SPEC, encoding="utf-8")
    assert "no branch with a commit yet" in swc("diff", "HEAD", "--", "one.sw").output


def test_a_spec_that_is_gone_can_still_be_compared(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(specs__one_dot_sw=SPEC, specs__arch__net_dot_sw=ARCH)
    repository(specs__one_dot_sw=SPEC.replace("90%", "80%"))
    repository(specs__one_dot_sw=None, specs__arch__net_dot_sw=None)
    (tmp_path / "specs" / "arch").rmdir()
    (tmp_path / "specs").rmdir()
    assert swc("diff", "HEAD~2", "HEAD~1", "--", "specs/one.sw").exit_code == 1
    gone = swc("diff", "HEAD~1", "--", "specs/one.sw")
    assert gone.exit_code == 2
    assert "SW0001" in gone.output


@pytest.mark.parametrize("committed", [True, False])
def test_a_spec_that_was_renamed_is_found_by_its_former_name(
    swc: Swc, repository: Commit, tmp_path: Path, *, committed: bool
) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    (tmp_path / "specs").mkdir()
    for name in ("one.sw", "arch"):
        subprocess.run(["git", "mv", name, f"specs/{name}"], cwd=tmp_path, check=True)
    if committed:
        repository(specs__one_dot_sw=SPEC.replace("90%", "80%"))
    else:
        (tmp_path / "specs" / "one.sw").write_text(SPEC.replace("90%", "80%"), encoding="utf-8")
    content = found(swc("diff", "HEAD~1" if committed else "HEAD", "--format", "json", "--", "specs/one.sw"), 1)
    assert content["before"] == f"{'HEAD~1' if committed else 'HEAD'}:one.sw"
    assert content["members"] == []
    assert [edit["after"] for edit in content["budget_text"]] == ["80% of members"]  # type: ignore[attr-defined]
    missing = swc("diff", "HEAD", "--", "specs/two.sw")
    assert missing.exit_code == 2
    assert "SW0903" in missing.output


def test_plans_under_version_control(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    plan = swc("plan", "one.sw", "--format", "json").output
    repository(one_dot_json=plan)
    (tmp_path / "one.json").write_text(plan.replace('"family": "one"', '"family": "two"'), encoding="utf-8")
    result = swc("diff", "HEAD", "--", "one.json")
    assert result.exit_code == 1
    assert "~ name  one → two" in result.output
    assert "not compared" in result.output


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_within_the_revision_are_followed(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "one.sw").symlink_to("../real.sw")
    repository(real_dot_sw=SPEC, specs__arch__net_dot_sw=ARCH)
    assert swc("diff", "HEAD", "--", "specs/one.sw").exit_code == 0
    (tmp_path / "specs" / "one.sw").unlink()
    (tmp_path / "specs" / "one.sw").symlink_to("../nowhere.sw")
    repository()
    assert "SW0001" in swc("diff", "HEAD", "HEAD", "--", "specs/one.sw").output


def test_the_working_tree_and_the_repository_are_left_alone(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    (tmp_path / "one.sw").write_text(SPEC.replace("90%", "80%"), encoding="utf-8")
    (tmp_path / ".git" / "index").touch()

    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = content()
    assert swc("diff", "HEAD", "--", "one.sw").exit_code == 1
    assert content() == before


def test_only_what_the_spec_may_need_is_copied(repository: Commit, tmp_path: Path) -> None:
    repository(
        s__one_dot_sw=SPEC,
        s__arch__net_dot_sw=ARCH,
        s__arch__arch__deep_dot_sw=ARCH,
        s__other_dot_lock="{}",
        s__one_dot_lock="{}",
        s__paper__far_dot_sw=SPEC,
        s__notes_dot_txt="",
        top_dot_sw=SPEC,
    )
    with Repository.of(tmp_path / "s" / "one.sw").checkout("HEAD") as (copy, _):
        folder = copy.parent
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        assert copy.read_text(encoding="utf-8") == SPEC
    assert names == ["arch/arch/deep.sw", "arch/net.sw", "one.lock", "one.sw"]
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("HEAD~9", "--", "one.sw"), ("SW0902", "`HEAD~9`", "git log")),
        (("nonsense", "--", "one.sw"), ("SW0902", "`nonsense`")),
        (("HEAD:one.sw", "--", "one.sw"), ("SW0902", "swc diff HEAD -- one.sw")),
        (("HEAD~1..HEAD", "--", "one.sw"), ("SW0902", "swc diff HEAD~1 HEAD -- one.sw")),
        (("HEAD", "HEAD~1", "--", "two.sw"), ("SW0903", "revision `HEAD` has no file two.sw", "one.sw")),
        (("HEAD", "--", "arch/none.sw"), ("SW0903", "arch/net.sw")),
        (("HEAD", "--", "README"), ("SW0903", "one.sw")),
        (("HEAD", "--", "arch/one.sw"), ("SW0903", "elsewhere then: one.sw")),
        (("HEAD", "--", "specs/ome.sw"), ("SW0903", "help: there were then: one.sw")),
        (("HEAD", "--", "p.json"), ("SW0903", "help: in its folder there were then: one.sw")),
        (("HEAD", "one.sw"), ("there is no file HEAD", "swc diff HEAD -- one.sw")),
        (("one.sw", "HEAD"), ("there is no file HEAD", "swc diff HEAD -- one.sw")),
        (("HEAD", "none"), ("no files HEAD and none", "swc diff HEAD none -- SPEC")),
        (("HEAD", "arch"), ("SW0904", "swc diff HEAD -- SPEC")),
        (("HEAD~1", "HEAD", "one.sw"), ("swc diff HEAD~1 HEAD -- one.sw",)),
        (("HEAD:one.sw", "one.sw"), ("with `--` between: swc diff HEAD -- one.sw",)),
        (("one.sw",), ("swc diff HEAD -- one.sw",)),
        (("--", "one.sw"), ("there is none: swc diff HEAD -- one.sw",)),
        (("HEAD", "--"), ("there is none: swc diff HEAD -- SPEC",)),
        (("HEAD", "--", "one.sw", "two.sw"), ("there are 2", "swc diff HEAD -- one.sw")),
        (("HEAD", "HEAD", "HEAD", "--", "one.sw"), ("there are 3", "swc diff HEAD HEAD -- one.sw")),
        (("one.sw", "--", "two.sw"), ("no revision", "without `--`: swc diff one.sw two.sw")),
        (("one.sw", "arch/net.sw", "--", "two.sw"), ("swc diff one.sw arch/net.sw",)),
        (("HEAD", "--", "--format", "json", "one.sw"), ("swc diff --format json HEAD -- one.sw",)),
        (("HEAD", "--", "--no-lock"), ("swc diff --no-lock HEAD -- SPEC",)),
        (("HEAD", "--", "my one.sw", "--no-lock"), ("swc diff --no-lock HEAD -- 'my one.sw'",)),
        (("HEAD", "--", "."), ("SW0903", ". is a folder", "such as one.sw")),
        (("arch", "arch"), ("SW0904", "arch is a folder", "such as arch/net.sw")),
        (("maim", "--", "one.sw"), ("SW0902", "the nearest name is main")),
        (("HEAD", "--", "one.sw", "--format", "json"), ("before `--`", "swc diff --format json HEAD -- one.sw")),
        (("HEAD", "--", "arch"), ("SW0903", "arch is a folder", "such as arch/net.sw")),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    swc: Swc, repository: Commit, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    repository()
    result = swc("diff", *arguments)
    assert result.exit_code == 2, result.output
    for part in parts:
        assert part in result.output


def test_errors_in_old_specs_name_the_revision(swc: Swc, repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC.replace("net(12)", "nett(12)"), arch__net_dot_sw=ARCH)
    repository(one_dot_sw=SPEC)
    result = swc("diff", "HEAD~1", "--", "one.sw")
    assert result.exit_code == 2
    assert "HEAD~1:one.sw:5:16" in result.output
    assert "HEAD~1:one.sw cannot be compared" in result.output
    assert str(tmp_path) not in result.output
    report = swc("diff", "HEAD~1", "--format", "json", "--", "one.sw")
    assert [d["code"] for d in json.loads(report.output)["diagnostics"]] == ["SW0203"]


def test_outside_of_a_repository(swc: Swc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "one.sw").write_text(SPEC, encoding="utf-8")
    result = swc("diff", "HEAD", "--", "one.sw")
    assert result.exit_code == 2
    assert "SW0901" in result.output
    assert "one.sw is not in a git repository" in result.output


def test_without_git(swc: Swc, repository: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = swc("diff", "HEAD", "--", "one.sw")
    assert result.exit_code == 2
    assert "SW0901" in result.output
    assert "install git" in result.output


@pytest.mark.skipif(os.name == "nt", reason="what may be run is told by its name there")
def test_a_git_that_may_not_be_run(
    swc: Swc, repository: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    (tmp_path / "git").write_text("", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = swc("diff", "HEAD", "--format", "json", "--", "one.sw")
    assert result.exit_code == 2
    (problem,) = json.loads(result.output)["diagnostics"]
    assert (problem["code"], problem["summary"]) == ("SW0901", "git cannot be run: permission denied")


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for git")
@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("detected dubious ownership in repository at '/x'", ("git does not trust", "safe.directory")),
        ("bad config line 1", ("git cannot look into", "bad config line 1")),
    ],
)
def test_what_git_says_is_passed_on(
    swc: Swc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, parts: tuple[str, ...]
) -> None:
    (tmp_path / "git").write_text(f'#!/bin/sh\necho "fatal: {said}" >&2\nexit 128\n', encoding="utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = swc("diff", "HEAD", "--", "one.sw")
    assert result.exit_code == 2
    for part in ("SW0901", *parts):
        assert part in " ".join(result.output.split())


def test_a_revision_is_never_an_option_of_git(repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC)
    with pytest.raises(SpecError, match="SW0902"):
        Repository.of(tmp_path / "one.sw").commit("--all")


def test_a_revision_that_was_not_fetched(repository: Commit, tmp_path: Path) -> None:
    repository(one_dot_sw=SPEC)
    repository()
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{tmp_path}", str(tmp_path / "shallow")],
        check=True,
        capture_output=True,
    )
    with pytest.raises(SpecError) as error:
        Repository.of(tmp_path / "shallow" / "one.sw").commit("HEAD~1")
    assert "shallow" in error.value.diagnostics[0].help


def test_a_commit_may_be_searched_for_by_its_message(swc: Swc, repository: Commit) -> None:
    repository(one_dot_sw=SPEC, arch__net_dot_sw=ARCH)
    words = subprocess.run(
        ["git", "log", "-1", "--format=%s"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert swc("diff", f":/{words}", "--", "one.sw").exit_code == 0


def test_in_a_hook_the_repository_is_that_of_the_file(
    swc: Swc, repository: Commit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository(specs__one_dot_sw=SPEC, specs__arch__net_dot_sw=ARCH)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nothing"))
    assert swc("diff", "HEAD", "--", "specs/one.sw").exit_code == 0


def test_a_linked_folder_of_architectures_is_not_taken_for_the_library(
    swc: Swc, repository: Commit, tmp_path: Path
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "arch").symlink_to(Path("..") / "lib")
    repository(specs__one_dot_sw=SPEC, lib__net_dot_sw=ARCH)
    result = swc("diff", "HEAD", "--", "specs/one.sw")
    assert result.exit_code == 2
    assert "specs/arch is a link or a submodule at revision `HEAD`" in " ".join(result.output.split())
