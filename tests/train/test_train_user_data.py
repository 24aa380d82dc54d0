"""A person's own data sets: in Python, and by import path; and what they give that is no image."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset, Subset, TensorDataset

from swc_runtime.datasets import from_torch, load, ordered_batches, user_data
from swc_runtime.problems import DataError

CPU = torch.device("cpu")
SHAPE = (3, 6, 5)


class Items(TorchDataset):
    """Whatever it is given."""

    def __init__(self, items, classes=("cat", "dog")):
        self.items = items
        if classes is not None:
            self.classes = list(classes)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        item = self.items[index]
        if isinstance(item, Exception):
            raise item
        return item


class Streamed(IterableDataset):
    """Has no items that can be addressed."""

    def __iter__(self):
        return iter(())


def pictures(count=4, shape=SHAPE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)


def items(count=4, seed=0, change=lambda image: image):
    return Items([(change(image), n % 2) for n, image in enumerate(pictures(count, seed=seed))])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: image.float() / 255,
        lambda image: image.double() / 255,
        lambda image: image.permute(1, 2, 0).numpy(),
        lambda image: Image.fromarray(image.permute(1, 2, 0).numpy()),
        lambda image: image.to(torch.int32).mul(257).to(torch.uint16),
    ],
)
def test_images_in_all_forms_are_one_data_set(change, workers):
    data = from_torch(items(change=change), items(seed=1, change=change), workers=workers)
    assert data.input == SHAPE
    assert data.class_names == ("cat", "dog")
    ((images, labels),) = data.train.stream([torch.arange(4)], CPU)
    assert torch.equal(images, pictures())
    assert labels.tolist() == [0, 1, 0, 1]
    assert data.identity == from_torch(items(), items(seed=1), workers=0, name="other").identity
    assert data.identity != from_torch(items(seed=2), items(seed=1), workers=0).identity
    values = pictures().double() / 255
    assert data.normalise.mean == pytest.approx(values.mean(dim=(0, 2, 3)).tolist())


def test_torch_s_own_data_sets_serve():
    whole = TensorDataset(pictures(8), torch.arange(8) % 2)
    data = from_torch(Subset(whole, range(6)), Subset(whole, [6, 7]), classes=["a", "b"], workers=0)
    assert data.train.labels.tolist() == [0, 1] * 3
    assert from_torch(whole, whole, classes=2, val=whole, workers=0).val is not None


def test_images_are_brought_to_the_size_that_is_asked_for():
    data = from_torch(items(), items(), input=(3, 4, 4), workers=0)
    assert next(ordered_batches(data.test, data.normalise, 4, CPU))[0].shape == (4, 3, 4, 4)
    grey = Items([(Image.fromarray(image.permute(1, 2, 0).numpy()), n % 2) for n, image in enumerate(pictures())])
    assert from_torch(grey, grey, input=(1, 6, 5), workers=0).input == (1, 6, 5)


PICTURE = pictures(1)[0]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ((PICTURE, 2), r"python\.train\[1\] has the label 2: with 2 classes, labels are 0 to 1"),
        ((PICTURE, -1), "has the label -1"),
        ((PICTURE, 0.5), "has the label 0.5, of type float"),
        ((PICTURE, "cat"), "has the label 'cat', of type str"),
        ((PICTURE, torch.tensor([0.0, 1.0])), r"of type Tensor of shape \(2,\)"),
        (PICTURE, r"python\.train\[1\] is Tensor of shape \(3, 6, 5\): an item is \(image, label\)"),
        ((PICTURE, 0, 0), "is tuple: an item is"),
        ({"image": PICTURE, "label": 0}, "is dict: an item is"),
        (("x.png", 0), "has an image that is str"),
        ((PICTURE[:2], 0), r"has an image of shape \(2, 6, 5\), the family takes 3 channels"),
        ((PICTURE.permute(1, 2, 0), 0), r"has an image of shape \(6, 5, 3\), the family takes 3 channels"),
        ((PICTURE.float(), 0), r"floats from 1 to 25[0-9]: give floats from 0 to 1"),
        (((PICTURE.float() / 255 - 0.5) / 0.5, 0), "leave normalisation to swc"),
        ((PICTURE.long(), 0), "numbers of type int64"),
        ((torch.full_like(PICTURE.float(), torch.nan), 0), "no numbers"),
        (KeyError("gone"), r"python\.train\[1\] raised KeyError"),
    ],
)
def test_items_that_are_none_are_told(item, told):
    bad = Items([(PICTURE, 0), item, (PICTURE, 1)])
    for workers in (0, 1):
        with pytest.raises(DataError, match=rf"1 of 7 images cannot be used(?s:.*){told}"):
            from_torch(bad, items(), workers=workers)
    data = from_torch(bad, items(), workers=0, skip_unreadable=True)
    assert data.skipped == ("python.train[1]",)


def test_data_that_change_at_each_reading_are_refused():
    class Random(Items):
        def __getitem__(self, index):
            return torch.rand(SHAPE), index % 2

    with pytest.raises(DataError, match=r"python\.train\[0\] is another image each time it is read.*augment"):
        from_torch(Random(range(4)), items(), workers=0)


def test_data_of_which_one_item_in_fifty_changes_are_refused():
    class Seldom(Items):
        turns = 0

        def __getitem__(self, index):
            type(self).turns += 1
            image = PICTURE.flip(-1) if self.turns % 50 == 49 else PICTURE
            return image, index % 2

    with pytest.raises(DataError, match=r"python\.test\[\d+\] is another image each time it is read"):
        from_torch(items(), Seldom(range(300)), workers=0)


def test_data_that_are_slow_to_read_are_not_all_read_twice(monkeypatch):
    monkeypatch.setattr(user_data, "_NO_LONGER", -1.0)

    class Counting(Items):
        turns = 0

        def __getitem__(self, index):
            type(self).turns += 1
            return super().__getitem__(index)

    from_torch(Counting([(PICTURE, n % 2) for n in range(100)]), items(), workers=0, input=SHAPE)
    assert Counting.turns == 102, "the first twice more than the check"


@pytest.mark.parametrize(
    ("train", "options", "told"),
    [
        (iter(()), {}, "python.train is .*give a data set with __len__"),
        (Streamed(), {}, "give a data set with __len__"),
        (Items([]), {}, "python.train is empty"),
        (Items([(PICTURE, 0)], classes=None), {}, "does not say what its classes are called"),
        (items(), {"classes": ("cat", "cat")}, "each once"),
        (Items([(PICTURE, 0)], classes=("dog", "cat")), {}, "label 0 is 'dog' in train and 'cat' in test"),
        (Items([(PICTURE, 0)], classes=("cat",)), {}, "train has 1 and test 2"),
        (Items([(PICTURE, 0)]), {}, "none of dog in train"),
        (Items([PICTURE]), {}, r"python\.train\[0\] is Tensor"),
        (Items([("x", 0)]), {}, r"python\.train\[0\] has an image that is str"),
        (items(), {"input": (1, 6, 5)}, "the family takes 1 channels"),
    ],
)
def test_data_sets_that_are_none_are_told(train, options, told):
    with pytest.raises(DataError, match=told):
        from_torch(train, items(), workers=0, **options)


# -- by import path ------------------------------------------------------------------------------------------------

MODULE = """
    import torch
    from torch.utils.data import TensorDataset

    def images(seed, count=8):
        generator = torch.Generator().manual_seed(seed)
        return torch.randint(0, 256, (count, 3, 6, 5), generator=generator, dtype=torch.uint8)

    def pair():
        return TensorDataset(images(0), torch.arange(8) % 2), TensorDataset(images(1), torch.arange(8) % 2)

    def three():
        return pair()[0], pair()[0], pair()[1]

    def named():
        return {"train": pair()[0], "test": pair()[1], "classes": ["cat", "dog"]}

    class Halves(TensorDataset):
        classes = ["cat", "dog"]

        def __init__(self, train):
            super().__init__(*pair()[0 if train else 1].tensors)

    class Holder:
        sets = pair()

    ready = pair()

    def broken():
        return 1 / 0

    def asks(where):
        return pair()

    def one():
        return pair()[0]

    def odd():
        return {"train": pair()[0], "valid": pair()[1]}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module in the current folder, another one for each test."""
    name = f"own_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return name


def python(argument, **options):
    return load(f"python:{argument}", Path("unused"), **({"input": SHAPE, "classes": 2, "workers": 0} | options))


@pytest.mark.parametrize("given", ["pair", "three", "named", "Halves", "Holder.sets", "ready"])
def test_a_function_class_or_value_gives_the_data(module, given):
    data = python(f"{module}:{given}")
    assert data.name == f"python:{module}:{given}"
    assert (len(data.train), len(data.test)) == (8, 8)
    assert data.class_names == (("cat", "dog") if given in {"named", "Halves"} else ("0", "1"))
    assert (data.val is not None) == (given == "three")


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("{}:broken", r"Calling python:.*:broken raised ZeroDivisionError: division by zero \(.*own_.*\.py:3[0-9]\)"),
        ("{}:asks", "Calling .* raised TypeError: .*where"),
        ("{}:one", "gives TensorDataset: it must give training and test data"),
        ("{}:odd", "gives a mapping of train, valid: it must give"),
        ("{}:nothing", "has no nothing; it has .*pair"),
        ("{}", "does not name a function or class: write python:MODULE:NAME"),
        ("./{}.py:pair", "does not name a function or class"),
        ("no_such_module_anywhere:pair", "There is no module no_such_module_anywhere in "),
    ],
)
def test_what_an_import_path_lacks_is_told(module, argument, told):
    with pytest.raises(DataError, match=told):
        python(argument.format(module))


def test_what_a_module_raises_is_told(module, tmp_path):
    for number, (text, told) in enumerate(
        [("import nothing_like_it", "ModuleNotFoundError"), ("x = (", "SyntaxError"), ("raise ValueError('no')", "no")]
    ):
        name = f"{module}_{number}"
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(DataError, match=f"Importing {name} raised .*{told}"):
            python(f"{name}:pair")


def test_a_data_set_that_does_not_fit_is_told_too(module):
    with pytest.raises(DataError, match=r"cannot be used(?s:.*)the family takes 1 channels"):
        python(f"{module}:pair", input=(1, 6, 5))
    with pytest.raises(DataError, match="has 2 classes, the family tells 3 apart"):
        python(f"{module}:named", classes=3)
    with pytest.raises(DataError, match="none of 2 in train; none of 2 in test"):
        python(f"{module}:pair", classes=3)


def test_arrays_are_channels_last():
    grey = Items([(np.random.default_rng(n).integers(0, 256, (6, 5)).astype(np.uint8), n % 2) for n in range(4)])
    data = from_torch(grey, grey, workers=0)
    assert data.input == (1, 6, 5)
    ((images, _),) = data.train.stream([torch.arange(4)], CPU)
    assert np.array_equal(images[:, 0].numpy(), np.stack([image for image, _ in grey.items]))
