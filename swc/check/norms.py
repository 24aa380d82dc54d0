"""What norms without a label are called: ``bn1``, ``bn2``, ... and ``ln1``, ``ln2``, ... in the order of evaluation.

The names are part of state dicts, so they are a matter of the language and not of the code that is generated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from swc.check.operations import OPERATIONS, OperationKind
from swc.check.walk import children, expressions
from swc.syntax import tree as t


def norm_names(body: tuple[t.Statement, ...]) -> Mapping[int, str]:
    """The attribute of each norm without a label, by the identity of its call. All branches of conditions count."""
    tops = list(expressions(body))
    labels = {label for top in tops for label in _labels(top)}
    numbers: Counter[str] = Counter()
    names: dict[int, str] = {}
    for call in (c for top in tops for c in _unlabelled(top)):
        kind = call.function.text
        numbers[kind] += 1
        while f"{kind}{numbers[kind]}" in labels:
            numbers[kind] += 1
        names[id(call)] = f"{kind}{numbers[kind]}"
    return names


def _labels(expression: t.Expression) -> Iterator[str]:
    if isinstance(expression, t.Labelled):
        yield expression.label.text
    for child in children(expression):
        yield from _labels(child)


def _unlabelled(expression: t.Expression, *, labelled: bool = False) -> Iterator[t.Call]:
    """Norms without a label, innermost first. A label of a conditional holds for its branches."""
    if isinstance(expression, t.Labelled):
        yield from _unlabelled(expression.value, labelled=True)
        return
    if isinstance(expression, t.Conditional):
        yield from _unlabelled(expression.condition)
        yield from _unlabelled(expression.consequent, labelled=labelled)
        yield from _unlabelled(expression.alternative, labelled=labelled)
        return
    for child in children(expression):
        yield from _unlabelled(child)
    if isinstance(expression, t.Call) and not labelled and _is_norm(expression):
        yield expression


def _is_norm(call: t.Call) -> bool:
    operation = OPERATIONS.get(call.function.text)
    return operation is not None and operation.kind is OperationKind.MODULE
