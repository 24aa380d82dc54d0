"""WebDataset: tar shards of images with labels, read in place (no package is needed for it)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from swc_runtime.datasets.checking import checked_dataset
from swc_runtime.datasets.classes import order_told, ordered
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.kind import DataKind, Request, numbered_classes
from swc_runtime.datasets.shards import Place, ShardSource, expanded, index_shard
from swc_runtime.datasets.sources import Target
from swc_runtime.problems import DataError

_PARTS = ("train", "val", "test")
_NAMES = "classes.txt"


def load_webdataset(request: Request) -> Dataset:
    """Shards ``train-*.tar`` and ``val-*.tar`` (or ``test-*.tar``) of a folder, or by patterns TRAIN::TEST.

    Labels are numbers in ``.cls`` or ``.json``, or names in ``.json``; a file ``classes.txt`` beside the training
    shards names numbered classes, one a line.

    Raises:
        DataError: shards are missing or damaged, or samples lack an image or a label.
    """
    shards = _shards(request.argument)
    places = _index(shards, request)
    title = f"webdataset:{_title(request.argument)}"
    labels, names = _labelled(places, shards["train"][0].parent / _NAMES, title, request)
    request.reporter.say(order_told(names))
    target = Target(request.input, request.alpha)
    sources = {
        part: ShardSource(shards[part], tuple((at.shard, at.start, at.size, at.name) for at in found), target)
        for part, found in places.items()
    }
    return checked_dataset(title, sources, labels, names, request)


def _shards(argument: str) -> dict[str, tuple[Path, ...]]:
    """The shards of each part; without ``test``, ``val`` is what is scored in the end."""
    folder = Path(argument).expanduser()
    patterns = argument.split("::")
    if folder.is_dir():
        found = {part: tuple(sorted(folder.glob(f"{part}-*.tar"))) for part in _PARTS}
        found = {part: paths for part, paths in found.items() if paths}
    elif len(patterns) in (2, 3):
        parts = _PARTS if len(patterns) == 3 else ("train", "test")
        found = {part: expanded(pattern) for part, pattern in zip(parts, patterns, strict=True)}
    else:
        raise DataError(
            f"{argument} does not say where training and test shards are: give a folder with train-*.tar and "
            "val-*.tar, or the patterns of both, webdataset:'PATH/train-{000..009}.tar::PATH/val-*.tar'."
        )
    if "train" not in found or len(found) < 2:
        raise DataError(
            f"{folder} has no shards {'train-*.tar' if 'train' not in found else 'val-*.tar (or test-*.tar)'}: "
            "training needs both kinds."
        )
    if "test" not in found:
        found["test"] = found.pop("val")
    return found


def _title(argument: str) -> str:
    """What the data set is called: the last folder's name."""
    path = Path(argument.split("::", maxsplit=1)[0]).expanduser()
    return (path if path.is_dir() else path.parent).resolve().name


def _index(shards: Mapping[str, Sequence[Path]], request: Request) -> dict[str, list[Place]]:
    with request.reporter.phase("index", sum(map(len, shards.values()))) as phase:
        places: dict[str, list[Place]] = {}
        for part, paths in shards.items():
            places[part] = []
            for number, path in enumerate(paths):
                places[part] += index_shard(path, number)
                phase.advance()
    for part, found in places.items():
        if not found:
            raise DataError(f"The shards of {part} ({shards[part][0]}, …) hold no samples.")
    return places


def _labelled(
    places: Mapping[str, Sequence[Place]], file: Path, title: str, request: Request
) -> tuple[dict[str, list[int]], tuple[str, ...]]:
    """Labels of all samples as numbers, and the names of classes in their order."""
    used = {place.label for place in itertools.chain(*places.values())}
    if all(isinstance(label, str) for label in used):
        names = ordered(str(label) for label in used)
        request.check_fit(title, request.input, len(names))
    elif all(isinstance(label, int) for label in used):
        names = _named(file, max(int(label) for label in used) + 1, title, request)
    else:
        raise DataError(f"{title} labels some samples by numbers and some by names: label all alike.")
    by_name: dict[int | str, int] = {name: label for label, name in enumerate(names)}
    labels = {
        part: [place.label if isinstance(place.label, int) else by_name[place.label] for place in found]
        for part, found in places.items()
    }
    return labels, names


def _named(file: Path, used: int, title: str, request: Request) -> tuple[str, ...]:
    if not file.is_file():
        return numbered_classes(used, request, title)
    try:
        names = tuple(file.read_text(encoding="utf-8-sig").split("\n"))
    except (OSError, UnicodeError) as problem:
        raise DataError(f"{file} cannot be read: {problem}.") from problem
    names = tuple(name.strip() for name in names)
    names = names[:-1] if names[-1] == "" else names
    if len(set(names)) != len(names) or "" in names or len(names) < used:
        raise DataError(
            f"{file} has {len(names)} lines, {len(set(names))} of them different, and labels go up to {used - 1}: give "
            "each class a line and a name of its own, in the order of labels."
        )
    request.check_fit(title, request.input, len(names))
    return names


KINDS = (
    DataKind(
        "webdataset",
        "tar shards PATH/train-*.tar and PATH/val-*.tar, or patterns TRAIN::TEST",
        load_webdataset,
        argument="PATH",
    ),
)
