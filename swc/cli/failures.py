"""From failures to messages and exit codes: 0 clean, 1 errors or drift, 2 usage, 130 interrupted, 143 terminated."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from swc.cli.stopping import exit_code, stoppable, word
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.render import render_json, render_text
from swc.pipeline.ready import leads


def wants_color(stream: Any) -> bool:
    """Whether to colour what goes to a stream: terminals only, and never with NO_COLOR."""
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb" and stream.isatty()


def show(diagnostics: tuple[Diagnostic, ...], output_format: str = "text") -> None:
    """Print diagnostics: as text on standard error, or as JSON on standard output."""
    if output_format == "json":
        click.echo(render_json(diagnostics))
        return
    if not diagnostics:
        return
    color = wants_color(sys.stderr)
    width = min(120, max(60, click.get_current_context().max_content_width or 100))
    click.echo(render_text(diagnostics, color=color, width=width), err=True, color=color)


def complain(message: str) -> None:
    """Print one error on standard error; of several processes, the first speaks."""
    if not leads():
        return
    label = click.style("error", fg="red", bold=True)
    click.echo(f"{label}: {message}", err=True, color=wants_color(sys.stderr))


class Commands(click.Group):
    """The command group: turns every failure that a person can cause into a message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        for stream in (sys.stdout, sys.stderr):
            # A name of a file need not be a text: what cannot be printed is escaped.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            with stoppable():
                return super().invoke(ctx)
        except SpecError as error:
            show(error.diagnostics)
            count = len(error.diagnostics)
            kept = "; nothing was written" if ctx.invoked_subcommand == "compile" else ""
            complain(f"{count} problem{'s' if count > 1 else ''} found{kept}{_notes(error)}")
        except KeyboardInterrupt as stop:
            complain(f"{word(stop)}; files that were already written are whole")
            raise click.exceptions.Exit(exit_code(stop)) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            complain(f"{place}{error.strerror or error}{_notes(error)}")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in {"swc", "swc_runtime"}:
                raise
            complain(
                f"this command needs the package `{error.name}`: install swc's extra `train`, "
                "`pip install -e '.[train]'` in its repository"
            )
        except Exception as error:
            if not _is_problem(error):
                raise
            complain(f"{error}{_notes(error)}")
        raise click.exceptions.Exit(1)


def _notes(error: Exception) -> str:
    """What a command has added to an error on its way (``add_note``): what is done all the same, say."""
    return "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))


def _is_problem(error: Exception) -> bool:
    """Whether the runtime raised this to tell a person something (it is loaded then, so the import costs nothing)."""
    problems = sys.modules.get("swc_runtime.problems")
    return problems is not None and isinstance(error, problems.RuntimeProblem)
