"""An independent interpreter of specs on real tensors: what a generated module must compute, by name of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, prod, sin, sqrt
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor

from swc.check import Program
from swc.family import Member
from swc.syntax import tree as t


def run(program: Program, member: Member, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The logits of a member in evaluation mode; ``weights`` is its state by the names of layers and norms."""
    definition = program.resolve("", member.arch)
    assert definition is not None
    values = dict(member.arguments) | {"x": x, "classes": program.settings.classes}
    return Interpreter(program, weights).body(definition, values, ())


class Interpreter:
    def __init__(self, program: Program, weights: Mapping[str, Tensor]) -> None:
        self.program = program
        self.weights = weights

    def body(self, definition: Any, values: dict[str, Any], path: tuple[str, ...]) -> Tensor:
        norms: dict[int, str] = {}
        number_norms(definition.node.body, norms, {label.text for label in labels(definition.node.body)})
        frame = Frame(self, definition.module, path, norms)
        return frame.statements(definition.node.body, values, ())


def labels(body: Any) -> Any:
    """Every label anywhere in a tree of syntax nodes and tuples."""
    if isinstance(body, t.Labelled):
        yield body.label
    if isinstance(body, tuple):
        for item in body:
            yield from labels(item)
    elif isinstance(body, t.Node):
        for name in body.__attrs_attrs__:
            if name.name != "span":
                yield from labels(getattr(body, name.name))


def number_norms(node: Any, norms: dict[int, str], taken: set[str], *, label: bool = False) -> None:
    """bn1, bn2, ... and ln1, ln2, ... in the order of evaluation, all branches counted."""
    if isinstance(node, tuple):
        for item in node:
            number_norms(item, norms, taken)
    elif isinstance(node, t.Labelled):
        number_norms(node.value, norms, taken, label=True)
    elif isinstance(node, t.Conditional):
        number_norms(node.condition, norms, taken)
        number_norms(node.consequent, norms, taken, label=label)
        number_norms(node.alternative, norms, taken, label=label)
    elif isinstance(node, t.Node) and not isinstance(node, t.Require):
        for name in node.__attrs_attrs__:
            if name.name != "span":
                number_norms(getattr(node, name.name), norms, taken)
        if isinstance(node, t.Call) and node.function.text in {"bn", "ln"} and not label:
            kind, number = node.function.text, 1
            while f"{kind}{number}" in taken:
                number += 1
            taken.add(f"{kind}{number}")
            norms[id(node)] = f"{kind}{number}"


class Frame:
    """One call of a block or architecture."""

    def __init__(self, interpreter: Interpreter, module: str, path: tuple[str, ...], norms: dict[int, str]) -> None:
        self.interpreter = interpreter
        self.module = module
        self.path = path
        self.norms = norms

    def statements(self, body: Any, values: dict[str, Any], rounds: tuple[int, ...]) -> Any:
        for statement in body:
            if isinstance(statement, t.Assign):
                values[statement.target.text] = self.value(statement.value, values, rounds)
            elif isinstance(statement, t.Repeat):
                for i in range(self.value(statement.count, values, rounds)):
                    inner = dict(values)
                    if statement.index is not None:
                        inner[statement.index.text] = i
                    self.statements(statement.body, inner, (*rounds, i))
                    values.update({name: inner[name] for name in values})
            elif isinstance(statement, t.Return):
                return self.value(statement.value, values, rounds)
        return None

    def value(  # noqa: PLR0911 - one return for each kind of expression
        self, node: Any, values: dict[str, Any], rounds: tuple[int, ...], label: str | None = None
    ) -> Any:
        def again(part: Any) -> Any:
            return self.value(part, values, rounds)

        match node:
            case t.Number() | t.Boolean():
                return node.value
            case t.List():
                return [again(item) for item in node.items]
            case t.Reference():
                return values[node.name.text]
            case t.Index():
                return again(node.value)[again(node.index)]
            case t.Negation():
                return -again(node.operand)
            case t.Not():
                return not again(node.operand)
            case t.Conditional():
                chosen = node.consequent if again(node.condition) else node.alternative
                return self.value(chosen, values, rounds, label)
            case t.Labelled():
                return self.value(node.value, values, rounds, node.label.text)
            case t.Binary():
                return self.binary(node, again)
            case t.Call():
                return self.call(node, again, rounds, label)

    def binary(self, node: Any, again: Any) -> Any:
        if node.operator == "and":
            return again(node.left) and again(node.right)
        if node.operator == "or":
            return again(node.left) or again(node.right)
        left, right = again(node.left), again(node.right)
        if node.operator == "/":
            return left // right if isinstance(left, int) and isinstance(right, int) else left / right
        return eval(f"left {node.operator} right", {"left": left, "right": right})

    def call(self, node: Any, again: Any, rounds: tuple[int, ...], label: str | None) -> Any:
        name = node.function.text
        placed = [again(a.value) for a in node.arguments if a.name is None]
        named = {a.name.text: again(a.value) for a in node.arguments if a.name is not None}
        if name in {"min", "max", "len"}:
            return (
                {"min": min, "max": max}[name](*placed) if name != "len" else len(placed[0] if placed else named["a"])
            )
        if name == "div":
            a, b = (*placed, *(named[key] for key in ("a", "b") if key in named))
            return a // b
        if name == "concat":
            return torch.cat(placed, channel_axis(placed[0]))
        x, *rest = placed
        path = ".".join((*self.path, label or self.norms.get(id(node), ""), *map(str, rounds)))
        function = getattr(self, name, None)
        if function is None:
            return self.block(name, x, rest, named, path)
        return function(path, x, *rest, **named)

    def block(self, name: str, x: Tensor, placed: list[Any], named: dict[str, Any], path: str) -> Tensor:
        definition = self.interpreter.program.resolve(self.module, name)
        assert definition is not None
        parameters = definition.node.parameters
        values = {p.name.text: self.value(p.default, {}, ()) for p in parameters if p.default is not None}
        values |= {p.name.text: v for p, v in zip(parameters, placed, strict=False)} | named | {"x": x}
        return self.interpreter.body(definition, values, (path,))

    def channels(self, _path: str, x: Tensor) -> int:
        return x.shape[channel_axis(x)]

    def weight(self, path: str, *shape: int) -> Tensor:
        weight = self.interpreter.weights[f"{path}.weight"]
        assert weight.numel() == prod(shape)
        return weight.reshape(shape)

    def bias(self, path: str, *, wanted: bool) -> Tensor | None:
        assert (f"{path}.bias" in self.interpreter.weights) == wanted, path
        return self.interpreter.weights.get(f"{path}.bias")

    def conv(
        self,
        path: str,
        x: Tensor,
        channels: int,
        kernel: int | list[int],
        stride: int | list[int] = 1,
        padding: int | list[int] | None = None,
        groups: int = 1,
        *,
        bias: bool = False,
    ) -> Tensor:
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        weight = self.weight(path, channels, x.shape[1] // groups, height, width)
        pad = [height // 2, width // 2] if padding is None else padding
        return F.conv2d(x, weight, self.bias(path, wanted=bias), stride, pad, 1, groups)

    def linear(self, path: str, x: Tensor, features: int, bias: bool = True) -> Tensor:  # noqa: FBT001, FBT002 - the language's order
        return F.linear(x, self.weight(path, features, x.shape[-1]), self.bias(path, wanted=bias))

    def ln(self, path: str, x: Tensor) -> Tensor:
        weight, bias = (self.interpreter.weights[f"{path}.{name}"] for name in ("weight", "bias"))
        centred = x - x.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weight + bias

    def bn(self, path: str, x: Tensor) -> Tensor:
        w = self.interpreter.weights
        state = (w[f"{path}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *state)

    def relu(self, _path: str, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    def gelu(self, _path: str, x: Tensor) -> Tensor:
        return x * 0.5 * (1 + torch.erf(x / 2**0.5))

    def silu(self, _path: str, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)

    def dropout(self, _path: str, x: Tensor, p: float = 0.5) -> Tensor:
        del p
        return x

    def maxpool(self, _path: str, x: Tensor, kernel: Any, stride: Any = 0, padding: Any = 0) -> Tensor:
        return F.max_pool2d(x, kernel, stride or kernel, padding)

    def avgpool(self, _path: str, x: Tensor, kernel: Any, stride: Any = 0, padding: Any = 0) -> Tensor:
        return F.avg_pool2d(x, kernel, stride or kernel, padding)

    def global_pool(self, _path: str, x: Tensor) -> Tensor:
        return x.mean(1) if x.ndim == 3 else x.flatten(2).mean(2)

    def tokens(self, _path: str, x: Tensor) -> Tensor:
        return torch.stack([x[:, :, i, j] for i in range(x.shape[2]) for j in range(x.shape[3])], 1)

    def positions(self, _path: str, x: Tensor) -> Tensor:
        quarter, height, width = x.shape[1] // 4, x.shape[2], x.shape[3]
        code = torch.empty(4 * quarter, height, width, dtype=x.dtype)
        for k in range(quarter):
            frequency = 10000 ** (-k / max(1, quarter - 1))
            for i in range(height):
                for j in range(width):
                    waves = sin(i * frequency), cos(i * frequency), sin(j * frequency), cos(j * frequency)
                    code[k::quarter, i, j] = torch.tensor(waves, dtype=x.dtype)
        return x + code

    def attention(self, _path: str, query: Tensor, key: Tensor, value: Tensor, heads: int = 1) -> Tensor:
        size, out = query.shape[2] // heads, value.shape[2] // heads
        results = []
        for h in range(heads):
            q, k = (x[:, :, h * size : (h + 1) * size] for x in (query, key))
            scores = torch.einsum("bnc,bmc->bnm", q, k) / sqrt(size)
            # Shifting all scores of a query changes no weight, and keeps large ones from becoming infinite.
            powers = (scores - scores.amax(2, keepdim=True)).exp()
            weights = powers / powers.sum(2, keepdim=True)
            results.append(weights @ value[:, :, h * out : (h + 1) * out])
        return torch.cat(results, 2)


def channel_axis(x: Tensor) -> int:
    """Tokens are (B, N, channels); images and vectors have their channels after the batch."""
    return 2 if x.ndim == 3 else 1
