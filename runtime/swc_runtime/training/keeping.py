"""Which checkpoints a training keeps, what stands in them, and how a stopped training takes them up again."""

from __future__ import annotations

import secrets
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swc_runtime.checkpoint import not_finite, read_checkpoint, read_metadata, write_checkpoint
from swc_runtime.datasets import Dataset
from swc_runtime.problems import CheckpointError, TrainingError
from swc_runtime.training.agreement import (
    agreed_origin,
    check_agreement,
    check_classes,
    check_data,
    check_identity,
    identity,
)
from swc_runtime.training.curves import write_curves
from swc_runtime.training.folder import BEST, FINAL, LAST
from swc_runtime.training.history import History
from swc_runtime.training.options import TrainOptions
from swc_runtime.training.planning import is_of
from swc_runtime.training.processes import led
from swc_runtime.training.renamed import run_of_now
from swc_runtime.training.schedule import Timetable
from swc_runtime.training.session import Session
from swc_runtime.training.state import load_family, restore_training, save_family, training_tensors, without_momentum
from swc_runtime.training.watch import reduced


class Keeper:
    """The checkpoints of one training; without a folder, only the best family, in memory.

    The first process writes. Where it cannot, all processes stop.
    """

    def __init__(self, session: Session, data: Dataset, options: TrainOptions) -> None:
        self._session = session
        self._data = data
        self._options = options
        self._folder = options.run_dir
        self._best: dict[str, Tensor] = {}
        self._origin = options.origin
        self._run: object = secrets.token_hex(8)  # says which checkpoints belong together; no seed decides it
        self._taken_up = False

    # -- writing -------------------------------------------------------------------------------------------------

    def epoch(self, history: History) -> None:
        """Keep the state after an epoch, as the last and, if it is the best so far, as the best.

        Whatever happens between the two, ``resume`` makes up for it.

        Raises:
            TrainingError: the state holds values that are no finite numbers; nothing is written.
            CheckpointError: a file cannot be written; the old one is left as it was.
        """
        self._check_finite(len(history.epochs))
        if self._folder is not None:
            folder = self._folder
            more = {"kind": "training", "without_momentum": without_momentum(self._session)}
            tensors, about = training_tensors(self._session), {**more, **self._about(history)}
            led(self._session.fabric, lambda: write_checkpoint(folder / LAST, tensors, about))
            self._draw(folder, history)
        if history.best == len(history.epochs) - 1:
            self._keep_best(history)

    def _draw(self, folder: Path, history: History) -> None:
        led(self._session.fabric, lambda: write_curves(folder, history, tuple(self._session.family.members)))

    def _keep_best(self, history: History) -> None:
        if "best" not in self._options.kept:
            return
        if self._folder is None:
            self._best = {name: value.clone() for name, value in self._session.family.state_dict().items()}
            return
        path = self._folder / BEST
        led(self._session.fabric, lambda: self._save_family(path, history, "best"))

    def final(self, history: History) -> None:
        """Keep the trained family, scored or not yet."""
        if self._folder is not None:
            path = self._folder / FINAL
            led(self._session.fabric, lambda: self._save_family(path, history, self._options.chosen))

    def done(self) -> None:
        """Drop what nobody asked to keep of a finished training."""
        if self._folder is None or not self._session.fabric.is_global_zero:
            return
        for word, name in (("best", BEST), ("last", LAST)):
            if word not in self._options.kept:
                with suppress(OSError):
                    (self._folder / name).unlink(missing_ok=True)

    def _save_family(self, path: Path, history: History, chosen: str) -> None:
        save_family(self._session.family, path, {"kind": "family", **self._about(history, chosen)})

    def _check_finite(self, epochs: int) -> None:
        odd = not_finite(self._session.family.state_dict())
        worst = reduced(
            self._session.fabric, torch.tensor(float(odd is not None), device=self._session.fabric.device), "sum"
        )
        if worst > 0:
            raise TrainingError(
                f"After epoch {epochs}, {odd or 'a tensor of another process'} holds values that are no finite "
                "numbers: nothing of it is kept, and the last checkpoint is as it was. Try a lower learning rate, a "
                "warm-up in the recipe's schedule, or 32-true precision."
            )

    def _agreed(self, times: Timetable) -> dict[str, Any]:
        """What a resumed run must have in common with the run, of a timetable, that it goes on with."""
        family, session, options = self._session.family, self._session, self._options
        return {
            "limit": options.limit,
            "val": options.val,
            "patience": options.patience,
            "seed": options.seed,
            "epochs": times.epochs,
            "legs": list(times.legs),
            "batch": session.loader.total,
            "lr": session.peak,
            "optimizer": repr(family.recipe.optimizer),
            "schedule": repr(times.schedule),
            "augment": repr(family.recipe.augment),
            "smoothing": family.recipe.smoothing,
            "refinement": repr(family.refinement),
            "freeze": sorted(options.freeze),
        }

    def _about(self, history: History, chosen: str = "last") -> dict[str, Any]:
        best = history.best
        data = self._data
        return {
            **identity(self._session.family),
            "run": self._run,
            "training": self._agreed(self._session.timetable),
            "epoch": best + 1 if chosen == "best" and best is not None else len(history.epochs),
            "chosen": chosen,
            "normalisation": {"mean": list(data.normalise.mean), "std": list(data.normalise.std)},
            "classes": list(data.class_names),
            "data": {
                "name": data.name,
                "identity": data.identity,
                "images": {
                    "train": self._session.images,
                    "val": len(data.val) if data.val is not None else 0,
                    "test": len(data.test),
                },
                "skipped": list(data.skipped),
                "alpha": data.alpha,
                "val": data.val_origin,
            },
            "history": history.to_json(),
            "from": self._origin,
            "versions": {"swc": _version(), "torch": torch.__version__},
        }

    # -- reading -------------------------------------------------------------------------------------------------

    def finished(self) -> History | None:
        """The history of the finished training in the folder, whose family is loaded.

        None where there is none, or where its family is not the one that is to be chosen now.

        Raises:
            CheckpointError: it is another training.
        """
        path = self._path(FINAL)
        if path is None:
            return None
        _, metadata = run_of_now(self._session.family, {}, read_metadata(path))
        history = self._checked(path, metadata)
        if history.evaluation is None or metadata.get("chosen") != self._options.chosen:
            return None
        if self._taken_up and metadata.get("run") != self._run:
            return None
        load_family(self._session.family, path)
        return history

    def resume(self) -> History | None:
        """Take up the last state in the folder; None where there is none.

        Raises:
            CheckpointError: it cannot be read, or is that of another training.
        """
        path = self._path(LAST)
        if path is None:
            return None
        tensors, metadata = run_of_now(self._session.family, *read_checkpoint(path))
        if metadata.get("kind") != "training":
            raise CheckpointError(f"{path} holds a trained family, not a training that can go on.")
        history = self._checked(path, metadata)
        self._origin = agreed_origin(path, metadata.get("from"), self._origin)
        self._run, self._taken_up = metadata.get("run"), True
        restore_training(self._session, tensors, metadata.get("without_momentum"), path)
        self._take_up_best(history)
        self._draw(path.parent, history)
        return history

    def _path(self, name: str) -> Path | None:
        path = self._folder / name if self._folder is not None else None
        return path if path is not None and path.is_file() else None

    def _checked(self, path: Path, metadata: dict[str, Any]) -> History:
        """The history in a checkpoint, if it is one of this training."""
        check_identity(self._session.family, metadata, path)
        check_classes(path, metadata, self._data)
        check_data(path, metadata, self._data)
        times = self._session.timetable
        if times.before is not None and is_of(metadata, times.before):  # finished, and trained on from here
            times = times.before
        check_agreement(path, metadata.get("training"), self._agreed(times))
        try:
            history = History.from_json(metadata["history"])
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise CheckpointError(f"{path} is of no use: its history cannot be read ({problem}).") from problem
        done = len(history.epochs)
        if not 0 < done <= times.epochs:
            raise CheckpointError(f"{path} is of no use: it was written after {done} of {times.epochs} epochs.")
        if [summary.epoch for summary in history.refinements] != [after for after in times.refinements if after < done]:
            told = ", ".join(str(summary.epoch) for summary in history.refinements) or "no epoch"
            raise CheckpointError(
                f"{path} is of no use: after epoch {done} it says that coefficients were refined after {told}."
            )
        return history

    def _take_up_best(self, history: History) -> None:
        """See that ``best.safetensors`` is of the best epoch so far, or make it so where the last epoch was that."""
        if self._folder is None or "best" not in self._options.kept or history.best is None:
            return
        if history.best == len(history.epochs) - 1:
            self._keep_best(history)
            return
        self._check_best(self._folder / BEST, history.best + 1)

    def _check_best(self, path: Path, epoch: int) -> None:
        """See that the best checkpoint is that of an epoch, of this very run."""
        metadata = read_metadata(path) if path.is_file() else None
        if metadata is None:
            state = "is missing"
        elif metadata.get("epoch") != epoch:
            state = f"is that of epoch {metadata.get('epoch')}"
        elif metadata.get("run") != self._run:
            state = "is another run's"
        else:
            return
        raise CheckpointError(
            f"{path} should be that of epoch {epoch}, the best so far, and {state}: put it back, or go on without it "
            "(--keep last)."
        )

    def load_best(self, epoch: int) -> None:
        """Fill the family with its best state, that of an epoch (counted from 1).

        Raises:
            CheckpointError: it cannot be read any more.
        """
        if self._folder is None:
            self._session.family.load_state_dict(self._best)
            return
        try:
            self._check_best(self._folder / BEST, epoch)
            load_family(self._session.family, self._folder / BEST)
        except CheckpointError as problem:
            raise CheckpointError(
                f"{problem} All epochs are trained: put it back and add --resume, or take the last epoch (--resume "
                "--final last)."
            ) from problem


def _version() -> str:
    try:
        return version("swc")
    except PackageNotFoundError:  # run from its sources
        return "unknown"
