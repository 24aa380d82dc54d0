"""Names of classes: none collides, whatever the spec and the files it uses are called."""

from pathlib import Path

import pytest
from emit_compiled import Compiled, check_structure, check_values, compiled, unshared

from swc.check import load_program
from swc.elaborate import elaborate
from swc.emit import class_name, emit

_HEAD = "return fc: linear(global_pool(y), classes) }"


def family(name: str, *members: str) -> str:
    lines = "\n".join(f"member m{i} = {call}" for i, call in enumerate(members))
    return f"family {name} {{ input image(3, 8, 8) output classes(4) budget 1M {lines} }}\n"


def from_files(folder: Path, **texts: str) -> Compiled:
    for name, text in texts.items():
        (folder / f"{name}.sw").write_text(f"sw 1\n{text}", encoding="utf-8")
    program = load_program(folder / "spec.sw")
    elaborated = elaborate(program)
    plan = unshared(elaborated)
    return Compiled(program, elaborated, plan, emit(program, elaborated, plan, content_hash="0" * 16))


def test_a_family_named_like_an_architecture_is_called_a_family() -> None:
    one = compiled("sw 1\n" + family("wrn", "wrn(10)"), shared=False)
    assert class_name(one.family) == "WrnFamily"
    assert one.load().__name__ == "WrnFamily"
    assert "class Wrn(nn.Module):" in one.source
    check_structure(one)


def test_a_block_named_like_the_family_yields(tmp_path: Path) -> None:
    one = from_files(
        tmp_path,
        spec="use other from parts\n" + "arch a(n: int) { y = c: other(x, n) " + _HEAD + family("twin", "a(3)"),
        parts="block twin(n: int) { return conv: conv(x, n, 1) } block other(n: int) { return c: twin(x, n) }",
    )
    assert one.load().__name__ == "Twin"
    assert "class TwinBlock(nn.Module):" in one.source
    check_structure(one)
    check_values(one)


def test_blocks_of_one_name_in_several_files_carry_the_names_of_their_files(tmp_path: Path) -> None:
    cell = "block cell(n: int) {{ return conv: conv(x, n, {kernel}) }} block {name}(n: int) {{ return c: cell(x, n) }}"
    one = from_files(
        tmp_path,
        spec="use small from narrow\nuse large from broad\nblock cell(n: int) { return relu(c: small(x, n)) }\n"
        "arch a(n: int) { y = c1: cell(x, n) y = c2: large(y, n) " + _HEAD + family("f", "a(3)"),
        narrow=cell.format(kernel=1, name="small"),
        broad=cell.format(kernel=3, name="large"),
    )
    for name in ("Cell", "NarrowCell", "BroadCell", "Small", "Large"):
        assert f"class {name}(nn.Module):" in one.source
    check_structure(one)
    check_values(one)


@pytest.mark.parametrize("name", ["partial", "f", "nn", "class_var", "p_l_a_n", "runtime_error", "callable2"])
def test_classes_hide_nothing_that_generated_code_needs(name: str) -> None:
    block = f"block {name}(n: int) {{ return conv: conv(x, n, 1) }}\n"
    one = compiled(
        "sw 1\n" + block + f"arch a(n: int) {{ y = c: {name}(x, n) " + _HEAD + family("some", "a(3)"), shared=False
    )
    check_structure(one)
    check_values(one)


def test_only_what_members_reach_is_written() -> None:
    one = compiled("sw 1\n" + family("tiny", "resnet(18, 4)"), shared=False)
    assert "class Bottleneck" in one.source  # the class is chosen when a member is built
    assert "Wrn" not in one.source
    one = compiled("sw 1\n" + family("tiny", "wrn(10)"), shared=False)
    assert "class Resnet" not in one.source


def test_file_names_do_not_escape_into_the_code(tmp_path: Path) -> None:
    path = tmp_path / 'a"""\\ b; import os #.sw'
    path.write_text("sw 1\narch a(n: int) { y = c: conv(x, n, 1) " + _HEAD + family("f", "a(3)"), encoding="utf-8")
    program = load_program(path)
    elaborated = elaborate(program)
    source = emit(program, elaborated, unshared(elaborated), content_hash='0"""\n')
    compile(source, "generated.py", "exec")
    assert source.startswith("# Written by swc from a_____b__import_os__.sw (sha256 0);")
    assert 'a"""' not in source
