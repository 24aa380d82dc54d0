"""Serving a trained family: predictions for members, budgets and deadlines, and what they cost on this machine.

``prediction`` answers ``Family.predict``; where a deadline is given, ``deadline`` has ``workers`` run members in the
order that ``subsets`` of the ``frontier`` advise. ``anytime`` measures the frontier with ``timings``, and
``frontier_file`` keeps it. ``classifying`` answers for image files. ``run`` opens a trained run's
folder for all of that (``open_run``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swc_runtime.serving.run import OpenedRun, open_run

__all__ = ["OpenedRun", "open_run"]


def __getattr__(name: str) -> Any:
    """What is public here, imported when asked for: it stands on the family, and the family on this room."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from swc_runtime.serving import run  # noqa: PLC0415 - see above

    return getattr(run, name)
