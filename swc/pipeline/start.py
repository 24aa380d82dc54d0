"""``swc train --from``: a training that starts from the weights of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.names import near_names
from swc.diagnostics.words import all_of

if TYPE_CHECKING:
    from swc.pipeline.settings import Run
    from swc_runtime import Family
    from swc_runtime.datasets import Dataset


@frozen
class StartChoice:
    """Where the weights come from: a run's folder or a checkpoint, and its generated file where that lies elsewhere."""

    source: Path
    generated: Path | None = None


def check_start(start: StartChoice | None, folder: Path) -> None:
    """See that there is something to start from, and that the new training does not overwrite it.

    Raises:
        SpecError: SW0830 when the run's folder is the one that the weights come from.
        CheckpointError: there is no checkpoint, or it is damaged.
    """
    if start is None:
        return
    from swc_runtime.checkpoint import read_metadata  # noqa: PLC0415 - torch is loaded for running, not for compiling
    from swc_runtime.transfer import checkpoint_of  # noqa: PLC0415

    path = checkpoint_of(start.source)
    read_metadata(path)
    if path.parent.resolve() == folder.resolve():
        raise SpecError(
            (
                Diagnostic(
                    "SW0830",
                    f"the new training would overwrite what it starts from, in {folder}",
                    help="name another folder for it (`--run`); to train a finished run for longer, use "
                    "`--resume --epochs N` instead",
                ),
            )
        )


def check_frozen(chosen: Sequence[str], members: Sequence[str]) -> None:
    """See that what is to be frozen are members of the family.

    Raises:
        SpecError: SW0832 otherwise.
    """
    for name in chosen:
        if name not in members:
            near = near_names(name, members, limit=1)
            help_ = f"did you mean {near[0]}?" if near else f"the members are {all_of(list(members))}"
            raise SpecError((Diagnostic("SW0832", f"there is no member {name!r} to freeze", help=help_),))


def begin(family: Family, start: StartChoice, run: Run, data: Dataset, *, anew: bool) -> Mapping[str, Any]:
    """Give a new family the weights to start from, tell what came of it, and return what checkpoints keep of it.

    A run that is resumed, and was not to begin ``anew``, has its weights already; it is only said where they came
    from, to be compared.

    Raises:
        CheckpointError: the weights cannot be read, or what they belong to is not known.
        FamilyError: the generated file does not load.
    """
    from swc_runtime.transfer import open_source, start_from  # noqa: PLC0415 - see check_start

    source = open_source(start.source, family, generated=start.generated)
    if run.options.resume and not anew:
        return {"family": source.family.plan.family, "digest": source.digest}
    report = start_from(family, source, classes=data.class_names)
    run.reporter.say(report.text())
    if _seen(source.data, data):
        run.reporter.say(
            f"{source.name} was trained on these images with others held out: scores on those that are held out now "
            f"(--val {run.options.val:g}) flatter, for it has seen them"
        )
    return report.record()


def _seen(before: Mapping[str, Any] | None, data: Dataset) -> bool:
    """Whether images that are held out now were trained on before."""
    now = data.val_origin
    if before is None or now is None or now.get("own") or before.get("identity") != data.identity:
        return False
    held = before.get("val")
    return not isinstance(held, Mapping) or held.get("fraction") != now["fraction"] or held.get("seed") != now["seed"]
