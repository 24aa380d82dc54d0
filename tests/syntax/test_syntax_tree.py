"""Text to tree: precedence, values, positions."""

import pytest

from swc.diagnostics import Source
from swc.syntax import parse
from swc.syntax import tree as t


def tree_of(text: str) -> t.File:
    return parse(Source("t.sw", f"sw 1\n{text}"))


def shown(expression: t.Expression) -> str:  # noqa: PLR0911 - one return for each kind of expression
    """The expression with every pair of parentheses."""
    match expression:
        case t.Number() | t.Boolean():
            return str(expression.value)
        case t.Reference():
            return expression.name.text
        case t.Binary():
            return f"({shown(expression.left)} {expression.operator} {shown(expression.right)})"
        case t.Negation():
            return f"(-{shown(expression.operand)})"
        case t.Not():
            return f"(not {shown(expression.operand)})"
        case t.Conditional():
            parts = (expression.condition, expression.consequent, expression.alternative)
            return f"({shown(parts[0])} ? {shown(parts[1])} : {shown(parts[2])})"
        case t.Index():
            return f"{shown(expression.value)}[{shown(expression.index)}]"
        case t.List():
            return f"[{', '.join(map(shown, expression.items))}]"
        case t.Call():
            given = [(f"{a.name}=" if a.name else "") + shown(a.value) for a in expression.arguments]
            return f"{expression.function}({', '.join(given)})"
        case t.Labelled():
            return f"<{expression.label}: {shown(expression.value)}>"


def expression_of(text: str) -> t.Expression:
    item = tree_of(f"block b() {{ y = {text} }}").items[0]
    assert isinstance(item, t.Block)
    statement = item.body[0]
    assert isinstance(statement, t.Assign)
    return statement.value


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b % c * d", "(((a / b) % c) * d)"),
        ("-a ** b", "(-(a ** b))"),
        ("a ** -b ** c", "(a ** (-(b ** c)))"),
        ("2 * -a", "(2 * (-a))"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("a < b + 1", "(a < (b + 1))"),
        ("if a then b else if c then d else e", "(a ? b : (c ? d : e))"),
        ("if a or b then c + 1 else d", "((a or b) ? (c + 1) : d)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("a[0] ** b[i + 1]", "(a[0] ** b[(i + 1)])"),
        ("[1, 2, 3,][i]", "[1, 2, 3][i]"),
        ("[]", "[]"),
        ("f(a, k=if b then 1 else 2,)", "f(a, k=(b ? 1 : 2))"),
        ("one: conv(two: conv(x))", "<one: conv(<two: conv(x)>)>"),
        ("one: if a then f(x) else g(x)", "<one: (a ? f(x) : g(x))>"),
        ("a + one: conv(x) + b", "((a + <one: conv(x)>) + b)"),
    ],
)
def test_expressions_bind_as_in_python(text: str, meaning: str) -> None:
    assert shown(expression_of(text)) == meaning


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("1_000", 1000), ("0.5", 0.5), ("5e-4", 0.0005), ("2.5E+3", 2500.0), ("1e3", 1000.0)],
)
def test_numbers(text: str, value: float) -> None:
    found = expression_of(text)
    assert found == t.Number(value, span=found.span)
    assert type(found.value) is type(value)


def family_items(text: str) -> tuple[object, ...]:
    item = tree_of(f"family f {{ {text} }}").items[0]
    assert isinstance(item, t.Family)
    return item.items


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("36.5M", 36_500_000),
        ("0.1G", 100_000_000),
        ("12k", 12_000),
        ("1.0001k", 1000.1),
        ("-3M", -3_000_000),
        ("1_500", 1500),
        ("0.3", 0.3),
    ],
)
def test_amounts_are_exact(text: str, value: float) -> None:
    (budget,) = family_items(f"budget {text}")
    assert isinstance(budget, t.Budget)
    assert isinstance(budget.value, t.Amount)
    assert (budget.value.value, budget.value.text) == (value, text)


def test_relative_budgets_keep_their_base() -> None:
    of_call, of_name = (family_items(f"budget {x}")[0] for x in ("10% of wrn(28, 10)", "2.5 % of members"))
    assert isinstance(of_call, t.Budget)
    assert isinstance(of_call.value, t.Relative)
    assert isinstance(of_call.value.base, t.Call)
    assert isinstance(of_name, t.Budget)
    assert isinstance(of_name.value, t.Relative)
    assert (of_name.value.percent, isinstance(of_name.value.base, t.Reference)) == (2.5, True)


def test_settings_without_arguments_need_no_parentheses() -> None:
    bare = family_items("share { clusters single refine none templates 1..8 } train { constant augment flip, crop }")
    full = family_items(
        "share { clusters single() refine none() templates 8 } train { constant() augment flip(), crop() }"
    )
    assert bare == full


def test_a_keyword_does_not_glue_to_a_name() -> None:
    body = tree_of("block b() { memberfoo = repeats return returned }").items[0]
    assert isinstance(body, t.Block)
    assert [type(s).__name__ for s in body.body] == ["Assign", "Return"]


def test_words_of_share_and_train_are_names_elsewhere() -> None:
    file = tree_of("block single(clusters: int, private: int = 1) { bins = clusters + private return tie }")
    assert isinstance(file.items[0], t.Block)
    assert [p.name.text for p in file.items[0].parameters] == ["clusters", "private"]


def test_layout_does_not_count() -> None:
    plain = tree_of("block b(w: int = 3) { y = conv1: conv(x, w, 3) return y + x }")
    spread = tree_of("\n\nblock b(\n  w: int = 3,\n) { // why\n y =\n conv1: conv(x,\n\n w, 3) return y\n+ x }\n")
    assert plain.items == spread.items
    assert plain != tree_of("block b(w: int = 3) { y = conv1: conv(x, w, 3) return x + y }")


def test_every_node_knows_its_text() -> None:
    file = tree_of("block b(width: int = 2) {\n  y = conv1: conv(x, 2 * width, 3)\n  return relu(y) + x\n}")
    block = file.items[0]
    assert isinstance(block, t.Block)
    assign, result = block.body
    assert isinstance(assign, t.Assign)
    assert isinstance(result, t.Return)
    assert block.name.span.text == "b"
    assert block.parameters[0].span.text == "width: int = 2"
    assert assign.span.text == "y = conv1: conv(x, 2 * width, 3)"
    assert assign.value.span.text == "conv1: conv(x, 2 * width, 3)"
    assert result.value.span.text == "relu(y) + x"
    assert (result.span.line, result.span.column) == (4, 3)
    assert (file.span.start, file.span.end) == (0, len(file.source.text))
