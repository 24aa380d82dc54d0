"""Long lines are broken where the formatter would break them."""

import subprocess
import sys
from random import Random

from emit_compiled import ROOT

from swc.emit.code import (
    Argument,
    Assign,
    Atom,
    Call,
    Choice,
    Expression,
    If,
    Infix,
    Item,
    Name,
    Return,
    Sequence,
    call,
)
from swc.emit.layout import lines, signature
from swc.emit.simplify import choice, junction
from swc.emit.text import flat

NAMES = ("channels", "width", "stride", "n", "growth_of_the_second_stage", "self.small_images")


def expression(random: Random, depth: int) -> Expression:
    pick = random.random()
    if depth == 0 or pick < 0.15:
        return random.choice([Name(random.choice(NAMES)), Atom(str(random.randint(0, 999)))])
    parts = [expression(random, depth - 1) for _ in range(random.randint(2, 4))]
    if pick < 0.45:
        function = random.choice(["max", "weights.conv2d", "self.conv1", "F.relu", "torch.cat"])
        keyword = random.choice(["", "stride"])
        return Call(Atom(function), (*map(Argument, parts[:-1]), Argument(parts[-1], keyword)))
    if pick < 0.55:
        return call("torch.cat", Sequence(tuple(parts)), Atom("1"))
    if pick < 0.8:
        return Infix(random.choice(["+", "-", "*", "//", "%", "**"]), parts[0], parts[1])
    if pick < 0.85:
        return Item(Name("counts"), parts[0])
    return choice(condition(random, depth - 1), parts[0], parts[1])


def condition(random: Random, depth: int) -> Expression:
    if depth <= 0 or random.random() < 0.3:
        return Infix(random.choice(["==", "<", ">="]), Name(random.choice(NAMES)), Atom(str(random.randint(0, 99))))
    sides = condition(random, depth - 1), condition(random, depth - 1)
    return junction(random.choice(["and", "or"]), *sides)


def formatted(source: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--config", str(ROOT / "pyproject.toml"), "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def test_random_statements_are_left_alone_by_the_formatter() -> None:
    random = Random(1)
    source = []
    for i in range(1500):
        value = expression(random, random.randint(1, 3))
        statement = random.choice(
            [
                Assign(("y",), value),
                Assign(("self.some_module",), value, "nn.Module"),
                Return(value),
                If(condition(random, 3), (Assign(("y",), value),), (Assign(("y",), Atom("1")),)),
            ]
        )
        text = lines((statement,), 8)
        assert max(map(len, text)) <= 120
        source.append("\n".join([f"class C{i}:", "    def f(self):", *text, "", ""]))
    for one in source:
        compile(one, "layout.py", "exec")
    whole = "\n".join(source)
    result = formatted(whole)
    changed = [one for one in source if one.strip() not in result]
    assert not changed, changed[0] + "\n---\n" + formatted(changed[0])


def test_text_has_the_parentheses_that_keep_the_meaning() -> None:
    random = Random(2)
    operators = ["+", "-", "*", "//", "%", "**", "==", "<", "and", "or"]

    def arithmetic(depth: int) -> Expression:
        if depth == 0:
            return Atom(str(random.randint(1, 4)))
        if random.random() < 0.2:
            return Choice(Infix("<", arithmetic(depth - 1), Atom("3")), arithmetic(depth - 1), arithmetic(0))
        return Infix(random.choice(operators), arithmetic(depth - 1), arithmetic(depth - 1))

    def meaning(value: Expression) -> str:
        """The same expression with parentheses everywhere."""
        if isinstance(value, Infix):
            return f"({meaning(value.left)} {value.operator} {meaning(value.right)})"
        if isinstance(value, Atom):
            return value.text
        condition, first, second = value.condition, value.consequent, value.alternative  # type: ignore[union-attr]
        return f"({meaning(first)} if {meaning(condition)} else {meaning(second)})"

    def result(text: str) -> object:
        try:
            return eval(text)
        except (ZeroDivisionError, OverflowError) as error:
            return type(error)

    for _ in range(2000):
        value = arithmetic(3)
        if meaning(value).count("**") < 2:  # towers of powers take for ever
            assert result(flat(value)) == result(meaning(value)), flat(value)


def test_signatures_break_like_calls() -> None:
    short = signature("f", ("self", "a: int"), "None", 4)
    assert short == ["    def f(self, a: int) -> None:"]
    middle = signature("f", [f"parameter_{i}: int" for i in range(5)], "tuple[int, int, int, int]", 4)
    assert len(middle) == 3
    long = signature("f", [f"parameter_{i}: int" for i in range(8)], "None", 4)
    assert long[1] == "        parameter_0: int,"
    source = "\n".join(line for text in (short, middle, long) for line in [*text, "        pass", ""])
    whole = f"class C:\n{source}"
    assert formatted(whole) == whole.rstrip() + "\n"
