"""The body of a block or an architecture: what each statement may refer to, and the types of its variables."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, evolve, field

from swc.check.environment import Environment
from swc.check.naming import check_value_name
from swc.check.operations import Type
from swc.check.signature import parameter_type
from swc.check.types import NUMBERS, article, expect, type_of
from swc.diagnostics import Diagnostics, Related, Span
from swc.syntax import tree as t


def check_body(node: t.Block | t.Arch, environment: Environment, diagnostics: Diagnostics) -> Mapping[str, Type | None]:
    """Check the statements of a definition.

    Args:
        node: the definition.
        environment: what its module can name; its variables are added here.
        diagnostics: receives errors on names (SW02xx), types and the order of statements (SW03xx).

    Returns:
        The types of its parameters and of everything that is assigned in it.
    """
    variables: dict[str, Type | None] = {"x": Type.TENSOR}
    implicit = {"x"}
    if isinstance(node, t.Arch):
        variables["classes"] = Type.INT
        implicit.add("classes")
    fixed: dict[str, Span] = {}
    for parameter in node.parameters:
        check_value_name(parameter.name, "a parameter", implicit, environment.definitions, diagnostics)
        variables.setdefault(parameter.name.text, parameter_type(parameter.type.text))
        fixed.setdefault(parameter.name.text, parameter.name.span)
    body = _Body(diagnostics, fixed=fixed, implicit=frozenset(implicit))
    body.statements(node.body, evolve(environment, variables=variables), inside=False)
    _check_return(node, diagnostics)
    return {**variables, **{name: kind for name, (kind, _) in body.assigned.items()}}


def _check_return(node: t.Block | t.Arch, diagnostics: Diagnostics) -> None:
    returns = [(i, s) for i, s in enumerate(node.body) if isinstance(s, t.Return)]
    what = "architecture" if isinstance(node, t.Arch) else "block"
    if not returns:
        diagnostics.error(
            "SW0313",
            f"{what} `{node.name}` returns nothing",
            node.name.span,
            label="has no `return`",
            help="end its body with `return` and a tensor",
        )
        return
    index, first = returns[0]
    for statement in node.body[index + 1 :][:1]:
        diagnostics.error(
            "SW0314",
            "nothing can follow `return`",
            statement.span,
            label="never reached",
            related=(Related(first.span, "the body ends here"),),
            help="move `return` to the end of the body, and keep only one",
        )


@define
class _Body:
    """``assigned`` remembers the type of every variable of the definition: one name has one type throughout."""

    diagnostics: Diagnostics
    fixed: dict[str, Span]
    implicit: frozenset[str]
    assigned: dict[str, tuple[Type, Span]] = field(factory=dict)

    def statements(self, body: tuple[t.Statement, ...], environment: Environment, *, inside: bool) -> Environment:
        """Check statements in a row; returns the environment after them."""
        for statement in body:
            match statement:
                case t.Assign():
                    environment = self._assign(statement, environment)
                case t.Repeat():
                    environment = self._repeat(statement, environment)
                case t.Require():
                    expect(statement.condition, Type.BOOL, "a requirement", environment, self.diagnostics, "SW0302")
                case t.Return():
                    self._return(statement, environment, inside=inside)
        return environment

    def _return(self, statement: t.Return, environment: Environment, *, inside: bool) -> None:
        expect(statement.value, Type.TENSOR, "what a body returns", environment, self.diagnostics, "SW0315")
        if inside:
            self.diagnostics.error(
                "SW0314",
                "`return` stands inside a `repeat`",
                statement.span,
                label="not here",
                help="assign the value to a variable, and return that after the `repeat`",
            )

    def _assign(self, statement: t.Assign, environment: Environment) -> Environment:
        name = statement.target.text
        given = type_of(statement.value, environment, self.diagnostics)
        if not self._may_assign(statement.target, environment):
            return environment
        if given is not None:
            given = self._same_type(statement.target, statement.value.span, given)
        return evolve(
            environment,
            variables={**environment.variables, name: given},
            ended={k: v for k, v in environment.ended.items() if k != name},
        )

    def _may_assign(self, name: t.Name, environment: Environment) -> bool:
        if name.text in self.fixed:
            self.diagnostics.error(
                "SW0213",
                f"`{name}` keeps its value: it is a parameter or the index of a `repeat`",
                name.span,
                label="cannot be assigned",
                related=(Related(self.fixed[name.text], "declared here"),),
                help="give the new value a name of its own",
            )
            return False
        if name.text in self.implicit:
            if name.text == "x":
                return True
            self.diagnostics.error(
                "SW0213",
                f"`{name}` keeps its value: the family gives it",
                name.span,
                label="cannot be assigned",
                help="give the new value a name of its own",
            )
            return False
        if name.text in environment.variables:
            return True
        return check_value_name(name, "a variable", (), environment.definitions, self.diagnostics)

    def _same_type(self, target: t.Name, value: Span, given: Type, *, exact: bool = False) -> Type:
        """Note the type of a name where it gets a value; report it if the name had another type before.

        An int may follow a float, unless the name must be of this very type (``exact``).
        """
        name = target.text
        before = (Type.TENSOR, target.span) if name == "x" else self.assigned.setdefault(name, (given, target.span))
        widened = before[0] is Type.FLOAT and given is Type.INT and not exact
        if before[0] is not given and not widened:
            related = () if name == "x" else (Related(before[1], f"{article(before[0])} here"),)
            both = {before[0], given} <= NUMBERS and not exact
            self.diagnostics.error(
                "SW0310",
                f"`{name}` is {article(before[0])}, and cannot become {article(given)}",
                value,
                label=article(given),
                related=related,
                help="give it its first value as a float, such as `1.0`" if both else "use another name for this value",
            )
        return before[0]

    def _repeat(self, statement: t.Repeat, environment: Environment) -> Environment:
        expect(statement.count, Type.INT, "the number of repetitions", environment, self.diagnostics, "SW0316")
        variables = dict(environment.variables)
        index = statement.index
        if index is not None and self._check_index(index, environment):
            self.fixed[index.text] = index.span
            variables[index.text] = Type.INT
            self._same_type(index, index.span, Type.INT, exact=True)
        inner = self.statements(statement.body, evolve(environment, variables=variables), inside=True)
        if index is not None and self.fixed.get(index.text) is index.span:
            del self.fixed[index.text]
        after = {name: inner.variables[name] for name in environment.variables}
        local = {
            name: self.assigned[name][1]
            for name in inner.variables
            if name not in environment.variables and name in self.assigned
        }
        if index is not None:
            local.setdefault(index.text, index.span)
        ended = {k: v for k, v in {**environment.ended, **inner.ended, **local}.items() if k not in after}
        return evolve(environment, variables=after, ended=ended)

    def _check_index(self, index: t.Name, environment: Environment) -> bool:
        if index.text in environment.variables:
            related = (Related(self.fixed[index.text], "declared here"),) if index.text in self.fixed else ()
            self.diagnostics.error(
                "SW0213",
                f"the index `{index}` would hide another value of that name",
                index.span,
                label="already in use",
                related=related,
                help="choose another name for the index",
            )
            return False
        return check_value_name(index, "an index", (), environment.definitions, self.diagnostics)
