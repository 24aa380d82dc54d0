"""A person's own data set by import path: ``python:package.module:name``."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.kind import DataKind, Request
from swc_runtime.datasets.user_data import from_torch
from swc_runtime.problems import DataError, RuntimeProblem

_WANTED = (
    "it must give training and test data, map-style data sets of (image, label): a function that returns (train, "
    "test), (train, val, test) or a mapping with these names, or a class that takes train=True or train=False"
)


def load_python(request: Request) -> Dataset:
    """Import ``module:name`` (the current folder is importable), call it, and take the data sets that it gives.

    Class names are the training set's ``classes``, or under ``classes`` in a mapping; else they are numbered.

    Raises:
        DataError: it cannot be imported, raises something, or gives something else.
    """
    path = f"python:{request.argument}"
    parts = dict(_parts(_found(request.argument), path))
    classes = parts.pop("classes", None)
    if classes is None and getattr(parts["train"], "classes", None) is None:
        classes = request.classes
    data = from_torch(
        **parts,
        classes=classes,
        input=request.input,
        name=path,
        workers=request.workers,
        alpha=request.alpha,
        skip_unreadable=request.skip_unreadable,
        allow_missing_classes=request.allow_missing_classes,
        reporter=request.reporter,
    )
    request.check_fit(path, data.input, data.classes)
    return data


def _found(argument: str) -> Any:
    module, colon, name = argument.partition(":")
    if not colon or not name or "/" in module or module.endswith(".py"):
        raise DataError(
            f"python:{argument} does not name a function or class: write python:MODULE:NAME, such as "
            "python:my_data:pets for `pets` in ./my_data.py."
        )
    _make_current_folder_importable()
    with _own_code(f"importing {module}"):
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as problem:
            if problem.name is None or not module.startswith(problem.name):
                raise  # something that the module itself imports
            raise DataError(
                f"There is no module {module} in {Path.cwd()} or among the installed ones: write python:MODULE:NAME."
            ) from problem
    for part in name.split("."):
        if not hasattr(found, part):
            public = [one for one in vars(found) if not one.startswith("_")] if inspect.ismodule(found) else []
            raise DataError(f"{module} has no {name}; it has {', '.join(public[:20]) or 'nothing'}.")
        found = getattr(found, part)
    return found


def _parts(found: Any, path: str) -> Mapping[str, Any]:
    """The data sets by their parts: called where it is to be called."""
    with _own_code(f"calling {path}"):
        if callable(found):
            by_half = "train" in inspect.signature(found).parameters
            given = {"train": found(train=True), "test": found(train=False)} if by_half else found()
        else:
            given = found
    if isinstance(given, Mapping):
        odd = sorted(map(str, set(given) - {"train", "val", "test", "classes"}))
        if odd or not {"train", "test"} <= set(given):
            raise DataError(f"{path} gives a mapping of {', '.join(map(str, given))}: {_WANTED}.")
        return given
    if isinstance(given, Sequence) and len(given) in (2, 3):
        names = ("train", "test") if len(given) == 2 else ("train", "val", "test")
        return dict(zip(names, given, strict=True))
    raise DataError(f"{path} gives {type(given).__name__}: {_WANTED}.")


def _make_current_folder_importable() -> None:
    """For good: the person's code may import more while items are read."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)


@contextmanager
def _own_code(doing: str) -> Iterator[None]:
    """Tell what a person's own code raised, and where, in one sentence."""
    try:
        yield
    except RuntimeProblem:
        raise
    except Exception as problem:
        last = traceback.extract_tb(problem.__traceback__)[-1]
        raise DataError(
            f"{doing[0].upper()}{doing[1:]} raised {type(problem).__name__}: {problem} ({last.filename}:{last.lineno})."
        ) from problem


KINDS = (
    DataKind(
        "python", "your own torch Dataset: NAME in a module gives (train, test)", load_python, argument="MODULE:NAME"
    ),
)
