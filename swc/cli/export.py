"""``swc export``: a trained family as files that need nothing of swc."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from swc.authorship import edited_note
from swc.cli.failures import show
from swc.cli.members import MEMBERS
from swc.cli.options import FiniteRange
from swc.cli.running import verifying_options
from swc.cli.targets import CHECKPOINT, TARGET, console
from swc.pipeline import export as exporting
from swc.pipeline.finding import find
from swc.pipeline.trained import loaded

if TYPE_CHECKING:
    from swc_runtime.export import Artefact, Manifest


@click.command(short_help="Write a trained family as plain PyTorch, torch.export or ONNX.")
@TARGET
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@MEMBERS
@click.option(
    "--format",
    "formats",
    multiple=True,
    default=("torch",),
    show_default=True,
    metavar="NAME",
    help="torch (source and safetensors), torch-export or onnx; may be given several times.",
)
@click.option("--softmax", is_flag=True, help="Return probabilities.")
@click.option("--normalise", is_flag=True, help="Normalise inside, and take images as uint8 from 0 to 255.")
@click.option(
    "--int8",
    type=click.Choice(["static", "dynamic"]),
    help="Write ONNX in 8 bits too, with ranges measured on training images, or anew for each batch.",
)
@click.option(
    "--int8-loss",
    type=FiniteRange(min=0),
    default=2.0,
    show_default=True,
    help="Percentage points of top-1 that 8 bits may cost.",
)
@click.option(
    "--tolerance",
    type=FiniteRange(min=0, min_open=True),
    default=1e-4,
    show_default=True,
    help="Largest difference from the family, as a share of its largest answer where that is above 1.",
)
@verifying_options
@click.option(
    "--run",
    "run_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run. [default: runs/<family>]",
)
@CHECKPOINT
@click.option("--force", is_flag=True, help="Write over files that swc export did not write.")
@click.option("--quiet", is_flag=True, help="Show results only.")
def export(  # noqa: PLR0913 - one argument per option
    target: Path,
    folder: Path,
    members: tuple[str, ...] | None,
    formats: tuple[str, ...],
    run_folder: Path | None,
    checkpoint: Path | None,
    *,
    softmax: bool,
    normalise: bool,
    int8: str | None,
    int8_loss: float,
    tolerance: float,
    force: bool,
    quiet: bool,
    data: str | None,
    data_dir: Path,
    **reading: Any,
) -> None:
    """Write members of a trained TARGET (a run's folder, a generated file or a spec) as files that need nothing of swc.

    Each file is loaded again, run on batches of several sizes and compared with the family before it is kept.
    """
    found = find(target, run_folder, checkpoint)
    show(edited_note(found.path))
    manifest = exporting.export(
        loaded(found.path, found.checkpoint),
        folder,
        exporting.Images(data, data_dir, reading),
        quiet=quiet,
        members=members,
        formats=formats,
        softmax=softmax,
        normalise=normalise,
        int8=int8,
        int8_loss=int8_loss,
        tolerance=tolerance,
        force=force,
    )
    console().print(_table(manifest))
    for one in manifest.artefacts:
        if one.int8 is not None:
            click.echo(_int8(one))
    click.echo(f"wrote {folder / 'export.json'}")


def _table(manifest: Manifest) -> Group:
    about = manifest.about
    title = f"{about['family']}: {' + '.join(about['members'])}, {_input(about)} to {about['output']['kind']}"
    table = Table()
    for header, justify in (("format", "left"), ("files", "left"), ("MB", "right"), ("difference", "right")):
        table.add_column(header, justify=justify)  # type: ignore[arg-type]  # rich's own literals
    table.add_column("verified on")
    for one in manifest.artefacts:
        size = sum(file.bytes for file in one.files.values()) / 1e6
        allowed = "" if one.tolerance is None else f" ≤ {one.tolerance:.0e}"
        table.add_row(
            one.format if one.int8 is None else f"{one.format}, int8",
            "\n".join(one.files),
            f"{size:.2f}",
            f"{one.difference:.1e}{allowed}" if one.difference else f"none{allowed}",
            one.images,
        )
    batches = dict.fromkeys(", ".join(map(str, one.batches)) for one in manifest.artefacts)
    note = f"in batches of {'; '.join(batches)}; differences as shares of the family's largest answer, if above 1"
    return Group(Text(title, style="bold"), table, Text(note))


def _input(about: Mapping[str, Any]) -> str:
    size = "×".join(map(str, about["input"]["shape"][1:]))
    return f"{'normalised' if about['input']['normalised'] else 'uint8'} images {size}"


def _int8(one: Artefact) -> str:
    found = one.int8
    if found is None:
        raise AssertionError("asked of a file in 8 bits only")
    ranges = "" if found.calibration is None else f"; ranges from {found.calibration}"
    return (
        f"int8 ({found.method}{ranges}): top-1 {100 * found.before:.2f}% before, {100 * found.after:.2f}% after, on "
        f"{found.count} {found.images}; the same class for {100 * found.agreement:.2f}% of them"
    )
