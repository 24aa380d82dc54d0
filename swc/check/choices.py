"""The settings of a family: what each is called, which numbers it takes, and within which bounds."""

from __future__ import annotations

from math import inf

from attrs import frozen

from swc.check.operations import Type
from swc.check.signature import Signature, SignatureParameter
from swc.family import Clustering, Refinement, Sgd

_LARGE = 1_000_000


@frozen
class Bounds:
    """From ``low`` to ``high``; an open end is itself out of bounds."""

    low: float
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number is within bounds."""
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)

    def __str__(self) -> str:
        if self.high == inf:
            return "above 0" if self.low_open and self.low == 0 else f"at least {self.low:g}"
        low = f"above {self.low:g}" if self.low_open else f"{self.low:g}"
        high = (
            f"below {self.high:g}"
            if self.high_open
            else f"{self.high:,g}"
            if self.high < _LARGE
            else f"{self.high:,.0f}"
        )
        return f"{low} and {high}" if self.low_open else f"from {low} to {high}"


POSITIVE = Bounds(0, low_open=True)
COUNT = Bounds(1, _LARGE)
EPOCH = Bounds(0, _LARGE)
SIZE = Bounds(1, 65_536)
COSINE = Bounds(-1, 1)
"""What a cosine of gradients can be."""


@frozen
class Setting:
    """One number of a choice; ``default`` is None where it must be given."""

    name: str
    type: Type
    bounds: Bounds | None = None
    default: float | None = None  # an int or a bool is a float to Python


@frozen
class Choice:
    """Something to choose for a part of the family: ``sgd(lr=0.1)``, ``steps(60, 120, gamma=0.2)``.

    ``listed`` is the setting that takes any number of arguments by position; the others then have names.
    """

    name: str
    settings: tuple[Setting, ...] = ()
    listed: Setting | None = None

    @property
    def signature(self) -> Signature:
        """What a call may pass, apart from ``listed``."""
        parameters = tuple(
            SignatureParameter(s.name, s.type, required=s.default is None, shown=_shown(s)) for s in self.settings
        )
        shown = [f"{self.listed.name}: {self.listed.type}, ..."] if self.listed else []
        shown += [p.shown for p in parameters]
        return Signature(self.name, parameters, f"{self.name}({', '.join(shown)})" if shown else self.name)


def _shown(setting: Setting) -> str:
    if setting.default is None:
        return f"{setting.name}: {setting.type}"
    default = str(setting.default).lower() if isinstance(setting.default, bool) else f"{setting.default:g}"
    return f"{setting.name}: {setting.type} = {default}"


def _table(*choices: Choice) -> dict[str, Choice]:
    return {choice.name: choice for choice in choices}


INPUTS = _table(
    Choice(
        "image",
        (
            Setting("channels", Type.INT, SIZE),
            Setting("height", Type.INT, SIZE),
            Setting("width", Type.INT, SIZE),
        ),
    )
)
OUTPUTS = _table(Choice("classes", (Setting("count", Type.INT, Bounds(2, _LARGE)),)))
CLUSTERS = _table(
    Choice(
        "gradient",
        (
            Setting("threshold", Type.FLOAT, COSINE, Clustering().threshold),
            Setting("epochs", Type.INT, COUNT, Clustering().epochs),
        ),
    ),
    Choice("single"),
    Choice("depth"),
)
REFINEMENTS = _table(
    Choice(
        "gradient",
        (
            Setting("threshold", Type.FLOAT, COSINE, Refinement().threshold),
            Setting("after", Type.INT, COUNT, Refinement().after),
        ),
    ),
    Choice("none"),
)
OPTIMIZERS = _table(
    Choice(
        "sgd",
        (
            Setting("lr", Type.FLOAT, POSITIVE, Sgd().lr),
            Setting("momentum", Type.FLOAT, Bounds(0, 1, high_open=True), Sgd().momentum),
            Setting("nesterov", Type.BOOL, None, Sgd().nesterov),
            Setting("decay", Type.FLOAT, Bounds(0, 1), Sgd().decay),
        ),
    )
)
SCHEDULES = _table(
    Choice("constant"),
    Choice(
        "steps",
        (Setting("gamma", Type.FLOAT, Bounds(0, 1, low_open=True), 0.1),),
        listed=Setting("milestones", Type.INT, COUNT),
    ),
    Choice("cosine", (Setting("warmup", Type.FLOAT, EPOCH, 0.0),)),
    Choice("onecycle", (Setting("warmup", Type.FLOAT, Bounds(0, 1, low_open=True, high_open=True), 0.3),)),
)
AUGMENTS = _table(
    Choice("crop", (Setting("padding", Type.INT, SIZE, 4),)),
    Choice("flip"),
    Choice("cutout", (Setting("size", Type.INT, SIZE, 16),)),
)
SCALARS = {
    setting.name: setting
    for setting in (
        Setting("epochs", Type.INT, COUNT, 200),
        Setting("batch", Type.INT, COUNT, 128),
        Setting("smoothing", Type.FLOAT, Bounds(0, 1, high_open=True), 0.0),
    )
}
"""Settings of the `train` section that are a name and a number."""
