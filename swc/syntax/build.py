"""From the parser's tree to the syntax classes, bottom up and without recursion."""

from __future__ import annotations

from typing import Any

from lark import Token
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive, v_args

from swc.diagnostics import Source, Span
from swc.syntax import tree as t
from swc.syntax.numbers import number, parameters


def _flat(children: list[Any], kind: type | tuple[type, ...]) -> tuple[Any, ...]:
    return tuple(child for child in children if isinstance(child, kind))


@v_args(meta=True)
class Builder(Transformer_NonRecursive[Token, t.File]):
    """Each method builds the class of the rule's name from the rule's children."""

    def __init__(self, source: Source, trivia: tuple[t.Comment | t.BlankLines, ...]) -> None:
        super().__init__()
        self._source = source
        self._trivia = trivia

    def _span(self, meta: Meta) -> Span:
        return Span(self._source, meta.start_pos, meta.end_pos)

    def _token_span(self, token: Token) -> Span:
        return Span(self._source, token.start_pos or 0, token.end_pos or 0)

    def _call(self, choice: t.Call | t.Reference) -> t.Call:
        """A setting without arguments is a call without arguments."""
        return t.Call(choice.name, (), span=choice.span) if isinstance(choice, t.Reference) else choice

    def file(self, meta: Meta, children: list[Any]) -> t.File:
        del meta
        version, *items = children
        span = Span(self._source, 0, len(self._source.text))
        return t.File(self._source, version, tuple(items), self._trivia, span=span)

    def version(self, meta: Meta, children: list[Token]) -> int:
        del meta
        return int(number(children[0]))

    def name(self, meta: Meta, children: list[Token]) -> t.Name:
        return t.Name(str(children[0]), span=self._span(meta))

    def use(self, meta: Meta, children: list[t.Name]) -> t.Use:
        return t.Use(tuple(children[:-1]), children[-1], span=self._span(meta))

    def block(self, meta: Meta, children: list[Any]) -> t.Block:
        return t.Block(*children, span=self._span(meta))

    def arch(self, meta: Meta, children: list[Any]) -> t.Arch:
        return t.Arch(*children, span=self._span(meta))

    def parameters(self, meta: Meta, children: list[Any]) -> tuple[t.Parameter, ...]:
        del meta
        return _flat(children, t.Parameter)

    def parameter(self, meta: Meta, children: list[Any]) -> t.Parameter:
        return t.Parameter(*children, span=self._span(meta))

    def body(self, meta: Meta, children: list[Any]) -> tuple[t.Statement, ...]:
        del meta
        return tuple(children)

    def assign(self, meta: Meta, children: list[Any]) -> t.Assign:
        return t.Assign(*children, span=self._span(meta))

    def repeat(self, meta: Meta, children: list[Any]) -> t.Repeat:
        return t.Repeat(*children, span=self._span(meta))

    def require(self, meta: Meta, children: list[Any]) -> t.Require:
        return t.Require(children[0], str(children[1])[1:-1], span=self._span(meta))

    def result(self, meta: Meta, children: list[Any]) -> t.Return:
        return t.Return(children[0], span=self._span(meta))

    def conditional(self, meta: Meta, children: list[Any]) -> t.Conditional:
        return t.Conditional(*children, span=self._span(meta))

    def binary(self, meta: Meta, children: list[Any]) -> t.Binary:
        left, operator, right = children
        return t.Binary(str(operator), left, right, span=self._span(meta))

    comparison = sum = product = power = binary

    def conjunction(self, meta: Meta, children: list[Any]) -> t.Binary:
        return t.Binary("and", *children, span=self._span(meta))

    def disjunction(self, meta: Meta, children: list[Any]) -> t.Binary:
        return t.Binary("or", *children, span=self._span(meta))

    def inversion(self, meta: Meta, children: list[Any]) -> t.Not:
        return t.Not(children[0], span=self._span(meta))

    def negation(self, meta: Meta, children: list[Any]) -> t.Negation:
        return t.Negation(children[1], span=self._span(meta))

    def reference(self, meta: Meta, children: list[t.Name]) -> t.Reference:
        return t.Reference(children[0], span=self._span(meta))

    def number(self, meta: Meta, children: list[Token]) -> t.Number:
        return t.Number(number(children[0]), span=self._span(meta))

    def boolean(self, meta: Meta, children: list[Token]) -> t.Boolean:
        return t.Boolean(children[0] == "true", span=self._span(meta))

    def listing(self, meta: Meta, children: list[Any]) -> t.List:
        return t.List(tuple(c for c in children if c is not None), span=self._span(meta))

    def index(self, meta: Meta, children: list[Any]) -> t.Index:
        return t.Index(*children, span=self._span(meta))

    def argument(self, meta: Meta, children: list[Any]) -> t.Argument:
        return t.Argument(*children, span=self._span(meta))

    def call(self, meta: Meta, children: list[Any]) -> t.Call:
        return t.Call(children[0], _flat(children, t.Argument), span=self._span(meta))

    def labelled(self, meta: Meta, children: list[Any]) -> t.Labelled:
        return t.Labelled(*children, span=self._span(meta))

    def family(self, meta: Meta, children: list[Any]) -> t.Family:
        return t.Family(children[0], tuple(children[1:]), span=self._span(meta))

    def input(self, meta: Meta, children: list[Any]) -> t.Input:
        return t.Input(children[0], span=self._span(meta))

    def output(self, meta: Meta, children: list[Any]) -> t.Output:
        return t.Output(children[0], span=self._span(meta))

    def budget(self, meta: Meta, children: list[Any]) -> t.Budget:
        return t.Budget(children[0], span=self._span(meta))

    def amount(self, meta: Meta, children: list[Any]) -> t.Amount:
        first = children[0]
        return first if isinstance(first, t.Amount) else t.Amount(parameters(first), str(first), span=self._span(meta))

    def negative_amount(self, meta: Meta, children: list[Token]) -> t.Amount:
        return t.Amount(-parameters(children[1]), f"-{children[1]}", span=self._span(meta))

    def relative(self, meta: Meta, children: list[Any]) -> t.Relative:
        minus, percent, _, base = children
        return t.Relative(number(percent) if minus is None else -number(percent), base, span=self._span(meta))

    def member(self, meta: Meta, children: list[Any]) -> t.Member:
        return t.Member(*children, span=self._span(meta))

    def path(self, meta: Meta, children: list[Token]) -> t.Path:
        return t.Path(str(children[0]), span=self._span(meta))

    def moved(self, meta: Meta, children: list[Any]) -> t.Moved:
        return t.Moved(children[0], children[-1], cluster=False, span=self._span(meta))

    def moved_cluster(self, meta: Meta, children: list[Any]) -> t.Moved:
        return t.Moved(children[1], children[-1], cluster=True, span=self._span(meta))

    def moved_named_cluster(self, meta: Meta, children: list[Any]) -> t.Moved:
        """A member that was called `cluster`."""
        before = t.Path(str(children[0]), span=self._token_span(children[0]))
        return t.Moved(before, children[-1], cluster=False, span=self._span(meta))

    def share(self, meta: Meta, children: list[Any]) -> t.Share:
        return t.Share(tuple(children), span=self._span(meta))

    def clusters(self, meta: Meta, children: list[Any]) -> t.Clusters:
        return t.Clusters(self._call(children[0]), span=self._span(meta))

    def refine(self, meta: Meta, children: list[Any]) -> t.Refine:
        return t.Refine(self._call(children[0]), span=self._span(meta))

    def templates(self, meta: Meta, children: list[Any]) -> t.Templates:
        low, high, *patterns = children
        pair = (1, int(number(low))) if high is None else (int(number(low)), int(number(high)))
        return t.Templates(*pair, _flat(patterns, t.Pattern), span=self._span(meta))

    def bins(self, meta: Meta, children: list[Any]) -> t.Bins:
        count, *patterns = children
        return t.Bins(int(number(count)), _flat(patterns, t.Pattern), span=self._span(meta))

    def pattern(self, meta: Meta, children: list[Token]) -> t.Pattern:
        return t.Pattern(str(children[0]), span=self._span(meta))

    def cluster(self, meta: Meta, children: list[Any]) -> t.Cluster:
        name = t.Name(str(children[1]), span=self._token_span(children[1]))
        return t.Cluster(name, tuple(children[2:]), span=self._span(meta))

    def hint(self, meta: Meta, children: list[Any]) -> t.Hint:
        kind = t.Name(str(children[0]), span=self._token_span(children[0]))
        return t.Hint(kind, tuple(children[1:]), span=self._span(meta))

    def train(self, meta: Meta, children: list[Any]) -> t.Train:
        return t.Train(tuple(children), span=self._span(meta))

    def scalar(self, meta: Meta, children: list[Any]) -> t.Scalar:
        return t.Scalar(children[0], number(children[1]), span=self._span(meta))

    def choice(self, meta: Meta, children: list[Any]) -> t.Choice:
        return t.Choice(self._call(children[0]), span=self._span(meta))

    def augment(self, meta: Meta, children: list[Any]) -> t.Augment:
        return t.Augment(tuple(self._call(c) for c in children), span=self._span(meta))
