"""Plain PyTorch source: the generated file's own classes without the runtime, in the state of the formatter."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch
from export_families import METADATA, SPEC, family_of, generated, lived_in
from torch import nn

from swc.compiler import compile_spec
from swc_runtime import Family, PlainWeights
from swc_runtime.export import ExportError, export
from swc_runtime.export.source import source_text
from swc_runtime.export.subject import Subject, subject
from swc_runtime.generated import family_class

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").glob("*.sw"), *(ROOT / "specs" / "paper").glob("*.sw")])

from emit_constructs import CONSTRUCTS  # noqa: E402 - on the path since export_families


def loaded(text: str, name: str = "exported") -> types.ModuleType:
    """The module of a source, where swc cannot be imported."""
    module = types.ModuleType(name)
    module.__file__ = f"/nowhere/{name}.py"
    hidden = {
        name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in {"swc", "swc_runtime"}
    }
    blocked = {"swc": None, "swc_runtime": None}
    sys.modules.update(blocked)  # type: ignore[arg-type]  # None says that there is no such module
    try:
        exec(compile(text, module.__file__, "exec"), module.__dict__)
    finally:
        for one in blocked:
            del sys.modules[one]
        sys.modules.update(hidden)
    return module


def on_meta(path: Path) -> Subject:
    """All members of a generated file without any memory: only names and shapes."""
    with torch.device("meta"):
        family = family_class(path)()
    return Subject(family, tuple(family.members), {}, None, None, normalise=False, softmax=False)


def text_of(made: Subject) -> str:
    return source_text(made, weights="w.safetensors", version="0")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_members_of_committed_specs_have_the_same_tensors_and_answer_in_the_same_shape(spec: Path) -> None:
    made = on_meta(ROOT / "generated" / compile_spec(spec).file_name)
    module = loaded(text_of(made))
    family = type(made.family)
    with torch.device("meta"):
        images = torch.empty(3, *family.input)
        for name in made.members:
            plain, reference = module.MEMBERS[name](), family.architectures[name](PlainWeights())
            shapes = [{key: value.shape for key, value in one.state_dict().items()} for one in (plain, reference)]
            assert shapes[0] == shapes[1]
            assert [repr(one) for one in plain.modules()] == [repr(one) for one in reference.modules()]
            assert plain.eval()(images).shape == (3, family.classes)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_every_construct_of_the_language_comes_out_the_same(construct: str, tmp_path: Path) -> None:
    family = family_of(
        generated(CONSTRUCTS[construct].replace("family constructs", "family made"), tmp_path, construct)
    )
    made = subject(family, None, {}, normalise=False, softmax=False)
    module = loaded(text_of(made))
    images = torch.randn(3, *type(family).input)
    for name in made.members:
        plain = module.MEMBERS[name]()
        plain.load_state_dict(made.plain[name].state_dict())
        with torch.no_grad():
            torch.testing.assert_close(plain.eval()(images), family.members[name](images), rtol=1e-4, atol=1e-5)


def test_the_source_is_as_the_formatter_and_the_linter_want_it(tmp_path: Path) -> None:
    for spec in SPECS:
        made = on_meta(ROOT / "generated" / compile_spec(spec).file_name)
        (tmp_path / f"{spec.stem}.py").write_text(text_of(made), encoding="utf-8")
    for name in set(CONSTRUCTS) - {"growing_expressions"}:  # sums that the formatter breaks at every plus
        text = CONSTRUCTS[name].replace("family constructs", "family made")
        made = on_meta(generated(text, tmp_path, name))
        (tmp_path / f"{name}.py").write_text(text_of(made), encoding="utf-8")
    config = ("--config", str(ROOT / "pyproject.toml"))
    for arguments in (
        ("format", "--diff", *config),
        ("check", "--ignore", "INP001,N812,N803,D107", *config),
    ):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", str(tmp_path)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout


def test_what_a_person_would_have_written() -> None:
    text = text_of(on_meta(ROOT / "generated" / "fashion_mixed.py"))
    for line in (
        "        self.stem = nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False)",
        "        self.stem = nn.Conv2d(channels, width, patch, stride=patch)",
        "        self.query = nn.Linear(channels, width)",
        "        for _ in range(depth):",
        "            self.blocks.append(TransformerBlock(width, heads, ratio))",
        "        y = torch.flatten(positions(y), 2).transpose(1, 2)  # (B, N, width)",
        "def attention(query: Tensor, key: Tensor, value: Tensor, heads: int = 1) -> Tensor:",
    ):
        assert line in text.splitlines()
    assert "swc_runtime" not in text
    assert "weights." not in text.replace("weights.safetensors", "")
    assert "class Resnet" not in text


def test_only_what_the_members_need_is_written() -> None:
    made = on_meta(ROOT / "generated" / "fashion_mixed.py")
    text = text_of(Subject(made.family, ("thrifty",), {}, None, None, normalise=False, softmax=False))
    assert "class FactorisedNet" in text
    assert "Vit" not in text
    assert "attention" not in text


HANDMADE = """
from functools import partial
from types import MappingProxyType

from torch import Tensor, nn

from swc_runtime import Family, Plan, Recipe, Weights


class Block(nn.Module):
    def __init__(self, weights: Weights, width: int, kernel: tuple[int, ...]) -> None:
        super().__init__()
        # The first.
        self.a = weights.conv2d(
            "a",
            width,  # of the input
            width,
            kernel,
        )
        self.b = weights.scope("deep").linear("b", width, width, bias=False)  # the second

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.a(x).mean((2, 3)))


class Net(nn.Module):
    def __init__(self, weights: Weights, *, kernel: tuple[int, ...], {more}) -> None:
        super().__init__()
        {first}
        self.block = Block(weights.scope("block"), 2, kernel)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(self.stem(x))


class Handmade(Family):
    plan = Plan("handmade", "0", 10**6, 0, {{}})
    recipe = Recipe(epochs=1, batch=4)
    input = (1, 6, 6)
    classes = 2
    architectures = MappingProxyType({{"net": {built}}})
"""


def handmade(
    folder: Path, first: str, built: str = "partial(Net, kernel=(3, 5))", more: str = "wide: int = 2"
) -> Family:
    path = folder / "handmade.py"
    path.write_text(HANDMADE.format(first=first, built=built, more=more), encoding="utf-8")
    return lived_in(family_class(path)())


def test_comments_and_kernels_of_any_kind_survive(tmp_path: Path) -> None:
    family = handmade(tmp_path, 'self.stem = weights.conv2d("stem", 1, wide, 3, padding=1, bias=True)')
    made = subject(family, None, {}, normalise=False, softmax=False)
    text = text_of(made)
    for part in ("# The first.", "# of the input", "# the second", "padding=same_padding(kernel)", "def same_padding("):
        assert part in text
    plain = loaded(text).MEMBERS["net"]()
    plain.load_state_dict(made.plain["net"].state_dict())
    images = torch.randn(2, 1, 6, 6)
    with torch.no_grad():
        assert torch.equal(plain.eval()(images), family.members["net"](images))


@pytest.mark.parametrize(
    ("first", "built", "told"),
    [
        (
            'self.stem = weights.conv2d("stem", 1, 2, 3)\n        self.weights = weights',
            "partial(Net, kernel=(3, 5))",
            "Net.__init__ uses `weights`",
        ),
        ('self.stem = weights.conv2d(*("stem", 1, 2, 3))', "partial(Net, kernel=(3, 5))", "in a list or a dict"),
        ('self.stem = weights.conv2d("stem", 1, 2, 3)', "lambda weights: Net(weights, kernel=(3, 5))", "Member net"),
        (
            'self.stem = weights.conv2d("stem", 1, 2, 3); self.weights = weights',
            "partial(Net, kernel=(3, 5))",
            "several statements on one line",
        ),
        (
            'self.stem = __import__("swc_runtime").PlainWeights().conv2d("stem", 1, wide, 3)\n        import numpy',
            "partial(Net, kernel=(3, 5))",
            "needs numpy",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(first: str, built: str, told: str, tmp_path: Path) -> None:
    family = handmade(tmp_path, first, built)
    with pytest.raises(ExportError, match=told):
        export(family, tmp_path / "out", formats=("torch",))
    assert not (tmp_path / "out").exists()


def test_members_load_one_by_one_with_and_without_scales(tiny: Family, tmp_path: Path) -> None:
    export(tiny, tmp_path / "out", formats=("torch",), metadata=METADATA)
    place = tmp_path / "out" / "tiny.py"
    module = types.ModuleType("tiny_exported")
    module.__file__ = str(place)
    exec(compile(place.read_text(), place, "exec"), module.__dict__)
    assert module.CLASSES[3] == "three"
    images = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        alone = module.load("small")(images)
        assert torch.equal(alone, tiny.members["small"](images))
        both = module.load(softmax=True)(images)
        torch.testing.assert_close(both, tiny.predict(images))
        pixels = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
        scaled = module.load("big", normalise=True)(pixels)
        torch.testing.assert_close(scaled, tiny.members["big"]((pixels / 255 - 0.3) / 0.4))
    assert not any(isinstance(part, nn.Module) and "swc" in type(part).__module__ for part in module.load().modules())
    with pytest.raises(ValueError, match="no member 'smal'"):
        module.load("smal")


def test_the_newest_of_two_files_of_one_name_is_not_mistaken_for_the_other(tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    families = []
    for folder, widen in zip(folders, (1, 3), strict=True):
        folder.mkdir()
        text = SPEC.replace("widen=1", f"widen={widen}").replace("widen=2", f"widen={widen + 1}")
        families.append(family_of(generated(text, folder)))
    export(families[0], tmp_path / "out", formats=("torch",))  # its module's name now belongs to the other
    assert "widen=1" in (tmp_path / "out" / "tiny.py").read_text()


def test_a_file_that_is_gone_is_told(tiny: Family, tmp_path: Path) -> None:
    (tmp_path / "tiny.py").unlink()
    with pytest.raises(ExportError, match="source of swc_generated_tiny is not at hand"):
        export(tiny, tmp_path / "out", formats=("torch",))
