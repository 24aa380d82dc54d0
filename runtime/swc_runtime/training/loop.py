"""Training from start to end: epochs, refinement, scores, checkpoints, curves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from lightning_fabric import Fabric

from swc_runtime.datasets import Dataset
from swc_runtime.evaluation import evaluate
from swc_runtime.family import Family
from swc_runtime.limits import limits
from swc_runtime.problems import CheckpointError, DataError, TrainingError
from swc_runtime.progress import Phase, Reporter, Silent
from swc_runtime.training.devices import open_fabric
from swc_runtime.training.folder import FINAL, LAST, TENSORBOARD, check_free, clear, occupied
from swc_runtime.training.freezing import Freezing
from swc_runtime.training.history import History
from swc_runtime.training.keeping import Keeper
from swc_runtime.training.options import TrainOptions, check_options
from swc_runtime.training.planning import fresh_parts, planned
from swc_runtime.training.processes import end_others, led
from swc_runtime.training.refine import refine
from swc_runtime.training.scalars import Scalars
from swc_runtime.training.schedule import Timetable
from swc_runtime.training.session import Session
from swc_runtime.training.validation import held_out, validate


def train(
    family: Family,
    data: Dataset,
    options: TrainOptions,
    *,
    fabric: Fabric | None = None,
    reporter: Reporter | None = None,
) -> History:
    """Train a family by its recipe, refining its coefficients on the way, and score it on the test images in the end.

    A part of the training images is held out and scored after every epoch (``options.val``); the test images are
    looked at once. After every epoch ``run_dir/last.safetensors`` holds all that a resumed run needs; at the end
    ``run_dir/family.safetensors`` holds the family with its scores. A run that was killed and resumed on the CPU gives
    bit for bit what it would have given.

    Args:
        family: as the generated class makes it; it is trained in place, and left in evaluation mode.
        data: checked against the family (``swc_runtime.datasets.load``).
        options: where and how.
        fabric: a launched Fabric, else one is opened.
        reporter: shows the phases ``train``, ``refine``, ``val`` and ``evaluate``.

    Raises:
        DataError: an image cannot be read, or too few can be held out.
        TrainingError: it cannot start, another run has the folder, the loss is not finite, or the device is full.
        CheckpointError: the folder holds another run, or a checkpoint cannot be read or written.
    """
    check_options(options)
    if options.resume and options.run_dir is None:
        raise TrainingError("Resuming needs the folder of the run.")
    data = held_out(data, options.val)
    fabric = fabric or open_fabric(options)
    reporter = (reporter or Silent()) if fabric.is_global_zero else Silent()
    with limits(), _claimed(fabric, options, reporter):
        times = planned(family, options)
        with Freezing(family, options.freeze, fresh_parts(family, options)) as freezing:
            session = Session(family, data, options, fabric, times, freezing)
            return _Training(session, data, options, reporter).run()


@contextmanager
def _claimed(fabric: Fabric, options: TrainOptions, reporter: Reporter) -> Iterator[None]:
    """Hold the run's folder, once it is known to be free for this run."""
    folder = options.run_dir
    with ExitStack() as held:
        if folder is not None:
            led(fabric, lambda: held.enter_context(occupied(folder, reporter.say)))
            if not options.resume and not options.fresh:
                led(fabric, lambda: check_free(folder))
        try:
            yield
        except BaseException:
            end_others(fabric)
            raise


class _Training:
    """One call of ``train``."""

    def __init__(self, session: Session, data: Dataset, options: TrainOptions, reporter: Reporter) -> None:
        self.session = session
        self.data = data
        self.options = options
        self.reporter = reporter
        self.times: Timetable = session.timetable
        self.history = History()
        self.keeper = Keeper(session, data, options)

    def run(self) -> History:
        if self.options.freeze:
            self.reporter.say(self.session.freezing.text())
        if self.options.resume:
            finished = self._resume()
            if finished is not None:
                return finished
        elif self.options.run_dir is not None:
            folder = self.options.run_dir
            led(self.session.fabric, lambda: clear(folder))
        first = len(self.history.epochs)
        writes = self.options.run_dir is not None and self.session.fabric.is_global_zero
        events = self.options.run_dir / TENSORBOARD if self.options.run_dir is not None and writes else None
        scalars = Scalars(events, first_epoch=first)
        try:
            self._epochs(first, scalars)
            self._finish(scalars)
        finally:
            scalars.close()
        return self.history

    def _resume(self) -> History | None:
        """Take up where the run in the folder stopped; its history if it has finished."""
        folder = self.options.run_dir
        assert folder is not None  # noqa: S101 - train has seen to it
        history, total = self.keeper.resume(), self.times.epochs
        finished = self._finished(history)
        if finished is not None:
            self.reporter.say(f"{folder} holds this training, finished: there is nothing to go on with")
            return finished
        if history is None:
            check_free(folder)  # a finished training without its last state, of which another epoch is asked for
            self.reporter.say(f"nothing was saved in {folder} yet: the training begins")
        else:
            self.history = replace(history, evaluation=None)
            self.reporter.say(f"resuming {folder / LAST} after epoch {len(history.epochs)} of {total}")
        return None

    def _finished(self, history: History | None) -> History | None:
        if history is None:
            return self.keeper.finished()
        with suppress(CheckpointError):  # damaged, it is written again from the last state
            return self.keeper.finished() if self._ends(history) else None
        return None

    def _ends(self, history: History) -> bool:
        """Whether no epoch follows; one whose held-out images are still to be scored may be the best, or not."""
        done = len(history.epochs)
        scored = self.data.val is None or not self.options.val or (done > 0 and history.epochs[-1].val is not None)
        return scored and (done >= self.times.epochs or history.waited(self.options.patience, self.times.first))

    def _epochs(self, first: int, scalars: Scalars) -> None:
        steps, total = self.session.loader.steps, self.times.epochs
        with self.reporter.phase("train", total * steps) as phase:
            phase.advance(first * steps)
            if first and self.options.val and self.history.epochs[-1].val is None:
                self._score(phase, scalars)
            while not self._ends(self.history):
                epoch = len(self.history.epochs)
                with self._going_on(epoch):
                    if epoch == self.times.refine_after:  # checkpoints are from before: a resumed run refines again
                        self._refine(epoch)
                    self.history = self.history.with_epoch(self.session.train_epoch(epoch, phase))
                self._score(phase, scalars)
        done, best = len(self.history.epochs), self.history.best
        if done < total and best is not None:
            self.reporter.say(
                f"stopped after epoch {done} of {total}: no better NLL on the held-out images since epoch {best + 1}"
            )

    @contextmanager
    def _going_on(self, done: int) -> Iterator[None]:
        """Say with what goes wrong with images in an epoch how to go on from those that are done."""
        try:
            yield
        except DataError as problem:
            if self.options.run_dir is None or not done:
                raise
            raise DataError(
                f"{problem} Epoch {done} is trained and kept: mend what is said here, then go on with --resume."
            ) from problem

    def _score(self, phase: Phase, scalars: Scalars) -> None:
        """Score the epoch that was just trained on the held-out images, if there are any, and keep its state."""
        if self.options.val:
            try:
                scores = validate(self.session.family, self.data, self.session.fabric.device, self.reporter)
            except (DataError, TrainingError) as problem:
                if self.options.run_dir is None:
                    raise
                self.keeper.epoch(self.history)
                raise type(problem)(
                    f"{problem} Epoch {len(self.history.epochs)} is trained and kept: mend what is said here, then go "
                    "on with --resume."
                ) from problem
            if self.session.fabric.world_size > 1:  # norms have seen other images in each process
                scores = self.session.fabric.broadcast(scores)
            self.history = self.history.with_scores(scores)
        record = self.history.epochs[-1]
        self.keeper.epoch(self.history)
        scalars.epoch(record)
        told = [f"epoch {record.epoch + 1}/{self.times.epochs}", f"loss {record.loss:.3f}"]
        told += [record.val.text()] if record.val else []
        phase.milestone("  ".join([*told, f"lr {record.lr:.4g}"]))

    def _refine(self, epoch: int) -> None:
        assert self.session.family.refinement is not None  # noqa: S101 - the timetable has no refinement otherwise
        summary = refine(self.session, epoch, self.session.family.refinement.threshold, self.reporter)
        self.history = replace(self.history, refinements=(*self.history.refinements, summary))
        self.reporter.say(f"{'refine':<9} {summary.text()}")

    def _finish(self, scalars: Scalars) -> None:
        """Keep the trained family, score it on the test images, and keep it with its scores."""
        best, done = self.history.best, len(self.history.epochs)
        if self.options.chosen == "best" and best is not None and best + 1 < done:
            self.keeper.load_best(best + 1)
        self.keeper.final(self.history)
        try:
            evaluation = evaluate(self.session.family, self.data, reporter=self.reporter)
        except (DataError, TrainingError) as problem:
            if self.options.run_dir is None:
                raise
            raise type(problem)(
                f"{problem} The training is finished, and its weights are kept in {self.options.run_dir / FINAL}: mend "
                "what is said here, then score them with `swc eval`, or once more with --resume."
            ) from problem
        scalars.test(evaluation, done)
        self.history = replace(self.history, evaluation=evaluation)
        self.keeper.final(self.history)
        self.keeper.done()
        self.session.family.eval()
        if best is not None:
            self.reporter.say(self._choice(best, done))

    def _choice(self, best: int, done: int) -> str:
        """Which epoch the trained family is of, and which was the best."""
        taken = best + 1 if self.options.chosen == "best" else done
        nll = [record.val.ensemble.nll if record.val else float("nan") for record in self.history.epochs]
        return (
            f"the family is that of epoch {taken} of {done} (--final {self.options.chosen}; lowest NLL on the held-out "
            f"images: {nll[best]:.3f} after epoch {best + 1}, in the end {nll[-1]:.3f})"
        )
