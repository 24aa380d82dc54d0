"""Training from start to end: epochs, refinement, checkpoints, TensorBoard, evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from swc_runtime.checkpoint import read_checkpoint, read_metadata, write_checkpoint
from swc_runtime.datasets import Dataset
from swc_runtime.evaluation import evaluate
from swc_runtime.family import Family
from swc_runtime.problems import CheckpointError, TrainingError
from swc_runtime.progress import Reporter, Silent
from swc_runtime.training.agreement import agreed_origin, check_agreement, check_identity, identity
from swc_runtime.training.devices import open_fabric
from swc_runtime.training.history import History
from swc_runtime.training.options import TrainOptions, check_options
from swc_runtime.training.refine import refine
from swc_runtime.training.scalars import Scalars
from swc_runtime.training.schedule import Timetable, timetable
from swc_runtime.training.session import Session, hardware_limits
from swc_runtime.training.state import restore_training, save_family, training_tensors, without_momentum

LAST = "last.safetensors"
"""The state after the last finished epoch, for resuming."""

FINAL = "family.safetensors"
"""The trained family."""


def train(
    family: Family,
    data: Dataset,
    options: TrainOptions,
    *,
    fabric: Fabric | None = None,
    reporter: Reporter | None = None,
) -> History:
    """Train a family by its recipe, refining its coefficients on the way, and evaluate it in the end.

    After every epoch ``run_dir/last.safetensors`` holds all that a resumed run needs; at the end
    ``run_dir/family.safetensors`` holds the family with its scores. A run that was killed and resumed on the CPU gives
    bit for bit what it would have given.

    Args:
        family: as the generated class makes it; it is trained in place.
        data: checked against the family (``swc_runtime.datasets.load``).
        options: where and how.
        fabric: a launched Fabric, else one is opened.
        reporter: shows the phases ``train``, ``refine`` and ``evaluate``.

    Raises:
        TrainingError: it cannot start, the loss is not finite, or the device is full.
        CheckpointError: a checkpoint cannot be read or written, or is that of another training.
    """
    check_options(options)
    if options.resume and options.run_dir is None:
        raise TrainingError("Resuming needs the folder of the run.")
    fabric = fabric or open_fabric(options)
    reporter = (reporter or Silent()) if fabric.is_global_zero else Silent()
    times = timetable(family.recipe, family.refinement, options.epochs)
    with hardware_limits():
        return _Training(Session(family, data, options, fabric, times), data, options, reporter).run()


def resumable(folder: Path) -> Path:
    """The checkpoint that a run in ``folder`` goes on from.

    Raises:
        CheckpointError: there is none.
    """
    path = folder / LAST
    if not path.is_file():
        raise CheckpointError(f"There is nothing to resume: {path} does not exist. Train without --resume.")
    return path


class _Training:
    """One call of ``train``."""

    def __init__(self, session: Session, data: Dataset, options: TrainOptions, reporter: Reporter) -> None:
        self.session = session
        self.data = data
        self.options = options
        self.reporter = reporter
        self.times: Timetable = session.timetable
        self.history = History()
        self.origin = options.origin
        self.writes = options.run_dir is not None and session.fabric.is_global_zero

    def run(self) -> History:
        if self.options.resume:
            self._resume()
        elif self.writes:
            self._warn_of_loss()
        first = len(self.history.epochs)
        folder = self.options.run_dir / "tensorboard" if self.options.run_dir and self.writes else None
        scalars = Scalars(folder, first_epoch=first)
        try:
            self._epochs(first, scalars)
            evaluation = evaluate(self.session.family, self.data, reporter=self.reporter)
            scalars.test(evaluation, self.times.epochs)
        finally:
            scalars.close()
        self.history = replace(self.history, evaluation=evaluation)
        self._save_final()
        return self.history

    def _epochs(self, first: int, scalars: Scalars) -> None:
        steps = self.session.loader.steps
        total = self.times.epochs
        with self.reporter.phase("train", total * steps) as phase:
            phase.advance(first * steps)
            for epoch in range(first, total):
                if epoch == self.times.refine_after:  # checkpoints are from before: a resumed run refines again
                    self._refine(epoch)
                record = self.session.train_epoch(epoch, phase)
                self.history = self.history.with_epoch(record)
                scalars.epoch(record)
                phase.milestone(f"epoch {epoch + 1}/{total}  loss {record.loss:.3f}  lr {record.lr:.4g}")
                every = self.options.evaluate_every
                if every and (epoch + 1) % every == 0 and epoch + 1 < total:
                    self._test(epoch + 1, scalars)
                self._save_last()

    def _refine(self, epoch: int) -> None:
        assert self.session.family.refinement is not None  # noqa: S101 - the timetable has no refinement otherwise
        summary = refine(self.session, epoch, self.session.family.refinement.threshold, self.reporter)
        self.history = replace(self.history, refinement=summary)
        self.reporter.say(f"{'refine':<9} {summary.text()}")

    def _test(self, epochs: int, scalars: Scalars) -> None:
        evaluation = evaluate(self.session.family, self.data, reporter=self.reporter)
        self.history = replace(self.history, tests={**self.history.tests, epochs: evaluation})
        scalars.test(evaluation, epochs)
        best = evaluation.ensemble
        self.reporter.say(f"after epoch {epochs}: ensemble top-1 {100 * best.top1:.2f}%, NLL {best.nll:.3f}")

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def _agreed(self) -> dict[str, Any]:
        """What a resumed run must have in common with the run that it goes on with."""
        recipe, refinement = self.session.family.recipe, self.session.family.refinement
        return {
            "data": self.data.name,
            "limit": self.options.limit,
            "seed": self.options.seed,
            "epochs": self.times.epochs,
            "batch": self.session.loader.total,
            "lr": self.session.peak,
            "optimizer": repr(recipe.optimizer),
            "schedule": repr(self.times.schedule),
            "augment": repr(recipe.augment),
            "smoothing": recipe.smoothing,
            "refinement": repr(refinement),
        }

    def _metadata(self) -> dict[str, object]:
        normalise = self.data.normalise
        return {
            **identity(self.session.family),
            "training": self._agreed(),
            "normalisation": {"mean": list(normalise.mean), "std": list(normalise.std)},
            "history": self.history.to_json(),
            "from": self.origin,
        }

    def _save_last(self) -> None:
        if self.options.run_dir is not None and self.writes:
            path = self.options.run_dir / LAST
            more = {"kind": "training", "without_momentum": without_momentum(self.session)}
            write_checkpoint(path, training_tensors(self.session), {**more, **self._metadata()})
        self.session.fabric.barrier()

    def _save_final(self) -> None:
        if self.options.run_dir is not None and self.writes:
            save_family(self.session.family, self.options.run_dir / FINAL, {"kind": "family", **self._metadata()})
        self.session.fabric.barrier()

    def _warn_of_loss(self) -> None:
        """Say so when the folder holds another training, stopped or finished, that this one replaces."""
        assert self.options.run_dir is not None  # noqa: S101 - nothing is written without a folder
        path = self.options.run_dir / LAST
        if not path.is_file():
            return
        try:
            metadata = read_metadata(path)
        except CheckpointError:  # damaged, or of another release: of no use to this one
            return
        done, total = len(metadata["history"]["epochs"]), metadata["training"]["epochs"]
        if done < total:
            self.reporter.say(
                f"{path} holds a training of {metadata['family']} that was stopped after epoch {done} of {total}. "
                "It is replaced after the first epoch: to go on with it, stop now and add --resume."
            )
        elif (self.options.run_dir / FINAL).is_file():
            self.reporter.say(
                f"{self.options.run_dir} holds a finished training of {metadata['family']}. This one replaces it: to "
                "keep both, stop now and name another folder with --run."
            )

    def _resume(self) -> None:
        assert self.options.run_dir is not None  # noqa: S101 - train has seen to it
        path = resumable(self.options.run_dir)
        tensors, metadata = read_checkpoint(path)
        check_identity(self.session.family, metadata, path)
        if metadata.get("kind") != "training":
            raise CheckpointError(f"{path} holds a trained family, not a training that can go on.")
        check_agreement(path, metadata.get("training"), self._agreed())
        self.origin = agreed_origin(path, metadata.get("from"), self.origin)
        restore_training(self.session, tensors, metadata.get("without_momentum"), path)
        self.history = replace(History.from_json(metadata["history"]), evaluation=None)
        done, total = len(self.history.epochs), self.times.epochs
        self.reporter.say(f"resuming {path} after epoch {done} of {total}")
