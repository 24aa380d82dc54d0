"""The syntax tree: what a .sw file says, with positions and comments, before names mean anything.

Spans do not count when trees are compared: two texts that differ in layout only have equal trees.
"""

from __future__ import annotations

from attrs import field, frozen

from swc.diagnostics import Source, Span


@frozen
class Node:
    """Anything with a place in the source."""

    span: Span = field(eq=False, repr=False, kw_only=True)


@frozen
class Name(Node):
    """An identifier where it is written."""

    text: str

    def __str__(self) -> str:
        return self.text


# Expressions


@frozen
class Number(Node):
    """``3``, ``0.5``, ``5e-4``."""

    value: int | float


@frozen
class Boolean(Node):
    """``true`` or ``false``."""

    value: bool


@frozen
class List(Node):
    """``[3, 4, 6, 3]``."""

    items: tuple[Expression, ...]


@frozen
class Reference(Node):
    """A name used as a value."""

    name: Name


@frozen
class Index(Node):
    """``counts[stage]``."""

    value: Expression
    index: Expression


@frozen
class Negation(Node):
    """``-a``."""

    operand: Expression


@frozen
class Not(Node):
    """``not a``."""

    operand: Expression


@frozen
class Binary(Node):
    """``a + b`` and its like; ``operator`` is one of ``+ - * / % ** == != < <= > >= and or``."""

    operator: str
    left: Expression
    right: Expression


@frozen
class Conditional(Node):
    """``if condition then consequent else alternative``."""

    condition: Expression
    consequent: Expression
    alternative: Expression


@frozen
class Argument(Node):
    """``value`` or ``name=value`` in a call."""

    name: Name | None
    value: Expression


@frozen
class Call(Node):
    """``conv(act, width, 3, stride=stride)``: an operation, a block or a setting."""

    function: Name
    arguments: tuple[Argument, ...]


@frozen
class Labelled(Node):
    """``conv1: conv(...)``: the name under which a layer or block instance is known."""

    label: Name
    value: Call | Conditional


Expression = Number | Boolean | List | Reference | Index | Negation | Not | Binary | Conditional | Call | Labelled

# Statements


@frozen
class Assign(Node):
    """``y = value``."""

    target: Name
    value: Expression


@frozen
class Repeat(Node):
    """``repeat count as index { ... }``; the index counts from 0."""

    count: Expression
    index: Name | None
    body: tuple[Statement, ...]


@frozen
class Require(Node):
    """``require condition, "message"``."""

    condition: Expression
    message: str


@frozen
class Return(Node):
    """``return value``."""

    value: Expression


Statement = Assign | Repeat | Require | Return

# Definitions


@frozen
class Parameter(Node):
    """``width: int`` or ``stride: int = 1``; ``type`` is the name as written."""

    name: Name
    type: Name
    default: Expression | None


@frozen
class Definition(Node):
    """What ``block`` and ``arch`` have in common."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


@frozen
class Block(Definition):
    """A building block: its input is ``x``."""


@frozen
class Arch(Definition):
    """An architecture: its input is ``x``, and ``classes`` is the number of classes."""


@frozen
class Use(Node):
    """``use wide_block, other from wrn``."""

    names: tuple[Name, ...]
    module: Name


# Families


@frozen
class Input(Node):
    """``input image(3, 32, 32)``."""

    value: Call


@frozen
class Output(Node):
    """``output classes(100)``."""

    value: Call


@frozen
class Amount(Node):
    """``36.5M``: an absolute number of parameters; ``value`` is exact (it may be negative or fractional)."""

    value: int | float
    text: str


@frozen
class Relative(Node):
    """``10% of wrn(28, 10)`` or ``25% of members``."""

    percent: int | float
    base: Call | Reference


@frozen
class Budget(Node):
    """``budget amount``."""

    value: Amount | Relative


@frozen
class Member(Node):
    """``member deep = wrn(depth=34, widen=8)``."""

    name: Name
    value: Call


@frozen
class Path(Node):
    """``slim``, ``thin.group1.0.conv1``: a name, or what stands for one."""

    text: str


@frozen
class Moved(Node):
    """``moved slim -> thin``; with ``cluster``, of a cluster made by hand: ``moved cluster left -> right``."""

    before: Path
    after: Path
    cluster: bool


@frozen
class Clusters(Node):
    """``clusters gradient(threshold=0.1, epochs=20)``, ``clusters single``, ``clusters depth``."""

    choice: Call


@frozen
class Refine(Node):
    """``refine gradient(threshold=0.9, after=10)`` or ``refine none``."""

    choice: Call


@frozen
class Templates(Node):
    """``templates 1..8``, or ``templates 2..4 for *.conv1`` (``templates 8`` means 1..8)."""

    low: int
    high: int
    patterns: tuple[Pattern, ...] = ()


@frozen
class Bins(Node):
    """``bins 4``, or ``bins 4 for deep.*``."""

    count: int
    patterns: tuple[Pattern, ...] = ()


@frozen
class Pattern(Node):
    """``*.group1.?.conv*``: a glob over full layer names; ``*`` crosses dots."""

    text: str


@frozen
class Hint(Node):
    """``private``, ``public``, ``tie`` or ``apart`` with the patterns it speaks of."""

    kind: Name
    patterns: tuple[Pattern, ...]


@frozen
class Cluster(Node):
    """``cluster back *.group3.*``: a cluster made by hand, by its name and the patterns of its layers."""

    name: Name
    patterns: tuple[Pattern, ...]


@frozen
class Share(Node):
    """The ``share`` section."""

    items: tuple[Clusters | Refine | Templates | Bins | Cluster | Hint, ...]


@frozen
class Scalar(Node):
    """``epochs 200``."""

    name: Name
    value: int | float


@frozen
class Choice(Node):
    """``sgd(lr=0.1)``: a setting that is chosen by its name."""

    call: Call


@frozen
class Augment(Node):
    """``augment crop, flip, cutout(16)``."""

    operations: tuple[Call, ...]


@frozen
class Train(Node):
    """The ``train`` section."""

    items: tuple[Scalar | Choice | Augment, ...]


@frozen
class Family(Node):
    """A ``family`` with its sections in the order of the text."""

    name: Name
    items: tuple[Input | Output | Budget | Member | Moved | Share | Train, ...]


@frozen
class Comment(Node):
    """``// text``; ``own_line`` when nothing stands before it on its line."""

    text: str
    own_line: bool


@frozen
class BlankLines(Node):
    """``count`` empty lines in a row."""

    count: int


@frozen
class File(Node):
    """A whole file. ``trivia`` holds its comments and blank lines in the order of the text."""

    source: Source = field(eq=False, repr=False)
    version: int
    items: tuple[Use | Block | Arch | Family, ...]
    trivia: tuple[Comment | BlankLines, ...]
