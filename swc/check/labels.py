"""Labels: what has weights has a name, each name once, and nothing else has one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from attrs import define, field

from swc.check.environment import Environment
from swc.check.naming import check_label
from swc.check.operations import OPERATIONS, OperationKind
from swc.check.walk import children, expressions
from swc.diagnostics import Diagnostics, Related
from swc.syntax import tree as t

_SUGGESTED = {"conv": "conv", "linear": "fc"}


def check_labels(node: t.Block | t.Arch, environment: Environment, diagnostics: Diagnostics) -> None:
    """Check every label of a definition (codes SW0208, SW0216, SW0217 and SW0218)."""
    taken = {part.label.text for top in expressions(node.body) for part in _parts(top) if isinstance(part, t.Labelled)}
    labels = _Labels(environment, diagnostics, taken)
    for expression in expressions(node.body):
        labels.check(expression, labelled=False)


def _parts(expression: t.Expression) -> Iterator[t.Expression]:
    stack = [expression]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(children(part))


@define
class _Labels:
    environment: Environment
    diagnostics: Diagnostics
    taken: set[str]
    seen: dict[str, t.Name] = field(factory=dict)

    def check(self, expression: t.Expression, *, labelled: bool) -> None:
        """Check an expression and what is in it; ``labelled`` says that it has got a label already."""
        if isinstance(expression, t.Labelled):
            self._label(expression)
            labelled = True
        elif isinstance(expression, t.Call):
            if not labelled:
                self._unlabelled(expression)
            labelled = False
        elif isinstance(expression, t.Conditional) and labelled:
            self.check(expression.condition, labelled=False)
            for branch in (expression.consequent, expression.alternative):
                self.check(branch, labelled=isinstance(branch, t.Call | t.Conditional))
            return
        for child in children(expression):
            self.check(child, labelled=labelled)

    def _needs(self, call: t.Call) -> bool | None:
        """Whether a call must have a label (true), may have one (None), or must not (false)."""
        operation = OPERATIONS.get(call.function.text)
        if operation is not None:
            return {OperationKind.LAYER: True, OperationKind.MODULE: None}.get(operation.kind, False)
        definition = self.environment.definitions.get(call.function.text)
        return True if definition is not None and not definition.is_arch else None

    def _unlabelled(self, call: t.Call) -> None:
        if not self._needs(call):
            return
        function = call.function.text
        base = _SUGGESTED.get(function, function.removesuffix("_block") or function)
        label = next(x for i in count(1) if (x := f"{base}{i}") not in self.taken)
        self.taken.add(label)
        self.diagnostics.error(
            "SW0216",
            f"`{function}` has weights, and no label that says what they are called",
            call.span,
            label="needs a label",
            help=f"write a name and a colon before it, as `{label}: {function}(...)`",
            fix=f"{label}: {call.span.text}",
        )

    def _label(self, node: t.Labelled) -> None:
        label = node.label
        check_label(label, self.diagnostics)
        first = self.seen.setdefault(label.text, label)
        if first is not label:
            self.diagnostics.error(
                "SW0208",
                f"the label `{label}` is used twice",
                label.span,
                label="again here",
                related=(Related(first.span, "first used here"),),
                help="give each layer a label of its own; two branches that shall have one label share it as "
                f"`{label}: if ... then ... else ...`",
            )
        if isinstance(node.value, t.Conditional):
            self._conditional(node, node.value)
        elif self._needs(node.value) is False:
            function = node.value.function.text
            self.diagnostics.error(
                "SW0217",
                f"`{function}` has no weights, so there is nothing to label",
                label.span,
                label="not needed",
                help=f"write `{function}(...)` without the label",
            )

    def _conditional(self, node: t.Labelled, value: t.Conditional) -> None:
        """A label for several branches: each must be one layer or block, all of them on the same tensor."""
        branches = list(_branches(value))
        for branch in branches:
            if not isinstance(branch, t.Call) or self._needs(branch) is False:
                self.diagnostics.error(
                    "SW0218",
                    f"the label `{node.label}` stands for both branches, and this branch is no layer or block",
                    branch.span,
                    label="cannot have that label",
                    related=(Related(node.label.span, "the label"),),
                    help="label the layers inside the branches instead: `if ... then x else name: conv(...)`",
                )
                return
        calls = [branch for branch in branches if isinstance(branch, t.Call)]
        firsts = [call.arguments[0] if call.arguments else None for call in calls]
        for first, call in zip(firsts, calls, strict=True):
            if first is not None and firsts[0] is not None and first.value != firsts[0].value:
                self.diagnostics.error(
                    "SW0218",
                    f"the branches under the label `{node.label}` work on different tensors",
                    first.span,
                    label=f"`{call.function}` works on this",
                    related=(Related(firsts[0].span, f"`{calls[0].function}` works on this"),),
                    help="assign the tensor to a variable first, and give both branches that variable",
                )


def _branches(value: t.Conditional) -> Iterator[t.Expression]:
    for branch in (value.consequent, value.alternative):
        if isinstance(branch, t.Conditional):
            yield from _branches(branch)
        else:
            yield branch
