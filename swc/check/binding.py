"""Arguments of a call to the parameters of what is called."""

from __future__ import annotations

from swc.check.operations import Type
from swc.check.signature import Signature, SignatureParameter
from swc.diagnostics import Diagnostics, Related
from swc.diagnostics.names import near_names
from swc.diagnostics.words import all_of, count
from swc.syntax import tree as t

Bound = tuple[tuple[SignatureParameter, t.Argument], ...]


def bind(call: t.Call, signature: Signature, diagnostics: Diagnostics) -> Bound:
    """Pair each argument with its parameter, and report those that have none, those doubled and those missing.

    Arguments that fit no parameter are left out of the result.
    """
    bound: list[tuple[SignatureParameter, t.Argument]] = []
    named: t.Argument | None = None
    for position, argument in enumerate(call.arguments):
        if argument.name is not None:
            named = named or argument
            parameter = _by_name(call, argument, signature, bound, diagnostics)
        elif named is not None:
            _after_named(argument, named, signature, diagnostics)
            continue
        else:
            parameter = _by_position(call, position, signature, diagnostics)
        if parameter is not None:
            bound.append((parameter, argument))
        elif argument.name is None:
            break
    _check_missing(call, signature, bound, diagnostics)
    return tuple(bound)


def _by_position(
    call: t.Call, position: int, signature: Signature, diagnostics: Diagnostics
) -> SignatureParameter | None:
    parameters = signature.parameters
    if position < len(parameters):
        return parameters[position]
    if signature.variadic:
        return parameters[-1]
    extra = call.arguments[position]
    takes = count(len(parameters), "argument")
    diagnostics.error(
        "SW0308",
        f"`{signature.name}` takes at most {takes}" if parameters else f"`{signature.name}` takes no arguments",
        extra.span,
        label="one too many",
        help=f"it is called as `{signature.text}`",
    )
    return None


def _by_name(
    call: t.Call,
    argument: t.Argument,
    signature: Signature,
    bound: list[tuple[SignatureParameter, t.Argument]],
    diagnostics: Diagnostics,
) -> SignatureParameter | None:
    if argument.name is None:
        raise AssertionError("only for named arguments")
    name = argument.name.text
    parameter = next((p for p in signature.parameters if p.name == name), None)
    if parameter is None or signature.variadic:
        given = {p.name for p, _ in bound}
        near = near_names(name, [p.name for p in signature.parameters if p.name not in given])
        why = "takes its arguments by position" if signature.variadic else f"has no parameter `{name}`"
        diagnostics.error(
            "SW0306",
            f"`{call.function}` {why}",
            argument.name.span,
            label="unknown",
            help=(f"write `{near[0]}`; " if near and not signature.variadic else "")
            + f"it is called as `{signature.text}`",
            fix=near[0] if near and not signature.variadic else None,
        )
        return None
    if parameter.type is Type.TENSOR:
        _named_tensor(call, argument, signature, diagnostics)
        return parameter
    first = next((given for p, given in bound if p.name == name), None)
    if first is not None:
        diagnostics.error(
            "SW0307",
            f"`{name}` is given twice",
            argument.span,
            label="again here",
            related=(Related(first.span, "first given here"),),
            help="leave out one of the two",
        )
        return None
    return parameter


def _named_tensor(call: t.Call, argument: t.Argument, signature: Signature, diagnostics: Diagnostics) -> None:
    tensors = [p.name for p in signature.parameters if p.type is Type.TENSOR]
    if len(tensors) == 1:
        summary = f"the tensor that `{call.function}` works on is given by position"
        hint = f"write it first and without a name: `{call.function}({argument.value.span.text}, ...)`"
    else:
        summary = f"the tensors that `{call.function}` works on are given by position"
        hint = f"write them first and without names, in this order: `{call.function}({', '.join(tensors)}, ...)`"
    span = argument.name.span if argument.name else argument.span
    diagnostics.error("SW0306", summary, span, label="no name here", help=hint)


def _after_named(argument: t.Argument, named: t.Argument, signature: Signature, diagnostics: Diagnostics) -> None:
    diagnostics.error(
        "SW0309",
        "an argument without a name stands after one with a name",
        argument.span,
        label="which parameter is this?",
        related=(Related(named.span, "the first named argument"),),
        help=f"name it too, or move it to the front: `{signature.text}`",
    )


def _check_missing(
    call: t.Call,
    signature: Signature,
    bound: list[tuple[SignatureParameter, t.Argument]],
    diagnostics: Diagnostics,
) -> None:
    positional_only = all(a.name is None for a in call.arguments)
    unplaced = len(call.arguments) > len(bound) and not positional_only
    missing = [p for p in signature.parameters if p.required and all(p.name != q.name for q, _ in bound)]
    few = signature.variadic and len(bound) < 2
    if unplaced or not (missing or few):
        return  # a misspelt name is likely the missing argument
    listed = all_of([f"`{p.name}`" for p in missing])
    diagnostics.error(
        "SW0305",
        f"`{signature.name}` needs at least two arguments"
        if signature.variadic
        else f"`{signature.name}` needs {listed}",
        call.span,
        label="not enough arguments" if signature.variadic else f"missing {', '.join(p.name for p in missing)}",
        help=f"it is called as `{signature.text}`",
    )
