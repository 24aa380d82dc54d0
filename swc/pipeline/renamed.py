"""Runs that were compiled before names of their spec were `moved`, and are gone on with under the names of now."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from swc.authorship import Authorship, state_of
from swc.compiler import Compiled
from swc.pipeline.modules import load_family_class


def only_names_moved(compiled: Compiled, generated: Path, checkpoint: Path) -> bool:
    """Whether all that a run differs in from a spec as it is now are names that were `moved` since.

    Args:
        compiled: the spec.
        generated: the run's file, as swc wrote it.
        checkpoint: what the run goes on from.

    Raises:
        SpecError: SW0803 when the generated file does not load.
        CheckpointError: the checkpoint is damaged.
    """
    if not compiled.family.formers or state_of(generated) is not Authorship.SWC:
        return False
    from swc_runtime.checkpoint import read_metadata  # noqa: PLC0415 - torch is loaded for running, not for compiling
    from swc_runtime.moved import former_of  # noqa: PLC0415
    from swc_runtime.training.agreement import plan_identity  # noqa: PLC0415

    then = load_family_class(generated)
    with TemporaryDirectory() as folder:
        path = Path(folder) / compiled.file_name
        path.write_text(compiled.text(), encoding="utf-8")
        now = load_family_class(path)
    if (then.recipe, then.refinement, then.search) != (now.recipe, now.refinement, now.search):
        return False
    said = (plan_identity(then.plan), read_metadata(checkpoint))
    return all(former_of(now, about, plan_identity) is not None for about in said)
