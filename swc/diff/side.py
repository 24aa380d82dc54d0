"""One side of a comparison: a spec, compiled as far as its plan, or a plan that was written as JSON."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from swc.check import Program
from swc.compiler import LockChoice, compile_spec
from swc.diagnostics import Diagnostic, SpecError
from swc.diff.state import State, full_state, planned_state
from swc.emit.names import class_name
from swc.family import Family
from swc.plan import from_json
from swc.plan.model import Plan


@frozen
class Contents:
    """What a spec says beyond its plan.

    ``class_name`` is the family's class in the generated file, ``program`` the checked spec that both come of.
    """

    family: Family
    class_name: str
    program: Program


@frozen
class Side:
    """A plan under the name that reports call it by; ``contents`` is None when there is nothing but the plan."""

    name: str
    plan: Plan
    contents: Contents | None

    def state(self) -> State:
        """The full state dict, or what the plan knows of it."""
        if self.contents is None:
            return planned_state(self.plan)
        return full_state(self.plan, self.contents.family)


def load_side(path: Path, name: str, *, no_lock: bool = False) -> Side:
    """Read one side of a comparison.

    Args:
        path: a spec (``.sw``), or a plan (``.json``) that ``swc plan --format json`` wrote.
        name: what messages and reports call it.
        no_lock: compile a spec without its lock file.

    Raises:
        SpecError: SW0904 when the file is neither, and whatever stands in the way of compiling or reading it.
    """
    if path.suffix == ".json":
        return Side(name, _read_plan(path, name), None)
    if path.suffix != ".sw":
        raise _neither(path, name)
    compiled = compile_spec(path, LockChoice(ignored=no_lock), display=name)
    family = compiled.family
    contents = Contents(family, class_name(family), compiled.program)
    return Side(name, compiled.plan, contents)


def _read_plan(path: Path, name: str) -> Plan:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError((Diagnostic("SW0001", f"there is no file {name}", help="check the path"),)) from error
    except UnicodeDecodeError as error:
        raise SpecError((Diagnostic("SW0004", f"{name} is not UTF-8 text", help="check which file it is"),)) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError((Diagnostic("SW0003", f"{name} cannot be read: {reason}", help="check the path"),)) from error
    return from_json(text, name)


def _neither(path: Path, name: str) -> SpecError:
    if path.is_dir():
        spec = next(iter(sorted(path.glob("*.sw"))), None)
        way = f", such as {spec}" if spec else ""
        return SpecError((Diagnostic("SW0904", f"{name} is a folder", help=f"name a spec in it{way}"),))
    if path.exists():
        return SpecError(
            (
                Diagnostic(
                    "SW0904",
                    f"{name} is neither a spec nor a plan",
                    help="give `.sw` files, or `.json` files that `swc plan --format json` wrote",
                ),
            )
        )
    return SpecError(
        (
            Diagnostic(
                "SW0904",
                f"there is no file {name}, and no spec or plan has such a name",
                help=f"if it is a git revision, name the spec too: swc diff {name} -- SPEC",
            ),
        )
    )
