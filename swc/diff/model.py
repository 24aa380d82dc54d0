"""What a comparison finds: plain frozen values, in the order in which reports show them."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from swc.diff.renames import Rename
from swc.family import Moved
from swc.lock.moves import Move

FORMAT_VERSION = 1


class Category(StrEnum):
    """What a change breaks, the worst first."""

    CHECKPOINT = "CHECKPOINT"  # a checkpoint of the one version does not load into the other
    API = "API"  # code that uses the family has to change
    NUMERIC = "NUMERIC"  # names and shapes stay, but training, initialisation or outputs differ


class Reason(StrEnum):
    """Why a checkpoint does not load: its tensors do not fit, or it says that it belongs to another family."""

    NAMES = "names"
    SHAPES = "shapes"
    FAMILY = "family"
    STRUCTURE = "structure"
    SHARING = "sharing"


class Structural(StrEnum):
    """What the structural hash is over; UNKNOWN is what a plan does not hold."""

    INPUT = "input"
    CLASSES = "classes"
    MEMBERS = "members"
    MEMBER_ORDER = "order of members"
    LAYERS = "layers"
    LAYER_ORDER = "order of layers"
    NORMS = "norms"
    FORWARD = "forward"
    HINTS = "hints"
    UNKNOWN = "not compared"


Value = str | int | float | tuple[int, ...] | None


@frozen
class Edit:
    """Something with a name that was ``before`` and is ``after``; None where it is not there."""

    name: str
    before: Value
    after: Value


@frozen
class Bank:
    """What a SuperWeight is: its shape (rows, columns, kh, kw), templates, reserved coefficient vectors and users."""

    shape: tuple[int, int, int, int]
    templates: int
    coefficient_vectors: int
    users: int


@frozen
class BankEdit:
    """A SuperWeight (by its id) before and after; None where it is not there."""

    name: str
    cluster: str
    before: Bank | None
    after: Bank | None


@frozen
class Forward:
    """A member with the same layers as before that computes something else, first at the layer or norm ``at``."""

    member: str
    at: str


@frozen
class Order:
    """The layers of a member that come in another order: from the first to the last that is not in its old place."""

    member: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@frozen
class Difference:
    """Everything that differs between two sides.

    ``family``: name, class, input, classes, members (their order). ``members``: architecture and arguments; added and
    removed ones too. ``alone``: their parameters alone. ``layers``: shapes (out, in, kh, kw). ``traits``: kind, groups
    and bias of layers. ``norms``: channels. ``forward``: members that compute something else with the same layers.
    ``orders``: members whose layers come in another order, as far as both sides have them. ``renamed_members`` and
    ``renamed_layers``: what both sides have under different names, besides being among the others. ``moved``: what the
    side after says was renamed, and is compared by its name of now.
    ``moves``: layers that changed clusters, None being a weight of its own. ``fan_ins``: reference fan-ins of clusters;
    ``tiles``: how clusters are folded, ``whole`` being not at all.
    ``budget`` and ``budget_text``: in parameters, and as specs say it where it is another number. ``settings``:
    training recipe, search, refinement, bounds and hints, one value at a time; ``written``: as specs write them.
    ``state``: entries of the state dict.
    ``layer_names``: all layers of both sides. ``unknown``: what could not be compared because a side is a plan.
    """

    before: str
    after: str
    family: tuple[Edit, ...]
    members: tuple[Edit, ...]
    alone: tuple[Edit, ...]
    layers: tuple[Edit, ...]
    traits: tuple[Edit, ...]
    norms: tuple[Edit, ...]
    forward: tuple[Forward, ...]
    orders: tuple[Order, ...]
    renamed_members: tuple[Rename, ...]
    renamed_layers: tuple[Rename, ...]
    moved: tuple[Moved, ...]
    moves: tuple[Move, ...]
    fan_ins: tuple[Edit, ...]
    tiles: tuple[Edit, ...]
    superweights: tuple[BankEdit, ...]
    parameters: tuple[Edit, ...]
    budget: tuple[Edit, ...]
    budget_text: tuple[Edit, ...]
    settings: tuple[Edit, ...]
    written: tuple[Edit, ...]
    state: tuple[Edit, ...]
    reasons: tuple[Reason, ...]
    layer_names: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def categories(self) -> tuple[Category, ...]:
        """What the differences break, the worst first."""
        renamed = any(member.before is None or member.after is None for member in self.members)
        holds = {
            Category.CHECKPOINT: bool(self.reasons),
            Category.API: bool(self.family or self.moved_members) or renamed,
            Category.NUMERIC: bool(self.settings or self.forward or self.fan_ins),
        }
        return tuple(category for category, found in holds.items() if found)

    @property
    def moved_members(self) -> tuple[Moved, ...]:
        """The members that were renamed, which code that uses the family knows by their names."""
        return tuple(move for move in self.moved if not move.cluster and "." not in move.before)

    @property
    def is_empty(self) -> bool:
        """Whether the two sides are the same family, planned and trained alike."""
        return not (
            self.reasons
            or self.family
            or self.members
            or self.alone
            or self.layers
            or self.traits
            or self.norms
            or self.forward
            or self.orders
            or self.moved
            or self.moves
            or self.fan_ins
            or self.tiles
            or self.superweights
            or self.parameters
            or self.budget
            or self.settings
            or self.state
        )
