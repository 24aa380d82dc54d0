"""Random specs that use every construct of the language, valid by construction except for an occasional shape."""

from __future__ import annotations

from random import Random

KERNELS = ["1", "3", "2 * 1 + 1", "[1, 3]", "[3, 1]", "[3, sizes[0] * 2 - 1]"]

HEAD = """sw 1

family mixture {
    input image(3, 6, 6)
    output classes(4)
    budget 1M
    member one = net(3, [1, 4, 2])
    member two = net(2, flag=false, n=0)
}
"""


class Writer:
    """Writes one definition."""

    def __init__(self, random: Random, blocks: list[str], *, arch: bool) -> None:
        self.random = random
        self.blocks = blocks
        self.label = 0
        self.fresh = 0
        self.indices: list[str] = []
        self.scalars = ["width", "n"] + (["classes"] if arch else [])
        self.tensors = ["x"]
        self.lines: list[str] = []

    def new_label(self) -> str:
        self.label += 1
        return self.random.choice([f"l{self.label}", f"convs{self.label}", f"width{self.label}", f"x{self.label}"])

    def number(self, depth: int = 2) -> str:  # noqa: PLR0911 - one kind of expression after another
        pick = self.random.random()
        if depth == 0 or pick < 0.3:
            return self.random.choice([*self.scalars, *self.indices, "1", "2", "3"])
        a, b = self.number(depth - 1), self.number(depth - 1)
        if pick < 0.4:
            return f"channels({self.random.choice(self.tensors)})"
        if pick < 0.5:
            return f"{self.random.choice(['min', 'max'])}({a}, {b})"
        if pick < 0.6:
            return f"(if {self.condition(depth - 1)} then {a} else {b})"
        if pick < 0.65:
            return self.random.choice(["len(sizes)", "sizes[0]", f"[{a}, {b}][{a} % 2]"])
        if pick < 0.75:
            return f"div({a}, 1 + {b})"
        if pick < 0.8:
            return f"2 ** ({a} % 3)"
        if pick < 0.85:
            return f"(2 * {a} * ({b})) / 2"
        return f"({a} {self.random.choice(['+', '*', '-'])} {b})"

    def size(self) -> str:
        """A number of channels: small and positive."""
        if self.random.random() < 0.3:
            return self.random.choice(["width", "2", "4"])
        return f"1 + ({self.number()}) % 4"

    def condition(self, depth: int = 2) -> str:
        pick = self.random.random()
        if depth == 0 or pick < 0.2:
            return self.random.choice(["flag", "not flag", "n == 1", "flag == false", "2 < width"])
        if pick < 0.5:
            comparison = self.random.choice(["==", "!=", "<", "<=", ">", ">="])
            return f"{self.number(depth - 1)} {comparison} {self.number(depth - 1)}"
        if pick < 0.6:
            return f"{self.number(0)} == 1 or {self.number(0)} == 2 or n == 3"
        if pick < 0.7:
            return f"not ({self.condition(depth - 1)})"
        return f"({self.condition(depth - 1)} {self.random.choice(['and', 'or'])} {self.condition(depth - 1)})"

    def layer(self, x: str) -> str:
        """An unlabelled call that has weights."""
        if self.blocks and self.random.random() < 0.4:
            block = self.random.choice(self.blocks)
            extra = self.random.choice(
                ["", ", flag=false", f", n={self.random.randint(0, 2)}", ", [2, 3], 2", ", [2], 1, rate, not flag"]
            )
            return f"{block}({x}, {self.size()}{extra})"
        return self.weight(x)

    def weight(self, x: str) -> str:
        """An unlabelled convolution that keeps the size of the image."""
        extra = self.random.choice(["", ", bias=true", ", stride=1", ", padding=1", ", 1, 1", ", padding=[1, 1]"])
        kernel = "3" if "padding" in extra or extra == ", 1, 1" else self.random.choice(KERNELS)
        return f"conv({x}, {self.size()}, {kernel}{extra})"

    def projected(self, x: str, channels: str) -> str:
        """An unlabelled layer that gives ``x`` a number of channels and nothing else."""
        return f"conv({x}, {channels}, {self.random.choice(['1', '1', '[1, 1]'])})"

    def normed(self, x: str) -> str:
        return f"bn({x})"

    def function(self, x: str) -> str:
        """A function that keeps the shape."""
        pool = self.random.choice(["maxpool", "avgpool"])
        window = self.random.choice(["3, stride=1, padding=1", "[3, 1], stride=[1, 1], padding=[1, 0]"])
        return f"{pool}({x}, {window})"

    def tensor(self, x: str, depth: int = 2) -> str:  # noqa: PLR0911 - one kind of expression after another
        """An expression that depends on ``x``."""
        pick = self.random.random()
        if depth == 0 or pick < 0.1:
            return x
        if pick < 0.2:
            return f"{self.random.choice(['relu', 'gelu', 'silu'])}({self.tensor(x, depth - 1)})"
        if pick < 0.25:
            return f"dropout({self.tensor(x, depth - 1)}, {self.random.choice(['0.1', 'rate / 2', '0'])})"
        if pick < 0.3:
            return self.function(self.tensor(x, depth - 1))
        if pick < 0.4:
            label = f"{self.new_label()}: " if self.random.random() < 0.4 else ""
            return f"{label}{self.normed(self.tensor(x, depth - 1))}"
        if pick < 0.55:
            return f"{self.new_label()}: {self.layer(self.tensor(x, depth - 1))}"
        if pick < 0.65:
            return f"concat({self.tensor(x, depth - 1)}, {self.tensor(self.random.choice(self.tensors), depth - 1)})"
        if pick < 0.75:
            y = self.random.choice(self.tensors)
            return f"{y} + {self.new_label()}: {self.projected(self.tensor(x, depth - 1), f'channels({y})')}"
        if pick < 0.85:
            return f"{self.new_label()}: if {self.condition()} then {self.layer(x)} else {self.layer(x)}"
        then, other = self.tensor(x, depth - 1), self.tensor(x, depth - 1)
        return f"(if {self.condition()} then {then} else {other})"

    def name(self, base: str) -> str:
        self.fresh += 1
        return f"{base}{self.fresh}"

    def statements(self, count: int, indent: str, depth: int) -> None:
        for _ in range(count):
            pick = self.random.random()
            if pick < 0.2:
                name = self.name("k")
                self.lines.append(f"{indent}{name} = {self.number()}")
                self.scalars.append(name)
            elif pick < 0.3 and any(s.startswith("k") for s in self.scalars):
                name = self.random.choice([s for s in self.scalars if s.startswith("k")])
                self.lines.append(f"{indent}{name} = ({name} + {self.number(1)}) % 7")
            elif pick < 0.55 and depth < 3:
                self.repeat(indent, depth)
            elif pick < 0.65:
                name = self.name("z")
                self.lines.append(f"{indent}{name} = {self.tensor('y')}")
                self.lines.append(f"{indent}y = concat(y, {name})")
                self.tensors.append(name)
            else:
                self.lines.append(f"{indent}y = {self.tensor('y')}")
            if self.random.random() < 0.3:  # keep channels few
                self.lines.append(f"{indent}y = {self.new_label()}: {self.projected('y', self.size())}")

    def repeat(self, indent: str, depth: int) -> None:
        index = self.random.choice(["", f"i{depth}", f"i{depth}"])
        times = self.random.choice(["0", "1", "2", "n", "len(sizes) - 1"])
        scope = list(self.scalars), list(self.tensors)
        if index:
            self.indices.append(index)
        self.lines.append(f"{indent}repeat {times}{' as ' + index if index else ''} {{")
        self.statements(self.random.randint(1, 2), indent + "    ", depth + 1)
        if self.random.random() < 0.4:
            self.lines.append(f"{indent}    y = {self.new_label()}: {self.projected('y', self.size())}")
        self.lines.append(f"{indent}}}")
        if index:
            self.indices.remove(index)
        self.scalars, self.tensors = scope

    def definition(self, kind: str, name: str, result: str) -> str:
        self.lines.append(
            "    y = x" if self.random.random() < 0.5 else f"    y = first: {self.projected('x', 'width')}"
        )
        self.tensors.append("y")
        self.statements(self.random.randint(1, 4), "    ", 0)
        joined = "".join(f", {z}" for z in self.tensors if z not in ("x", "y"))
        y = f"concat(y{joined})" if joined else "y"
        parameters = "width: int, sizes: list = [3, 1], n: int = 2, rate: float = 0.3, flag: bool = true"
        body = "\n".join([*self.lines, f"    return {result.format(y=y)}"])
        return f"{kind} {name}({parameters}) {{\n{body}\n}}\n"


class TokenWriter(Writer):
    """Writes a definition that works on tokens."""

    def weight(self, x: str) -> str:
        return f"linear({x}, {self.size()}{self.random.choice(['', ', bias=false'])})"

    def projected(self, x: str, channels: str) -> str:
        return f"linear({x}, {channels})"

    def normed(self, x: str) -> str:
        return f"ln({x})"

    def function(self, x: str) -> str:
        """Attention, whose channels are those of the value."""
        heads = self.random.choice([1, 1, 2])
        query, key, value = (self.new_label() for _ in range(3))
        k, v = self.random.choice(self.tensors), self.random.choice(self.tensors)
        parts = f"{query}: linear({x}, {2 * heads}), {key}: linear({k}, {2 * heads}), {value}: linear({v}, {heads})"
        return f"attention({parts}{self.random.choice([f', {heads}', f', heads={heads}'])})"


def spec(random: Random) -> str:
    """A whole spec with a few blocks that call each other and an architecture."""
    blocks: list[str] = []
    texts = [HEAD]
    for i in range(random.randint(0, 2)):
        name = f"part{i}"
        texts.append(Writer(random, blocks, arch=False).definition("block", name, random.choice(["{y}", "relu({y})"])))
        blocks.append(name)
    mixers: list[str] = []
    for i in range(random.randint(0, 2)):
        name = f"mixer{i}"
        texts.append(TokenWriter(random, mixers, arch=False).definition("block", name, "{y}"))
        mixers.append(name)
    pooled = "global_pool({y})"
    if mixers:
        made = random.choice(["tokens({y})", "tokens(positions(four: conv({y}, 4, 1)))"])
        pooled = f"global_pool(ln(mix: {mixers[-1]}({made}, 4, flag=n == 2)))"
    result = random.choice(
        ["fc: linear(" + pooled + ", classes)", "fc: linear(relu(bn(hid: linear(" + pooled + ", 5))), classes)"]
    )
    texts.append(Writer(random, blocks, arch=True).definition("arch", "net", result))
    return "\n".join(texts)
