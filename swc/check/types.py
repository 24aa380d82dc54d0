"""The types of expressions: one function, with no memory between calls."""

from __future__ import annotations

from swc.check.binding import bind
from swc.check.environment import Environment
from swc.check.operations import OPERATIONS, OperationKind, Type
from swc.check.signature import Signature, definition_signature, operation_signature
from swc.diagnostics import Diagnostics, Related
from swc.diagnostics.names import near_names
from swc.syntax import tree as t

NUMBERS = frozenset({Type.INT, Type.FLOAT})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_LOGIC = frozenset({"and", "or"})


_STAND_FOR = {Type.FLOAT: {Type.INT}, Type.SIZE: {Type.INT, Type.LIST}}


def accepts(wanted: Type | None, given: Type | None) -> bool:
    """Whether a value may stand where ``wanted`` is asked for; an int is a float, and unknown types pass."""
    return wanted is None or given is None or wanted is given or given in _STAND_FOR.get(wanted, ())


def article(kind: Type) -> str:
    """``an int``, ``a tensor``."""
    if kind is Type.SIZE:
        return "a size (an int, or a list [height, width])"
    return f"an {kind}" if kind is Type.INT else f"a {kind}"


def type_of(  # noqa: C901, PLR0911 - one short case for each kind of expression
    expression: t.Expression, environment: Environment, diagnostics: Diagnostics
) -> Type | None:
    """The type of an expression, or None after an error in it, which is reported (codes SW02xx and SW03xx)."""
    match expression:
        case t.Number():
            return Type.INT if isinstance(expression.value, int) else Type.FLOAT
        case t.Boolean():
            return Type.BOOL
        case t.Reference():
            return _reference(expression, environment, diagnostics)
        case t.List():
            for item in expression.items:
                expect(item, Type.INT, "an item of a list", environment, diagnostics)
            return Type.LIST
        case t.Index():
            expect(expression.value, Type.LIST, "what stands before `[`", environment, diagnostics)
            expect(expression.index, Type.INT, "an index", environment, diagnostics)
            return Type.INT
        case t.Not():
            expect(expression.operand, Type.BOOL, "what `not` turns around", environment, diagnostics)
            return Type.BOOL
        case t.Negation():
            return _negation(expression, environment, diagnostics)
        case t.Binary():
            return _binary(expression, environment, diagnostics)
        case t.Conditional():
            return _conditional(expression, environment, diagnostics)
        case t.Labelled():
            return type_of(expression.value, environment, diagnostics)
        case t.Call():
            return _call(expression, environment, diagnostics)


def expect(
    expression: t.Expression,
    wanted: Type,
    what: str,
    environment: Environment,
    diagnostics: Diagnostics,
    code: str = "SW0301",
) -> bool:
    """Check that an expression has a type; ``what`` names its role in the message."""
    given = type_of(expression, environment, diagnostics)
    if accepts(wanted, given):
        return given is not None
    hint = ""
    if wanted is Type.BOOL and given in NUMBERS:
        hint = f"compare it with something, as in `{expression.span.text} > 0`"
    elif wanted is Type.INT and given is Type.FLOAT:
        hint = whole_number(expression)
    diagnostics.error(
        code,
        f"{what} must be {article(wanted)}, and this is {article(given or wanted)}",
        expression.span,
        label=f"{article(given or wanted)}",
        help=hint,
    )
    return False


def whole_number(expression: t.Expression) -> str:
    """Advice on a float where an int is needed."""
    operand = expression.operand if isinstance(expression, t.Negation) else expression
    if isinstance(operand, t.Number):
        return "write a whole number"
    return "use whole numbers; `div(a, b)` divides and rounds down"


def _reference(expression: t.Reference, environment: Environment, diagnostics: Diagnostics) -> Type | None:
    name = expression.name.text
    if name in environment.variables:
        return environment.variables[name]
    if name in environment.ended:
        diagnostics.error(
            "SW0212",
            f"`{name}` is known only inside the `repeat` that it is assigned in",
            expression.span,
            label="not known here",
            related=(Related(environment.ended[name], "assigned here"),),
            help=f"assign `{name}` before the `repeat` as well",
        )
        return None
    if name in OPERATIONS or name in environment.definitions:
        signature = _signature(name, environment)
        diagnostics.error(
            "SW0204",
            f"`{name}` is not a value but something to call",
            expression.span,
            label="expected a value",
            help=f"call it, as `{signature.text}`" if signature else "",
        )
        return None
    near = [name.lower()] if name in {"True", "False"} else near_names(name, environment.variables)
    if environment.in_body:
        known = "values known here: " + ", ".join(f"`{x}`" for x in sorted(environment.variables))
    else:
        known = "a family has no variables: write numbers, `true` or `false`"
    diagnostics.error(
        "SW0201",
        f"there is no value `{name}` here",
        expression.span,
        label="unknown name",
        help=f"write `{near[0]}`" if near else known,
        fix=near[0] if near else None,
    )
    return None


def _negation(expression: t.Negation, environment: Environment, diagnostics: Diagnostics) -> Type | None:
    given = type_of(expression.operand, environment, diagnostics)
    if given is None or given in NUMBERS:
        return given
    diagnostics.error(
        "SW0301", f"`-` works on numbers, and this is {article(given)}", expression.operand.span, label=article(given)
    )
    return None


def _binary(expression: t.Binary, environment: Environment, diagnostics: Diagnostics) -> Type | None:
    symbol = expression.operator
    if symbol in _LOGIC:
        for side in (expression.left, expression.right):
            expect(side, Type.BOOL, f"each side of `{symbol}`", environment, diagnostics)
        return Type.BOOL
    left = type_of(expression.left, environment, diagnostics)
    right = type_of(expression.right, environment, diagnostics)
    if symbol in _COMPARISONS:
        if left is not None and right is not None and not _comparable(symbol, left, right):
            _mismatch(expression, left, right, "", diagnostics)
        return Type.BOOL
    if left is None or right is None:
        return None
    if {left, right} <= NUMBERS:
        return Type.INT if left is right is Type.INT else Type.FLOAT
    if left is right is Type.TENSOR and symbol == "+":
        return Type.TENSOR
    hint = "tensors can be added, as in `y + x`, or joined along their channels, as in `concat(y, x)`"
    _mismatch(expression, left, right, hint if Type.TENSOR in (left, right) else "", diagnostics)
    return None


def _comparable(symbol: str, left: Type, right: Type) -> bool:
    return {left, right} <= NUMBERS or (symbol in {"==", "!="} and left is right is Type.BOOL)


def _mismatch(expression: t.Binary, left: Type, right: Type, hint: str, diagnostics: Diagnostics) -> None:
    diagnostics.error(
        "SW0301",
        f"`{expression.operator}` does not work between {article(left)} and {article(right)}",
        expression.span,
        label=f"{left} {expression.operator} {right}",
        help=hint,
    )


def _conditional(expression: t.Conditional, environment: Environment, diagnostics: Diagnostics) -> Type | None:
    expect(expression.condition, Type.BOOL, "a condition", environment, diagnostics, "SW0302")
    left = type_of(expression.consequent, environment, diagnostics)
    right = type_of(expression.alternative, environment, diagnostics)
    if left is None or right is None:
        return None
    if {left, right} <= NUMBERS:
        return Type.INT if left is right is Type.INT else Type.FLOAT
    if left is right:
        return left
    diagnostics.error(
        "SW0303",
        f"the two branches differ: {article(left)} after `then`, {article(right)} after `else`",
        expression.alternative.span,
        label=article(right),
        related=(Related(expression.consequent.span, article(left)),),
        help="make both branches the same type",
    )
    return None


def _signature(name: str, environment: Environment) -> Signature | None:
    if name in OPERATIONS:
        return operation_signature(OPERATIONS[name])
    definition = environment.definitions.get(name)
    return definition_signature(definition) if definition else None


def _call(call: t.Call, environment: Environment, diagnostics: Diagnostics) -> Type | None:
    name = call.function.text
    signature = _signature(name, environment)
    if signature is None or not _may_call(call, environment, diagnostics):
        if name not in OPERATIONS and name not in environment.definitions:
            _unknown_call(call, environment, diagnostics)
        for argument in call.arguments:
            type_of(argument.value, environment, diagnostics)
        return None
    check_arguments(call, signature, environment, diagnostics)
    return signature.result


def check_arguments(call: t.Call, signature: Signature, environment: Environment, diagnostics: Diagnostics) -> None:
    """Check the arguments of a call against a signature: their number, names and types."""
    bound = bind(call, signature, diagnostics)
    placed = {id(argument) for _, argument in bound}
    for argument in call.arguments:
        if id(argument) not in placed:
            type_of(argument.value, environment, diagnostics)
    for parameter, argument in bound:
        given = type_of(argument.value, environment, diagnostics)
        if parameter.type is None or given is None or accepts(parameter.type, given):
            continue
        hint = f"it is called as `{signature.text}`"
        if parameter.type in {Type.INT, Type.SIZE} and given is Type.FLOAT:
            hint += f"; {whole_number(argument.value)}"
        diagnostics.error(
            "SW0304",
            f"`{parameter.name}` of `{signature.name}` must be {article(parameter.type)}, and this is {article(given)}",
            argument.value.span,
            label=article(given),
            help=hint,
        )


def _may_call(call: t.Call, environment: Environment, diagnostics: Diagnostics) -> bool:
    """Whether something that exists may be called at this place."""
    name = call.function.text
    operation = OPERATIONS.get(name)
    definition = environment.definitions.get(name)
    scalar = operation is not None and operation.kind is OperationKind.SCALAR and name != "channels"
    if environment.in_body:
        if definition is None or not definition.is_arch or operation is not None:
            return True
        summary = f"`{name}` is an architecture, and bodies call blocks only"
        hint = "write the shared part as a `block`, and call that from both architectures"
    elif scalar:
        return True
    else:
        summary = f"`{name}` belongs in a `block` or an `arch`: there are no tensors here"
        hint = "write a number, `true`, `false` or a list of whole numbers"
    diagnostics.error("SW0204", summary, call.function.span, label="not here", help=hint)
    return False


_WHOLE = frozenset({"floor", "int", "round", "trunc", "floordiv", "floor_div"})
"""What makes whole numbers elsewhere."""


def _unknown_call(call: t.Call, environment: Environment, diagnostics: Diagnostics) -> None:
    name = call.function.text
    blocks = [x for x, d in environment.definitions.items() if d is not None and not d.is_arch]
    near = near_names(name, [*OPERATIONS, *blocks])
    elsewhere = "define it with `block`, or bring it in with `use ... from ...`"
    if name in _WHOLE:
        near, elsewhere = [], "`div(a, b)` divides and rounds down, and numbers need no other rounding"
    value = name in environment.variables
    if value:
        summary, label = f"`{name}` is a value and cannot be called", "not something to call"
    else:
        summary, label = f"there is no operation or block `{name}`", "unknown"
    diagnostics.error(
        "SW0204" if value else "SW0202",
        summary,
        call.function.span,
        label=label,
        help=f"write `{near[0]}`" if near else elsewhere,
        fix=near[0] if near else None,
    )
