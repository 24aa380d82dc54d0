"""Reading specs, and finding the files they refer to."""

import os
from pathlib import Path

import pytest

from swc.check import Program, check_text, load_program
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.render import render_text

ROOT = Path(__file__).parents[2]
BLOCK = "block {}(width: int) {{\n    return conv1: conv(x, width, 3)\n}}\n"
ARCH = """arch {}(width: int = 8) {{
    y = body: {}(x, width)
    return fc: linear(global_pool(y), classes)
}}
"""
FAMILY = """family small {{
    input image(3, 32, 32)
    output classes(10)
    budget 1M
    member one = {}
}}
"""


def write(folder: Path, name: str, *parts: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("sw 1\n\n" + "\n".join(parts), encoding="utf-8")
    return path


def errors(path: Path, display: str | None = None) -> tuple[Diagnostic, ...]:
    with pytest.raises(SpecError) as caught:
        load_program(path, display=display)
    return caught.value.diagnostics


def error(path: Path, display: str | None = None) -> Diagnostic:
    (found,) = errors(path, display)
    return found


def test_the_committed_family_is_checked_with_its_architecture() -> None:
    program = load_program(ROOT / "specs" / "wrn_hetero.sw")
    assert sorted(program.modules) == ["", "wrn"]
    assert program.warnings == ()
    block = program.resolve("wrn", "wide_block")
    assert block is not None
    assert (block.place, block.is_arch, block.module) == ("arch/wrn.sw:5", False, "wrn")
    assert program.resolve("", "wide_block") is None
    assert program.resolve("wrn", "conv") is None
    assert [Path(s.name).name for s in program.sources] == ["wrn_hetero.sw", "wrn.sw"]


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "wrn_hetero.sw")
    near, far = error(tmp_path / "wrn_hetro.sw", "wrn_hetro.sw"), error(tmp_path / "other.sw")
    assert (near.code, near.summary, near.help) == (
        "SW0001",
        "there is no file wrn_hetro.sw",
        "the nearest name is wrn_hetero.sw",
    )
    assert far.help == "that folder has wrn_hetero.sw"
    assert error(tmp_path / "nowhere" / "x.sw").help == "there is no folder nowhere either"
    assert error(tmp_path / ("x" * 5000)).code == "SW0003"
    assert error(Path("nul\0byte.sw")).code == "SW0003"


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    write(tmp_path, "a.sw")
    assert (error(tmp_path).code, error(tmp_path).help) == ("SW0002", "name one of its files: a.sw")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sw")
    path.chmod(0)
    assert error(path).code == "SW0003"


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sw"
    path.write_bytes(b"sw 1\n" + b"//" * 2_500_000)
    assert error(path).code == "SW0003"


def test_other_encodings_are_shown_where_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "a.sw"
    path.write_bytes("sw 1\n\n// größer\n".encode("latin-1"))
    found = error(path)
    assert found.primary is not None
    assert (found.code, found.primary.line, found.primary.column) == ("SW0004", 3, 6)
    assert "0xf6" in found.label
    assert "// gr�" in render_text([found])
    path.write_bytes("sw 1".encode("utf-16"))
    assert error(path).code == "SW0004"


def test_byte_order_mark_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    text = "sw 1\n" + BLOCK.format("part") + ARCH.format("net", "part") + FAMILY.format("net()")
    plain, windows = tmp_path / "a.sw", tmp_path / "b.sw"
    plain.write_bytes(text.encode())
    windows.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    a, b = load_program(plain), load_program(windows)
    assert a.family == b.family
    assert a.sources[0].text == b.sources[0].text
    assert a.settings == b.settings


def place(program: Program, module: str, name: str) -> str:
    definition = program.resolve(module, name)
    assert definition is not None
    return definition.place


def test_architectures_are_found_beside_the_spec_before_the_library(tmp_path: Path) -> None:
    spec = write(tmp_path, "spec.sw", FAMILY.format("wrn()"))
    library = errors(spec)  # the library's wrn needs a depth
    assert [d.code for d in library] == ["SW0305"]
    write(tmp_path, "wrn.sw", BLOCK.format("part"), ARCH.format("wrn", "part"))
    beside = load_program(spec)
    assert place(beside, "", "wrn") == "wrn.sw:7"
    write(tmp_path, "arch/wrn.sw", BLOCK.format("part"), "// moved\n" + ARCH.format("wrn", "part"))
    in_folder = load_program(spec)
    assert place(in_folder, "", "wrn") == "arch/wrn.sw:8"
    assert place(in_folder, "wrn", "part") == "arch/wrn.sw:3"


def test_a_file_of_the_right_name_without_the_architecture_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "wrn.sw", FAMILY.format("wrn(10)"))
    assert place(load_program(tmp_path / "wrn.sw"), "", "wrn") == "arch/wrn.sw:13"
    other = write(tmp_path, "other.sw", FAMILY.format("wrn(10)"))
    assert place(load_program(other), "", "wrn") == "arch/wrn.sw:13"
    write(tmp_path, "net.sw", BLOCK.format("part"))
    assert error(write(tmp_path, "spec.sw", FAMILY.format("net()"))).code == "SW0203"


def test_an_architecture_of_another_file_is_told_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, "mob.sw", BLOCK.format("part"), ARCH.format("mobile", "part"))
    write(tmp_path, "broken.sw", "arch mobil {")
    spec = write(tmp_path, "lone.sw", FAMILY.format("mobil(3)"))
    found = error(spec)
    assert (found.code, found.fix) == ("SW0203", None)
    assert found.help == "bring it in with `use mobile from mob`, and write `mobile`"
    assert (
        error(write(tmp_path, "lone.sw", FAMILY.format("mobile(3)"))).help == "bring it in with `use mobile from mob`"
    )
    unlike = error(write(tmp_path, "lone.sw", FAMILY.format("xyzzy(3)"))).help
    assert unlike.endswith("there are `mobile`, `resnet`, `vit` and `wrn`")
    assert "`lone`" not in unlike


def test_no_place_holds_a_path_of_this_machine(tmp_path: Path) -> None:
    write(tmp_path, "arch/parts.sw", BLOCK.format("part"))
    write(tmp_path, "arch/net.sw", "use part from parts", ARCH.format("net", "part"))
    spec = write(tmp_path, "spec.sw", "use part from parts", ARCH.format("own", "part"), FAMILY.format("net()"))
    program = load_program(spec, display="spec.sw")
    places = [d.place for m in program.modules.values() for d in m.names.values()]
    assert sorted(set(places)) == ["arch/net.sw:4", "arch/parts.sw:3", "spec.sw:4"]
    assert [s.name for s in program.sources] == ["spec.sw", "arch/net.sw", "arch/parts.sw"]


def test_files_may_use_each_other(tmp_path: Path) -> None:
    write(tmp_path, "a.sw", "use second from b", BLOCK.format("first"), ARCH.format("one", "second"))
    write(tmp_path, "b.sw", "use first from a", "block second(width: int) {\n    return c: first(x, width)\n}\n")
    spec = write(tmp_path, "spec.sw", "use one from a", "use lent from spec2", FAMILY.format("one()"))
    write(tmp_path, "spec2.sw", "use first from a", BLOCK.format("lent"), FAMILY.format("nothing()"))
    program = load_program(spec)
    assert sorted(program.modules) == ["", "a", "b", "spec2"]
    assert [w.code for w in program.warnings] == ["SW0219", "SW0219"]


def test_a_file_may_use_the_spec_itself(tmp_path: Path) -> None:
    write(tmp_path, "arch/net.sw", "use part from spec", ARCH.format("net", "part"))
    spec = write(tmp_path, "spec.sw", BLOCK.format("part"), FAMILY.format("net()"))
    assert error(spec).code == "SW0007"  # `arch/` looks beside itself, not above
    write(tmp_path, "net.sw", "use part from spec", ARCH.format("net", "part"))
    (tmp_path / "arch" / "net.sw").unlink()
    program = load_program(spec)
    assert sorted(program.modules) == ["", "net"]
    assert place(program, "net", "part") == "spec.sw:3"


def test_cycles_over_several_files_are_found(tmp_path: Path) -> None:
    write(tmp_path, "a.sw", "use second from b", "block first(width: int) {\n    return s: second(x, width)\n}\n")
    write(tmp_path, "b.sw", "use first from a", "block second(width: int) {\n    return f: first(x, width)\n}\n")
    spec = write(tmp_path, "spec.sw", "use first from a", ARCH.format("net", "first"), FAMILY.format("net()"))
    found = error(spec)
    assert found.code == "SW0211"
    assert "`first` → `second` → `first`" in found.summary
    assert found.primary is not None
    assert {found.primary.source.name, *(r.span.source.name for r in found.related)} == {
        str(tmp_path / "a.sw"),
        str(tmp_path / "b.sw"),
    }


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "parts.sw", BLOCK.format("part"))
    write(tmp_path, "arch/arch/parts.sw", BLOCK.format("part"))
    write(tmp_path, "arch/net.sw", "use part from parts", ARCH.format("net", "part"))
    spec = write(tmp_path, "spec.sw", "use part from parts", ARCH.format("own", "part"), FAMILY.format("net()"))
    assert "SW0008" in {d.code for d in errors(spec)}


def test_syntax_errors_of_every_file_are_reported_together(tmp_path: Path) -> None:
    write(tmp_path, "a.sw", "block first( {\n}\n")
    (tmp_path / "b.sw").write_bytes(b"sw 1\n\xff")
    spec = write(tmp_path, "spec.sw", "use first from a", "use second from b", FAMILY.format("nothing()"))
    found = errors(spec)
    assert [d.code for d in found] == ["SW0106", "SW0004"]
    assert found[1].primary is not None
    assert found[1].primary.text == "b"


def test_text_without_a_file_uses_the_library() -> None:
    program = check_text("sw 1\n" + FAMILY.format("resnet(18)"), "given.sw")
    assert [s.name for s in program.sources] == ["given.sw", "arch/resnet.sw"]
    assert place(program, "", "resnet").startswith("arch/resnet.sw:")
