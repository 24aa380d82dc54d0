"""Sections of a family to values."""

import pytest

from swc.check import Settings, check_text
from swc.diagnostics import SpecError
from swc.family import Augment, AugmentKind, Clustering, ClusterMethod, Recipe, Refinement, Schedule, ScheduleKind, Sgd


def settings(share: str = "", train: str = "", head: str = "input image(3, 32, 24) output classes(10)") -> Settings:
    sections = (f"share {{ {share} }} " if share else "") + (f"train {{ {train} }}" if train else "")
    return check_text(f"sw 1 family f {{ {head} budget 1M member m = wrn(10) {sections} }}").settings


def test_sections_may_be_left_out() -> None:
    found = settings()
    assert (found.input, found.classes) == ((3, 32, 24), 10)
    assert found.recipe == Recipe()
    assert found.sharing.clustering == Clustering(ClusterMethod.GRADIENT, 0.1, 20)
    assert found.sharing.refinement == Refinement(0.9, 10)
    assert (found.sharing.templates, found.sharing.bins) == ((1, 8), None)


def test_input_by_name_and_arithmetic() -> None:
    assert settings(head="input image(width=2 * 14, height=2 ** 5, channels=1) output classes(10 + 2)").input == (
        1,
        32,
        28,
    )


@pytest.mark.parametrize(
    ("text", "clustering"),
    [
        ("clusters single", Clustering(ClusterMethod.SINGLE)),
        ("clusters depth bins 4", Clustering(ClusterMethod.DEPTH)),
        ("clusters gradient", Clustering()),
        ("clusters gradient(0.2)", Clustering(threshold=0.2)),
        ("clusters gradient(epochs=3, threshold=-1)", Clustering(threshold=-1.0, epochs=3)),
    ],
)
def test_clusters(text: str, clustering: Clustering) -> None:
    assert settings(text).sharing.clustering == clustering


def test_the_rest_of_sharing() -> None:
    assert settings("refine none").sharing.refinement is None
    assert settings("refine gradient(after=3)").sharing.refinement == Refinement(0.9, 3)
    assert settings("templates 4").sharing.templates == (1, 4)
    assert settings("templates 2..6 bins 3").sharing.templates == (2, 6)
    assert settings("templates 2..6 bins 3").sharing.bins == 3
    assert settings("private *.stem, *.fc public m.fc tie a, b apart a, b").sharing.private == ()


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant", Schedule()),
        ("steps(60, 120, gamma=0.2)", Schedule(ScheduleKind.STEPS, milestones=(60, 120), gamma=0.2)),
        ("steps(60)", Schedule(ScheduleKind.STEPS, milestones=(60,), gamma=0.1)),
        ("cosine", Schedule(ScheduleKind.COSINE)),
        ("cosine(warmup=5)", Schedule(ScheduleKind.COSINE, warmup=5.0)),
        ("cosine(2.5)", Schedule(ScheduleKind.COSINE, warmup=2.5)),
        ("onecycle", Schedule(ScheduleKind.ONECYCLE, warmup=0.3)),
        ("onecycle(warmup=0.1)", Schedule(ScheduleKind.ONECYCLE, warmup=0.1)),
    ],
)
def test_schedules(text: str, schedule: Schedule) -> None:
    assert settings(train=text).recipe.schedule == schedule


@pytest.mark.parametrize(
    ("text", "sgd"),
    [
        ("sgd", Sgd()),
        ("sgd(0.05)", Sgd(lr=0.05)),
        ("sgd(lr=1, momentum=0.5)", Sgd(lr=1.0, momentum=0.5)),
        ("sgd(lr=0.1, momentum=0.9, nesterov, decay=5e-4)", Sgd(0.1, 0.9, nesterov=True, decay=5e-4)),
        ("sgd(0.1, 0.9, nesterov)", Sgd(0.1, 0.9, nesterov=True)),
        ("sgd(nesterov=false)", Sgd()),
    ],
)
def test_the_optimizer(text: str, sgd: Sgd) -> None:
    found = settings(train=text).recipe.optimizer
    assert found == sgd
    assert type(found.lr) is float


def test_scalars_and_augmentation() -> None:
    recipe = settings(train="epochs 30 batch 64 smoothing 0.1 augment crop, flip, cutout(8)").recipe
    assert (recipe.epochs, recipe.batch, recipe.smoothing) == (30, 64, 0.1)
    assert recipe.augment == (
        Augment(AugmentKind.CROP, 4),
        Augment(AugmentKind.FLIP),
        Augment(AugmentKind.CUTOUT, 8),
    )


def test_warnings_do_not_stop() -> None:
    program = check_text(
        "sw 1 family f { input image(3, 8, 8) output classes(2) budget 1M member m = wrn(10) "
        "train { epochs 5 steps(3, 5) } }"
    )
    assert [w.code for w in program.warnings] == ["SW0326", "SW0326"]


@pytest.mark.parametrize(
    "text",
    [
        "smoothing 0",
        "smoothing 0.99",
        "epochs 1",
        "sgd(lr=1e-9)",
        "sgd(momentum=0)",
        "sgd(decay=1)",
        "steps(1, gamma=1)",
    ],
)
def test_the_ends_of_the_bounds_belong_to_them(text: str) -> None:
    assert settings("refine none", text).recipe is not None


@pytest.mark.parametrize(
    "text",
    [
        "smoothing 1.0",
        "epochs 0",
        "sgd(lr=0)",
        "sgd(momentum=1)",
        "sgd(decay=1.1)",
        "steps(1, gamma=0)",
        "onecycle(0)",
        "onecycle(1)",
    ],
)
def test_what_is_just_out_of_bounds(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        settings("refine none", text)
    assert [d.code for d in caught.value.diagnostics] == ["SW0317"]
