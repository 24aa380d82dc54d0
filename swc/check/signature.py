"""What a call may pass: one signature for operations, blocks and architectures alike."""

from __future__ import annotations

from attrs import frozen

from swc.blanks import without_comments
from swc.check.operations import PARAMETER_TYPES, Operation, Type
from swc.check.program import Definition


@frozen
class SignatureParameter:
    """A parameter; ``type`` is None where the definition's own type is no type (reported there)."""

    name: str
    type: Type | None
    required: bool
    shown: str


@frozen
class Signature:
    """``text`` is how a call is written; the tensor that a layer or block works on is its first parameter."""

    name: str
    parameters: tuple[SignatureParameter, ...]
    text: str
    variadic: bool = False
    result: Type | None = Type.TENSOR


def operation_signature(operation: Operation) -> Signature:
    """The signature of an operation of the language."""
    parameters = tuple(
        SignatureParameter(p.name, p.type, p.required, f"{p.name}: {p.type}") for p in operation.parameters
    )
    return Signature(operation.name, parameters, operation.signature, operation.variadic, operation.result)


def definition_signature(definition: Definition) -> Signature:
    """The signature of a block (its tensor first) or of an architecture (its own parameters only)."""
    own = tuple(
        SignatureParameter(p.name.text, parameter_type(p.type.text), p.default is None, without_comments(p.span.text))
        for p in definition.node.parameters
    )
    tensor = () if definition.is_arch else (SignatureParameter("x", Type.TENSOR, True, "x: tensor"),)  # noqa: FBT003 - a record
    parameters = tensor + own
    return Signature(definition.name, parameters, f"{definition.name}({', '.join(p.shown for p in parameters)})")


def parameter_type(name: str) -> Type | None:
    """The type that a parameter's type name stands for, or None."""
    return next((x for x in PARAMETER_TYPES if x.value == name), None)
