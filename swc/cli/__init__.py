"""The command line of swc. Importing it, and compiling with it, imports no torch."""

from __future__ import annotations

import click

from swc import __version__
from swc.cli.anytime import anytime
from swc.cli.compile import check, compile_
from swc.cli.diff import diff
from swc.cli.export import export
from swc.cli.failures import Commands
from swc.cli.lock import lock
from swc.cli.plan import plan
from swc.cli.predict import predict
from swc.cli.runs import runs
from swc.cli.train import evaluate, search, train


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="swc")
def main() -> None:
    """Compile, search, train and serve parameter-shared families of networks."""


for _command in (compile_, check, plan, diff, lock, search, train, evaluate, anytime, export, predict, runs):
    main.add_command(_command)

__all__ = ["main"]
