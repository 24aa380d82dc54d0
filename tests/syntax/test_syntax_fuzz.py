"""Whatever a spec contains, there is a program or a list of diagnostics that fit the text."""

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Lark

from swc.check import check_text
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.render import render_json, render_text
from swc.elaborate import elaborate
from swc.resources import grammar_text

FAMILY = """
family f {{
    input image(3, 32, 32)
    output classes(10)
    budget 1M
    member m = {}
    share {{ private *.fc  tie m.s*, *.conv1 }}
    train {{ epochs 20 steps(5, 10, gamma=0.2) augment flip }}
}}
"""
ROOT = Path(__file__).parents[2] / "specs"
SPECS = [
    (ROOT / "wrn_hetero.sw").read_text(encoding="utf-8"),
    (ROOT / "arch" / "wrn.sw").read_text(encoding="utf-8") + FAMILY.format("wrn(10, widen=2)"),
    (ROOT / "arch" / "resnet.sw").read_text(encoding="utf-8") + FAMILY.format("resnet(18, 8, small_images=true)"),
]
TOKEN = re.compile(r'"[^"\n]*"|//[^\n]*|\w+(?:\.\d+\w*)?|\*\*|\.\.|[<>=!]=|\s+|.', re.DOTALL)
TERMINALS = sorted(t.name for t in Lark(grammar_text(), start="file", parser="lalr").terminals if len(t.name) > 1)
TERMINAL = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, TERMINALS))}|__ANON_\d+|\$END)(?![A-Za-z0-9_])")
WORDS = """
sw use from block arch family if then else repeat as require return and or not true false input output budget of member
share train augment clusters refine templates bins private public tie apart int float bool list image classes gradient
cluster for back
single none sgd steps cosine x y width wrn conv linear bn relu global_pool concat channels div min len stem conv1 fc
members 0 1 2 3 28 0.5 5e-4 36.5M 10 % + - * / ** == != < <= > >= = ( ) { } [ ] , : .. . * ? " "text" // é ; \t 9e99
""".split()  # noqa: SIM905 - reads better so

quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_diagnostic(diagnostic: Diagnostic) -> None:
    words = [diagnostic.summary, diagnostic.label, diagnostic.detail, diagnostic.help]
    words += [r.label for r in diagnostic.related]
    text = "" if diagnostic.primary is None else diagnostic.primary.source.text
    assert all(name in text for name in TERMINAL.findall(" ".join(words))), diagnostic  # quoting the spec is fine
    assert diagnostic.summary
    assert re.fullmatch(r"SW\d{4}", diagnostic.code)
    for span in (diagnostic.primary, *(r.span for r in diagnostic.related)):
        assert span is not None
        assert 0 <= span.start <= span.end <= len(span.source.text)
        assert span.start < span.end or not span.source.text


def diagnostics_of(text: str) -> tuple[Diagnostic, ...]:
    try:
        elaborate(check_text(text))
    except SpecError as error:
        return error.diagnostics or (Diagnostic("", "an error without diagnostics"),)
    return ()


def check(text: str) -> None:
    found = diagnostics_of(text)
    for diagnostic in found:
        check_diagnostic(diagnostic)
    assert bool(render_text(found, color=True, width=60)) == bool(found)
    assert render_json(found)


@quick
@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_token_soup(words: list[str]) -> None:
    check("sw 1 " + " ".join(words))


@quick
@given(st.lists(st.sampled_from(WORDS), max_size=20), st.sampled_from(["", " ", "\n"]))
def test_token_soup_inside_a_body(words: list[str], between: str) -> None:
    check("sw 1\nblock b(width: int) {\n" + between.join(words) + "\nreturn x }\n")


@quick
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    check(text)
    check("sw 1\n" + text)


@quick
@given(st.data())
def test_mutations_of_the_committed_specs(data: st.DataObject) -> None:
    tokens = TOKEN.findall(data.draw(st.sampled_from(SPECS)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(tokens) - 1))
        other = data.draw(st.integers(0, len(tokens) - 1))
        match data.draw(st.sampled_from(["delete", "double", "swap", "replace", "cut", "cut start"])):
            case "delete":
                del tokens[place]
            case "double":
                tokens.insert(place, tokens[place])
            case "swap":
                tokens[place], tokens[other] = tokens[other], tokens[place]
            case "replace":
                tokens[place] = data.draw(st.sampled_from(WORDS))
            case "cut":
                del tokens[max(place, 1) :]
            case _:
                del tokens[: min(place, len(tokens) - 1)]
        tokens = tokens or ["sw"]
    check("".join(tokens))


@quick
@given(st.sampled_from(SPECS), st.integers(0, 3000))
def test_the_committed_specs_cut_anywhere(text: str, end: int) -> None:
    check(text[: end % (len(text) + 1)])


def test_the_words_of_the_soup_can_make_a_family() -> None:
    check_text("sw 1 family y { input image ( 3 , 28 , 28 ) output classes ( 10 ) budget 10 % of members "
               "member stem = wrn ( 28 ) }")  # fmt: skip


def test_the_search_for_terminal_names_finds_them() -> None:
    for name in ("LPAR", "_IF", "RBRACE", "NAME", "$END", "__ANON_0"):
        assert TERMINAL.search(f"expected {name} here"), name
    assert not TERMINAL.search("expected a name or `if`, in CIFAR10 or `M`")
