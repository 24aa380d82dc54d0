"""Architectures that take their layers from a source of weights, rewritten to make them with ``torch.nn``.

``weights.conv2d("conv1", a, b, 3, stride=s)`` becomes ``nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False)``, scopes
and the parameter ``weights`` go, and every other line stays as it is, comments and all.
"""

from __future__ import annotations

import ast
import copy
import io
import tokenize
from collections.abc import Iterator

from swc_runtime.export.layout import laid_out
from swc_runtime.problems import ExportError

SAME_PADDING = "same_padding"
"""A function of the written source: the padding for a kernel of which only a run can tell whether it is a number."""

_CONV = ("name", "in_channels", "out_channels", "kernel_size", "stride", "padding", "groups", "bias")
_LINEAR = ("name", "in_features", "out_features", "bias")


def plain_class(node: ast.ClassDef, lines: list[str]) -> list[str]:
    """Rewrite one class.

    Args:
        node: the class, from the text that ``lines`` is.
        lines: the whole text.

    Returns:
        The lines of the class without a trace of weights from elsewhere.

    Raises:
        ExportError: it uses its source of weights for something else than making layers and scopes.
    """
    result = list(lines[: node.end_lineno])
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    for method in reversed([part for part in node.body if isinstance(part, ast.FunctionDef)]):
        source = _weights_parameter(method)
        if source is None:
            continue
        _rewrite_method(method, source, result, f"{node.name}.{method.name}")
        if _mentions(ast.parse("\n".join(result[first:])), source):
            raise ExportError(
                f"{node.name}.{method.name} uses `{source}` for something else than `conv2d`, `linear` and `scope`, "
                "which cannot be written as plain PyTorch: write it as generated files do, or choose other formats."
            )
    return result[first:]


def _weights_parameter(method: ast.FunctionDef) -> str | None:
    """The parameter that layers are asked of: annotated ``Weights``, or called ``weights`` where there are no types."""
    for argument in (*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs):
        annotation = argument.annotation
        if annotation is None and argument.arg == "weights":
            return argument.arg
        if annotation is not None and ast.unparse(annotation).strip("'\"").rpartition(".")[2] == "Weights":
            return argument.arg
    return None


def _rewrite_method(method: ast.FunctionDef, source: str, lines: list[str], place: str) -> None:
    """Replace a method's lines in place, from the end, so that those before keep their numbers."""
    numbers = frozenset(a.arg for a in ast.walk(method.args) if isinstance(a, ast.arg) and _is_int(a.annotation))
    for loop in _idle_loops(method, source):
        _rename_index(loop, lines)
    simple = _simple_statements(method)
    for statement in sorted(simple, key=lambda s: s.lineno, reverse=True):
        if not _mentions(statement, source):
            continue
        if sum(other.lineno <= statement.lineno <= (other.end_lineno or 0) for other in simple) > 1:
            raise ExportError(
                f"{place} has several statements on one line (`{ast.unparse(statement)}`), which cannot be written as "
                "plain PyTorch: write them on lines of their own, as generated files do."
            )
        _replace(statement, _rewritten(statement, source, place, numbers), lines)
    lines[method.lineno - 1 : _header_end(method, lines)] = laid_out(_header(method, source), method.col_offset)


def _idle_loops(method: ast.FunctionDef, source: str) -> list[ast.For]:
    """The loops whose index only named scopes: nothing reads it any more."""
    rest = _Layers(source, "", frozenset()).visit(copy.deepcopy(method))
    loops = [part for part in ast.walk(rest) if isinstance(part, ast.For) and isinstance(part.target, ast.Name)]
    read = {part.id for part in _outside_loops(rest) if isinstance(part, ast.Name)}
    idle = []
    for loop in loops:
        index = loop.target.id if isinstance(loop.target, ast.Name) else ""
        if index not in read and not any(_mentions(part, index) for part in (*loop.body, *loop.orelse)):
            idle.append(loop)
    return idle


def _rename_index(loop: ast.For, lines: list[str]) -> None:
    start = f"for {ast.unparse(loop.target)} in "
    lines[loop.lineno - 1] = lines[loop.lineno - 1].replace(start, "for _ in ", 1)


def _outside_loops(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a method that is not in the body of a loop."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.For):
            yield from ast.walk(part.iter)
            continue
        yield part
        yield from _outside_loops(part)


def _is_int(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "int"


def _simple_statements(node: ast.AST) -> list[ast.stmt]:
    return [part for part in ast.walk(node) if isinstance(part, ast.stmt) and not hasattr(part, "body")]


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _rewritten(statement: ast.stmt, source: str, place: str, numbers: frozenset[str]) -> ast.stmt | None:
    """The statement without the source of weights; None where nothing is left of it.

    ``numbers`` are the expressions that are known to be numbers rather than pairs of them.
    """
    if isinstance(statement, ast.Delete):
        kept = [target for target in statement.targets if not _mentions(target, source)]
        return ast.Delete(kept) if kept else None
    result: ast.stmt = _Layers(source, place, numbers).visit(copy.deepcopy(statement))
    return result


def _replace(statement: ast.stmt, new: ast.stmt | None, lines: list[str]) -> None:
    """Put a statement in another's place; its comments stay: the last behind it, others above it."""
    start, end = statement.lineno - 1, statement.end_lineno or statement.lineno
    indent = statement.col_offset
    comments = _comments(lines[start:end])
    replacement: list[str] = []
    if new is not None:
        replacement = laid_out(ast.unparse(ast.fix_missing_locations(new)), indent)
        behind = f"  {comments.pop()}" if comments and lines[end - 1].rstrip().endswith(comments[-1]) else ""
        replacement[-1] += behind
    lines[start:end] = [*(" " * indent + comment for comment in comments), *replacement]


def _comments(lines: list[str]) -> list[str]:
    text = "\n".join(line.strip() for line in lines)
    return [
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]


def _header_end(method: ast.FunctionDef, lines: list[str]) -> int:
    """The number of the last line of ``def ...:``: the one before the body, comments and blank lines aside."""
    end = method.body[0].lineno - 1
    while not lines[end - 1].split("#")[0].rstrip().endswith(":"):
        end -= 1
    return end


def _header(method: ast.FunctionDef, left_out: str) -> str:
    """``def name(parameters) -> result:`` on one line, without one of the parameters."""
    given = method.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(positional) - len(given.defaults)), *given.defaults]
    parameters = [_parameter(a, d) for a, d in zip(positional, defaults, strict=True) if a.arg != left_out]
    if given.posonlyargs:
        parameters.insert(len([a for a in given.posonlyargs if a.arg != left_out]), "/")
    if given.vararg is not None:
        parameters.append(f"*{_parameter(given.vararg, None)}")
    named = [_parameter(a, d) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if a.arg != left_out]
    if named and given.vararg is None:
        parameters.append("*")
    parameters += named
    if given.kwarg is not None:
        parameters.append(f"**{_parameter(given.kwarg, None)}")
    result = "" if method.returns is None else f" -> {ast.unparse(method.returns)}"
    return f"def {method.name}({', '.join(parameters)}){result}:"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    if default is None:
        return ast.unparse(argument)
    return f"{ast.unparse(argument)}{' = ' if argument.annotation else '='}{ast.unparse(default)}"


class _Layers(ast.NodeTransformer):
    """Turns requests for layers into layers, and leaves scopes out of calls."""

    def __init__(self, source: str, place: str, numbers: frozenset[str]) -> None:
        self._source = source
        self._place = place
        self._numbers = numbers

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        asked = self._asked(node)
        if asked == "conv2d":
            return _conv(self._bound(node, _CONV), self._numbers)
        if asked == "linear":
            return _linear(self._bound(node, _LINEAR))
        node.args = [argument for argument in node.args if not self._passes(argument)]
        node.keywords = [keyword for keyword in node.keywords if not self._passes(keyword.value)]
        return node

    def _asked(self, node: ast.AST) -> str | None:
        """The method of the source of weights that a call is of."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            root = node.func.value
            while isinstance(root, ast.Call) and isinstance(root.func, ast.Attribute) and root.func.attr == "scope":
                root = root.func.value
            if isinstance(root, ast.Name) and root.id == self._source:
                return node.func.attr
        return None

    def _passes(self, node: ast.expr) -> bool:
        """Whether an argument hands the source of weights on."""
        return (isinstance(node, ast.Name) and node.id == self._source) or self._asked(node) == "scope"

    def _bound(self, node: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
        """The arguments of a call by name."""
        if any(isinstance(argument, ast.Starred) for argument in node.args) or any(
            k.arg is None for k in node.keywords
        ):
            raise ExportError(
                f"{self._place} makes a layer of arguments in a list or a dict (`{ast.unparse(node)}`), which cannot "
                "be written as plain PyTorch: write them out."
            )
        placed = dict(zip(names, node.args, strict=False))
        return placed | {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}


def _conv(given: dict[str, ast.expr], numbers: frozenset[str]) -> ast.Call:
    keywords: dict[str, ast.expr] = {}
    if "stride" in given:
        keywords["stride"] = given["stride"]
    padding = given["padding"] if _is_given(given, "padding") else _half(given["kernel_size"], numbers)
    if not (isinstance(padding, ast.Constant) and padding.value == 0):
        keywords["padding"] = padding
    if "groups" in given:
        keywords["groups"] = given["groups"]
    bias = given.get("bias", ast.Constant(value=False))
    if not (isinstance(bias, ast.Constant) and bias.value is True):
        keywords["bias"] = bias
    return _call("Conv2d", [given["in_channels"], given["out_channels"], given["kernel_size"]], keywords)


def _linear(given: dict[str, ast.expr]) -> ast.Call:
    keywords = {"bias": given["bias"]} if "bias" in given else {}
    return _call("Linear", [given["in_features"], given["out_features"]], keywords)


def _call(name: str, arguments: list[ast.expr], keywords: dict[str, ast.expr]) -> ast.Call:
    function = ast.Attribute(ast.Name("nn", ast.Load()), name, ast.Load())
    return ast.Call(function, arguments, [ast.keyword(key, value) for key, value in keywords.items()])


def _is_given(given: dict[str, ast.expr], name: str) -> bool:
    return name in given and not (isinstance(given[name], ast.Constant) and given[name].value is None)  # type: ignore[attr-defined]


def _half(kernel: ast.expr, numbers: frozenset[str]) -> ast.expr:
    """The padding that keeps the size at stride 1: half the kernel, rounded down, in both directions."""
    match kernel:
        case ast.Constant(value=int(size)):
            return ast.Constant(value=size // 2)
        case ast.Tuple(elts=sides):
            halves = [_half(side, numbers | {ast.unparse(side)}) for side in sides]
            if all(isinstance(half, ast.Constant) and half.value == 0 for half in halves):
                return ast.Constant(value=0)
            return ast.Tuple(halves, ast.Load())
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(test, _half(body, numbers), _half(orelse, numbers))
        case _ if ast.unparse(kernel) in numbers:
            return ast.BinOp(kernel, ast.FloorDiv(), ast.Constant(value=2))
        case _:
            return ast.Call(ast.Name(SAME_PADDING, ast.Load()), [kernel], [])
