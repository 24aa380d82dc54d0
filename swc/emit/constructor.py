"""From the body of a definition to the statements of ``__init__``.

A body is gone through in its own order. Numbers become assignments, modules are created where they are called, and
every tensor variable carries the number of its channels as an expression of what ``__init__`` knows by then. A tensor
whose channels change from one round of a ``repeat`` to the next gets a local variable that follows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from swc.check import Type
from swc.check.reserved import MODULE_ATTRIBUTES
from swc.emit.branches import Decision, Settled, combined
from swc.emit.calls import Calls
from swc.emit.code import (
    FALSE,
    TRUE,
    Assign,
    Expression,
    Loop,
    Name,
    Path,
    Sequence,
    Statement,
    call,
    names_in,
    parts,
)
from swc.emit.facts import Facts, statements
from swc.emit.liveness import Liveness
from swc.emit.rounds import Rounds
from swc.emit.scalars import Scalars
from swc.emit.shapes import Shape, either
from swc.syntax import tree as t

if TYPE_CHECKING:
    from swc.emit.library import Library


# Channels that take more parts than this to write get a variable.
_LONGEST = 16


class Constructor(Scalars):
    """Walks over one definition; afterwards ``statements``, ``result``, ``decisions`` and ``shapes`` are complete.

    ``decisions``, ``shapes`` and ``forms`` are by the identity of syntax nodes: how the forward pass tests a condition,
    what an assignment outside of loops makes, and the form of every tensor. ``created`` are the modules, without those
    under conditions that never hold.
    """

    def __init__(self, facts: Facts, library: Library, form: Expression) -> None:
        super().__init__(facts)
        self.decisions: dict[int, Decision] = {}
        self.shapes: dict[int, Shape] = {}
        self.forms: dict[int, Expression] = {}
        self.attributes: set[str] = set()
        self.created: set[str] = set()
        self._calls = Calls(self, facts, library)
        self._liveness = Liveness()
        self._liveness.follow(facts.node.body, frozenset())
        self._env: dict[str, Shape] = {"x": Shape(Name("channels"), form)}
        self._out: list[Statement] = []
        self._rounds = Rounds(facts)
        self._locals: dict[str, str] = {}
        self._changing: dict[int, tuple[str, ...]] = {}
        self._flags: dict[int, str] = {}
        result = self._statements(facts.node.body)
        if result is None:
            raise AssertionError(f"the checker lets no body without a return pass: {facts.definition.name}")
        self.result = result
        self.statements = tuple(self._out)

    # What is known at a place

    def variable(self, name: str) -> Expression:
        """A parameter, an index or another number: a local of ``__init__``."""
        return Name(self._facts.name(name))

    def channels(self, tensor: t.Expression) -> Expression:
        """The channels of a tensor, as far as the statements before have made it."""
        return self.tensor(tensor).channels

    def path(self, label: str) -> Path:
        """The name of a layer or block in its module, as the elaborator has it: ``"conv1"``, ``f"group1.{i}"``."""
        return self._rounds.path(label)

    def create(self, label: str, module: Expression) -> None:
        """Add the creation of a module."""
        self.created.add(label)
        self._out.append(self._rounds.creation(label, module))

    # Statements

    def _statements(self, body: tuple[t.Statement, ...]) -> Shape | None:
        for statement in body:
            match statement:
                case t.Assign():
                    self._assign(statement)
                case t.Repeat():
                    self._repeat(statement)
                case t.Require():
                    pass  # holds: the elaborator has checked it for every member
                case t.Return():
                    return self.tensor(statement.value)
        return None

    def _assign(self, statement: t.Assign) -> None:
        name = statement.target.text
        if self._facts.types[name] is Type.TENSOR:
            shape = self.tensor(statement.value)
            if not self._rounds:
                self.shapes[id(statement)] = shape
            self._env[name] = self._short(name, shape)
            return
        value = self.scalar(statement.value)
        self._settle(frozenset({self._facts.name(name)}))
        empty = value == Sequence(())
        self._out.append(Assign((self._facts.name(name),), value, "tuple[int, ...]" if empty else ""))

    def _short(self, tensor: str, shape: Shape) -> Shape:
        """A shape whose channels are a variable, if their expression has grown long."""
        if sum(1 for _ in parts(shape.channels)) <= _LONGEST:
            return shape
        local = self._new_local(f"{tensor}_channels")
        self._out.append(Assign((local,), shape.channels))
        return evolve(shape, channels=Name(local))

    def _settle(self, assigned: frozenset[str]) -> None:
        """Save what tensors owe to variables that are about to change."""
        saved: dict[Expression, str] = {}
        for tensor, shape in self._env.items():
            if names_in(shape.channels) & assigned:
                if shape.channels not in saved:
                    saved[shape.channels] = self._new_local(f"{tensor}_channels")
                    self._out.append(Assign((saved[shape.channels],), shape.channels))
                self._env[tensor] = evolve(shape, channels=Name(saved[shape.channels]))

    def _new_local(self, base: str) -> str:
        """A variable for channels; statements that are gone through again get the same names again."""
        name = self._facts.unused(base, self._taken())
        self._locals[name] = base
        return name

    def _taken(self) -> set[str]:
        return self._rounds.names | self._locals.keys() | {"channels"}

    # Loops

    def _repeat(self, node: t.Repeat) -> None:
        facts = self._facts
        count = call("range", self.scalar(node.count))
        inner = [s for s in statements(node.body) if isinstance(s, t.Assign)]
        assigned = {s.target.text for s in inner}
        self._settle(frozenset(facts.name(name) for name in assigned if facts.types[name] is not Type.TENSOR))
        live = self._liveness.head[id(node)]
        carried = [name for name in self._env if name in assigned and name in live]
        with self._rounds.entered(node, self._taken()) as entered:
            while True:
                before, env, locals_ = dict(self._env), dict(self._env), dict(self._locals)
                following = self._follow(self._changing.get(id(node), ()), env, live)
                body, after, created = self._trial(node.body, env)
                changed = [n for n in carried if n not in following and after[n].channels != env[n].channels]
                if not changed:
                    break
                self._changing[id(node)] = (*self._changing.get(id(node), ()), *changed)
                self._locals = locals_
        lists = {label: name for label, name in entered.lists.items() if label in created}
        self.created |= created
        for name, local in following.items():
            if before[name].channels != Name(local):
                self._out.append(Assign((local,), before[name].channels))
        updates = {local: after[n].channels for n, local in following.items() if after[n].channels != Name(local)}
        loop = Loop((entered.index,), count, (*body, *_together(updates)))
        self._out.extend(self._rounds.within_lists(lists, loop))
        self._env = {
            # The elaborator lets no round change the form of what is carried.
            name: evolve(env[name], strides=None) if name in assigned else shape
            for name, shape in before.items()
        }

    def _follow(self, names: tuple[str, ...], env: dict[str, Shape], live: frozenset[str]) -> dict[str, str]:
        """Give tensors whose channels change a local variable each; ``env`` is brought up to date."""
        following: dict[str, str] = {}
        for name in names:
            others = frozenset[str]().union(*(names_in(env[o].channels) for o in env if o in live and o != name))
            own = env[name].channels
            if isinstance(own, Name) and own.text in {*self._locals, "channels"} - others:
                local = own.text
            elif "channels" not in others | set(following.values()):
                local = "channels"
            else:
                local = self._new_local(f"{name}_channels")
            following[name] = local
            env[name] = evolve(env[name], channels=Name(local))
        return following

    def _trial(
        self, body: tuple[t.Statement, ...], env: dict[str, Shape]
    ) -> tuple[tuple[Statement, ...], dict[str, Shape], set[str]]:
        """Go through the body of a loop, starting from ``env``, without leaving a trace.

        Returns its statements, what is known at its end, and the modules that it creates.
        """
        kept, created, self.created = self._env, self.created, set()
        self._env = {name: evolve(shape, strides=None) for name, shape in env.items()}
        with self._collected() as out:
            self._statements(body)
        after, self._env = self._env, kept
        made, self.created = self.created, created
        return tuple(out), after, made

    @contextmanager
    def _collected(self) -> Iterator[list[Statement]]:
        kept, self._out = self._out, []
        yield self._out
        self._out = kept

    # Tensors

    def tensor(self, expression: t.Expression, label: str | None = None) -> Shape:
        """The shape of a tensor; creates the modules that it takes."""
        shape = self._shape(expression, label)
        self.forms[id(expression)] = shape.form
        return shape

    def _shape(self, expression: t.Expression, label: str | None) -> Shape:
        match expression:
            case t.Reference():
                return self._env[expression.name.text]
            case t.Labelled():
                return self.tensor(expression.value, expression.label.text)
            case t.Conditional():
                return self._conditional(expression, label)
            case t.Binary():
                left, right = self.tensor(expression.left), self.tensor(expression.right)
                return left if left.strides is not None else evolve(left, strides=right.strides)
            case t.Call():
                return self._calls.shape(expression, label)
        raise AssertionError(f"the checker lets only tensors stand here: {expression.span}")

    def _conditional(self, expression: t.Conditional, label: str | None) -> Shape:
        condition = self.scalar(expression.condition)
        if condition in (TRUE, FALSE):
            self.decisions[id(expression)] = Settled(first=condition == TRUE)
            chosen = expression.consequent if condition == TRUE else expression.alternative
            return self.tensor(chosen, label)
        with self._collected() as first:
            left = self.tensor(expression.consequent, label)
        with self._collected() as second:
            right = self.tensor(expression.alternative, label)
        made, decision = combined(
            condition,
            (tuple(first), tuple(second)),
            lambda module: self._flag(expression, module),
            looped=bool(self._rounds),
        )
        self._out.extend(made)
        self.decisions[id(expression)] = decision
        return either(condition, left, right)

    def _flag(self, expression: t.Conditional, module: str) -> str:
        if id(expression) not in self._flags:
            name = self.attribute(f"has_{module}")
            self._flags[id(expression)] = name
        return self._flags[id(expression)]

    def attribute(self, base: str) -> str:
        """An attribute for something that is no module."""
        modules = {*self._facts.labels, *self._facts.norms.values()}
        number, name = 1, base
        while name in modules or name in self.attributes or name in MODULE_ATTRIBUTES:
            number += 1
            name = f"{base}_{number}"
        self.attributes.add(name)
        return name


def _together(updates: dict[str, Expression]) -> list[Statement]:
    """Assignments that all read what was there before the first of them."""
    targets = tuple(updates)
    independent = all(not names_in(updates[t]) & set(targets[:i]) for i, t in enumerate(targets))
    if independent:
        return [Assign((target,), value) for target, value in updates.items()]
    return [Assign(targets, Sequence(tuple(updates.values())))]
