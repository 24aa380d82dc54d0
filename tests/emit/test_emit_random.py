"""Random programs: generated modules against the elaborator, the interpreter and the project's tools."""

from pathlib import Path
from random import Random

from emit_compiled import Compiled, check_structure, check_values, compiled, lint, typed
from emit_programs import spec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from swc.diagnostics import SpecError


def _compiled(text: str) -> Compiled | None:
    """Compile a random program; None where its numbers work out to something impossible, such as a division by 0."""
    try:
        return compiled(text, shared=False)
    except SpecError as error:
        if {d.code for d in error.diagnostics if d.severity == "error"} - {"SW0402", "SW0403", "SW0404"}:
            raise
        return None


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_random_programs_build_and_compute_what_the_spec_says(random: Random) -> None:
    one = _compiled(spec(random))
    assume(one is not None)
    assert one is not None
    check_structure(one)
    check_values(one)


def test_random_programs_are_formatted_and_typed(tmp_path: Path) -> None:
    found = [one for seed in range(40) if (one := _compiled(spec(Random(seed)))) is not None]
    assert len(found) > 30
    # Random bodies are long, and their conditions say less than a person's would.
    sizes = ["C901", "PLR0912", "PLR0915"]
    habits = ["SIM108", "PLR1714"]
    assert lint((one.source for one in found), tmp_path, *sizes, *habits) == ""
    assert typed(tmp_path, "unreachable") == ""
