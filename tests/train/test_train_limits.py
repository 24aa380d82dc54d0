"""What a machine or a batch does not allow is told in a sentence, with the way on."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
import torch
from torch import nn
from train_families import Tiny, digits, session_of, tiny

from swc_runtime.limits import limits
from swc_runtime.plan import Plan
from swc_runtime.problems import DataError, TrainingError
from swc_runtime.recipe import Recipe
from swc_runtime.training import TrainOptions, train

CPU = TrainOptions(accelerator="cpu")


class Vectors(nn.Module):
    """A batch norm on vectors."""

    def __init__(self, weights) -> None:
        super().__init__()
        self.head = weights.linear("head", 64, 10)
        self.norm = nn.BatchNorm1d(10)

    def forward(self, x):
        return self.norm(self.head(x.flatten(1)))


class Pixels(Vectors):
    """A batch norm on images of one pixel."""

    def __init__(self, weights) -> None:
        super().__init__(weights)
        self.norm = nn.BatchNorm2d(10)

    def forward(self, x):
        return self.norm(self.head(x.flatten(1))[:, :, None, None]).flatten(1)


def family(member):
    class Small(Tiny):
        plan = Plan("small", "s", 10_000, 0, {})
        recipe = Recipe(epochs=1, batch=32)
        refinement = None
        architectures = MappingProxyType({"one": member})

    torch.manual_seed(0)
    return Small()


@pytest.mark.parametrize("member", [Vectors, Pixels])
@pytest.mark.parametrize("changes", [{"batch": 1}, {"limit": 1}])
def test_one_number_per_channel_is_told(tmp_path, member, changes):
    with pytest.raises(
        TrainingError, match=r"A batch norm needs more than one number per channel .* 2 images per step"
    ):
        train(family(member), digits(64), replace(CPU, run_dir=tmp_path, **changes))
    assert not list(tmp_path.glob("*.safetensors"))
    train(family(member), digits(64), replace(CPU, run_dir=tmp_path, **dict.fromkeys(changes, 2)))


def test_one_image_is_enough_where_norms_see_more():
    assert len(train(tiny(), digits(64), replace(CPU, batch=1, limit=4, epochs=1)).epochs) == 1


def test_a_batch_of_one_is_enough_in_evaluation():
    made = family(Vectors).eval()
    with limits():
        assert made(torch.zeros(1, 1, 8, 8)).isfinite().all()


def no_more(_):
    """As torch's allocator says it, for real: more than there is."""
    torch.empty(2**55, dtype=torch.uint8)


@pytest.mark.parametrize(
    "fail",
    [
        no_more,
        lambda _: bytearray(2**62),
        lambda _: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\nmore")),
        lambda _: (_ for _ in ()).throw(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling")),
        lambda _: (_ for _ in ()).throw(RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)")),
    ],
)
def test_full_memory_is_told(monkeypatch, fail):
    made = tiny()
    monkeypatch.setattr(made.members["large"], "forward", fail)
    with pytest.raises(TrainingError, match=r"too little memory.*smaller batch \(--batch\)"):
        train(made, digits(64), CPU)


@pytest.mark.parametrize("error", [RuntimeError("shapes cannot be multiplied"), ValueError("too many values")])
def test_other_failures_are_not_taken_for_these(error):
    with pytest.raises(type(error)) as raised, limits():
        raise error
    assert raised.value is error


def test_problems_pass_as_they_are():
    with pytest.raises(DataError, match="out of memory"), limits():
        raise DataError("a file called `out of memory.png` cannot be read")


def test_the_largest_seed_will_do():
    images = [next(session_of(tiny(), digits(64), seed=2**64 - back).batches(0, "train"))[0] for back in (1, 1, 2)]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])
