"""What newcomers write, and what they are told to write instead: the corrected text has to parse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swc.diagnostics import Diagnostic, Source, SpecError
from swc.syntax import parse
from swc.syntax.sections import Section, section_at

FAMILY = "sw 1\nfamily f {\n    @\n}\n"
SHARE = FAMILY.replace("@", "share {\n        @\n    }")
TRAIN = FAMILY.replace("@", "train { @ }")
BODY = "sw 1\nblock b(w: int) {\n    @\n    return x\n}\n"
FILE = "sw 1\n@\n    return x\n}\n"


def error(text: str) -> Diagnostic:
    with pytest.raises(SpecError) as caught:
        parse(Source("t.sw", text))
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("written", "corrected"),
    [
        ("budget = 1M", "budget 1M"),
        ("budget: 1M", "budget 1M"),
        ("budget (1M)", "budget 1M"),
        ("budget '1M'", "budget 1M"),
        ('budget "1M"', "budget 1M"),
        ("budget 1m", "budget 1M"),
        ("budget 1MB", "budget 1M"),
        ("budget 1 M", "budget 1M"),
        ("budget 2 million", "budget 2M"),
        ("budget 3K", "budget 3k"),
        ("budget 1B", "budget 1G"),
        ("budget 1,000,000", "budget 1_000_000"),
        ("budget 36,5M", "budget 36.5M"),
        ("budget 10%\n    output classes(10)", "budget 10% of members"),
        ("budget 10% members", "budget 10% of members"),
        ("budget = 10% of wrn(28, 10)", "budget 10% of wrn(28, 10)"),
        ("members: a = wrn(10, 2)", "member a = wrn(10, 2)"),
        ("members { a = wrn(10, 2) }", "member a = wrn(10, 2)"),
        ("member a: wrn(10, 2)", "member a = wrn(10, 2)"),
        ("member: a = wrn(10, 2)", "member a = wrn(10, 2)"),
        ("member a wrn(10, 2)", "member a = wrn(10, 2)"),
        ("a = wrn(10, 2)", "member a = wrn(10, 2)"),
        ("member wrn(10, 2)", "member mine = wrn(10, 2)"),
        ("input = image(3, 32, 32)", "input image(3, 32, 32)"),
        ("input: image(3, 32, 32)", "input image(3, 32, 32)"),
        ("input 3, 32, 32", "input image(3, 32, 32)"),
        ("input (3, 32, 32)", "input image(3, 32, 32)"),
        ("input 3x32x32", "input image(3, 32, 32)"),
        ("input image[3, 32, 32]", "input image(3, 32, 32)"),
        ("output 10", "output classes(10)"),
        ("output = classes(10)", "output classes(10)"),
        ("output classes = 10", "output classes(10)"),
        ("num_classes: 10", "output classes(10)"),
        ("moved slim to thin", "moved slim -> thin"),
        ("moved slim = thin", "moved slim -> thin"),
        ("moved slim => thin", "moved slim -> thin"),
        ("moved slim \u2192 thin", "moved slim -> thin"),
        ("moved slim, thin", "moved slim -> thin"),
        ("moved slim thin", "moved slim -> thin"),
        ("moved from slim to thin", "moved slim -> thin"),
        ("moved member slim -> thin", "moved slim -> thin"),
        ('moved "slim" -> "thin"', "moved slim -> thin"),
        ("rename slim -> thin", "moved slim -> thin"),
        ("moved cluster left to right", "moved cluster left -> right"),
        ("moved deep.fc to deep.head", "moved deep.fc -> deep.head"),
    ],
)
def test_a_family_is_told_what_to_write(written: str, corrected: str) -> None:
    assert f"`{corrected}`" in error(FAMILY.replace("@", written)).help
    parse(Source("t.sw", FAMILY.replace("@", corrected)))


@pytest.mark.parametrize(
    ("written", "corrected"),
    [
        ("templates 1-8", "templates 1..8"),
        ("templates 1 to 8", "templates 1..8"),
        ("private *.stem tie *.conv1 *.conv2", "tie *.conv1, *.conv2"),
        ("templates 1...8", "templates 1..8"),
        ("templates 1:8", "templates 1..8"),
        ("templates [1, 8]", "templates 1..8"),
        ("templates(1, 8)", "templates 1..8"),
        ("templates ..8", "templates 1..8"),
        ("templates = 8", "templates 8"),
        ("templates: 8", "templates 8"),
        ("bins = 4", "bins 4"),
        ("bins(4)", "bins 4"),
        ("bins 2.5", "3"),
        ("templates 4 of *.conv1", "templates 4 for *.conv1"),
        ("private = *.stem", "private *.stem"),
        ("private: *.stem, *.fc", "private *.stem, *.fc"),
        ("private '*.stem'", "private *.stem"),
        ('private "*.stem", "*.fc"', "private *.stem, *.fc"),
        ("private [*.stem, *.fc]", "private *.stem, *.fc"),
        ("private *.stem *.fc", "private *.stem, *.fc"),
        ("private *.stem and *.fc", "private *.stem, *.fc"),
        ("private *.stem && *.fc", "private *.stem, *.fc"),
        ("private *.stem,", "private *.stem"),
        ("private *.stem;", "private *.stem"),
        ("private *.stem, tie *.conv1", "private *.stem"),
        ("private *.{stem,fc}", "private *.stem, *.fc"),
        ("private .stem", "private *.stem"),
        ("private a/stem", "private a.stem"),
        ("private a.group1[0].conv1", "private a.group1.0.conv1"),
        ("tie a.stem = b.stem", "tie a.stem, b.stem"),
        ("tie (a.stem, b.stem)", "tie a.stem, b.stem"),
        ("tie a.stem to b.stem", "tie a.stem, b.stem"),
        ("apart a.stem from b.stem", "apart a.stem, b.stem"),
        ("clusters = single", "clusters single"),
        ("clusters: depth", "clusters depth"),
        ("clusters gradient 0.1", "clusters gradient(threshold=0.1)"),
        ("clusters 4", "bins 4"),
        ("refine = none", "refine none"),
        ("refine false", "refine none"),
        ("refine gradient 0.9", "refine gradient(threshold=0.9)"),
    ],
)
def test_a_share_section_is_told_what_to_write(written: str, corrected: str) -> None:
    assert f"`{corrected}`" in error(SHARE.replace("@", written)).help
    if not corrected.isdigit():
        parse(Source("t.sw", SHARE.replace("@", corrected)))


@pytest.mark.parametrize(
    ("written", "corrected"),
    [
        ("epochs = 3", "epochs 3"),
        ("epochs: 3", "epochs 3"),
        ("batch_size = 64", "batch 64"),
        ("smoothing=0.1", "smoothing 0.1"),
        ("lr = 0.1", "sgd(lr=0.1)"),
        ("sgd lr=0.1", "sgd(lr=0.1, momentum=0.9)"),
        ("sgd(lr: 0.1)", "sgd(lr=0.1)"),
        ("steps [60, 120]", "steps(60, 120, gamma=0.2)"),
        ("cosine warmup=5", "cosine(warmup=5)"),
        ("augment: crop, flip", "augment crop, flip"),
        ("augment [crop, cutout(8)]", "augment crop, cutout(8)"),
    ],
)
def test_a_train_section_is_told_what_to_write(written: str, corrected: str) -> None:
    found = error(TRAIN.replace("@", written)).help
    assert f"`{corrected}`" in found or f"`{corrected[4:-1]}`" in found
    parse(Source("t.sw", TRAIN.replace("@", corrected)))


@pytest.mark.parametrize(
    ("template", "written", "words"),
    [
        (FAMILY, "budget nan", "a number of parameters, as `budget 36.5M`"),
        (FAMILY, "budget 50% of a + b", "a share is of one member"),
        (FAMILY, "budget 1\u0663", "digits are those from 0 to 9"),
        (FAMILY, "budget 1M,", "write `budget 1M`"),
        (FAMILY, "member a = wrn(10, 2),", "leave out the comma"),
        (FAMILY, "input image(3, 32, 32);", "leave it out"),
        (FAMILY, "member a = wrn", "has its arguments in parentheses"),
        (FAMILY, "member a = wrn(depth: 10)", "arguments get their names with `=`, as `depth=10`"),
        (FAMILY, "member a-b = wrn(10)", "write `member a_b = ...`"),
        (FAMILY, "member 2a = wrn(10)", "names begin with a letter"),
        (FAMILY, "# why", "comments begin with `//`"),
        (FAMILY, "/* why */", "comments begin with `//`"),
        (FAMILY, "share: { }", "write `share { ... }`"),
        (FAMILY, "train = { }", "write `train { ... }`"),
        (FAMILY, "budget 1M # all", "comments begin with `//`"),
        (FAMILY, "budget 1M;", "leave it out"),
        (FAMILY, "budget 1M parameters", "write `budget 1M`"),
        (FAMILY, "budget 0.5 of members", "write `budget 50% of members`"),
        (FAMILY, "budget 50% of the members", "write `budget 50% of members`"),
        (FAMILY, "member a = wrn(10, 2) * 4", "members are written one by one"),
        (FAMILY, "for i in 3 { member a = wrn(10) }", "members are written one by one"),
        (FAMILY, "member a = wrn(10 2)", "write a comma after `10`"),
        (FAMILY, 'member a = wrn("10")', "write `10`, without quotes"),
        (FAMILY, "w = 2", "a family has no variables"),
        (FAMILY, "share all", "write `share { ... }`"),
        (SHARE, "private a.stem # heads", "comments begin with `//`"),
        (SHARE, "share *.conv1", "layers share unless `private` names them"),
        (SHARE, "templates at most 8", "write `templates 8`"),
        (SHARE, "templates <= 8", "write `templates 8`"),
        (SHARE, "templates auto", "or leave it out"),
        (SHARE, "templates 4+", "as `templates 4..8`"),
        (SHARE, "bins 4 per member", "write `bins 4 for deep.*`"),
        (SHARE, "refine after 10", "write `refine gradient(after=10)`"),
        (SHARE, "threshold 0.1", "`clusters gradient(threshold=0.1)`"),
        (TRAIN, "200 epochs", "write `epochs 200`"),
        (TRAIN, "steps 60, 120", "write `steps(60, 120)`"),
        (TRAIN, "sgd(0.1 0.9)", "write a comma after `0.1`"),
        (TRAIN, "sgd(lr=.1)", "write `0.1`"),
        (TRAIN, "batch 2k", "write `2000`"),
        (TRAIN, "augment", "or leave it out"),
        (FILE, "small {", "write `family small { ... }`"),
        (FILE, '{"family": 3', "write `family name { ... }`"),
        (SHARE, "private a.[gs]*", "no sets of letters"),
        (SHARE, "private", "name layers by patterns, as `private *.conv1`"),
        (SHARE, "templates 1..", "write both numbers"),
        (TRAIN, "epochs 3, batch 4", "leave out the comma"),
        (TRAIN, "epochs -3", "never below zero"),
        (TRAIN, "augment crop, cutout 16", "write `cutout(16)`"),
        (TRAIN, "sgd(lr=0.1, momentum=90%)", "write `0.9`"),
        (TRAIN, "private *.stem", "`private` stands in the section `share { ... }`"),
        (SHARE, "clusters gradient(threshold=2.5%)", "write `0.025`"),
        (SHARE, "refine gradient(0.9, 10 epochs)", "write the number alone: `10`"),
        (SHARE, "epochs 3", "`epochs` stands in the section `train { ... }`"),
        (FAMILY, "private *.stem", "`private` stands in the section `share { ... }`"),
        (FAMILY, "epochs 3", "`epochs` stands in the section `train { ... }`"),
        (FAMILY, "}", "one closing brace is too many"),
        (FAMILY, "budget \u201c1M\u201d", "a number of parameters"),
        (BODY, "require w > 3, \u201csmall\u201d", "straight double quotes"),
        (TRAIN, "optimizer: sgd(lr=0.1)", "write `sgd(...)`"),
        (BODY, "for (i = 0; i < 3; i++) { }", "write `repeat count as i { ... }`"),
        (BODY, "repeat 3 times { }", "write `repeat 3 { ... }`"),
        (BODY, "repeat 3 as i: y = x", "write `repeat 3 as i { ... }`"),
        (BODY, "if (w > 3) { y = x }", "`if` makes a value"),
        (BODY, "y = if w > 3: x else: x", "write `if condition then this else that`"),
        (BODY, "y = w > 3 ? x : x", "write `if condition then this else that`"),
        (BODY, "y = if w > 3 then x", "it takes both"),
        (BODY, "y = if w > 3 && w < 9 then x else x", "write `and`"),
        (BODY, "y = c = conv(x, w, 3)", "`y = c: conv(...)`"),
        (BODY, "y := x", "write `y = ...`"),
        (BODY, "int y = 3", "write `y = ...`"),
        (BODY, "y = c: conv(x, w, kernel: 3)", "as `kernel=3`"),
        (BODY, "y = c: nn.conv(x, w, 3)", "operations have no module before them"),
        (BODY, "self.c = conv(x, w, 3)", "there is no `self`"),
        (BODY, "y = c: conv(x, w, 3).relu()", "write `relu(...)` around"),
        (BODY, "y = c: conv(x, w, 3) | relu", "write `relu(...)` around"),
        (BODY, "y = c: conv(x, w, (3, 5))", "a list has brackets: `[3, 5]`"),
        (BODY, "y = c: conv[x, w, 3]", "arguments stand in parentheses: `conv(...)`"),
        (BODY, "y = c: conv(x w, 3)", "write a comma after `x`"),
        (BODY, "y = block: conv(x, w, 3)", "`block` is a word of the language and cannot be a label"),
        (BODY, "repeat = conv(x, w, 3)", "`repeat` is a word of the language and cannot be a variable"),
        (BODY, "y = c: conv(8, 3)(x)", "write `conv(x, 8, 3)`"),
        (BODY, "y = relu(x))", "one closing parenthesis is too many"),
        (BODY, "y = [1; 2]", "write a comma instead"),
        (BODY, "y = [i for i in 3]", "lists are written out"),
        (BODY, "return x, x", "`concat(a, b)` joins two"),
        (BODY, "require w > 3", "say what is wrong otherwise"),
        (BODY, 'require(w > 3, "small")', 'write `require w > 3, "small"`'),
        (BODY, "assert w > 3", 'write `require w > 3, "..."`'),
        (FILE, "block b {", "`block b() { ... }`"),
        (FILE, "block b(w: int) -> tensor {", "write `block b(w: int) { ... }`"),
        (FILE, "block b(int w) {", "`w: int`"),
        (FILE, "block b(x, w: int) {", "the tensor that comes in is always `x`"),
        (FILE, "function b(w: int) {", "write `block name(parameter: int) { ... }`"),
        (FILE, "from wrn import a, b\nblock b() {", "write `use a, b from wrn`"),
        (FILE, "use a from wrn.sw\nblock b() {", "write `use a from wrn`"),
        (FILE, "use * from wrn\nblock b() {", "name what to bring in"),
        (FILE, "import wrn\nblock b() {", "members need nothing brought in"),
        (FILE, "family f = {", "write `family f { ... }`"),
        (FILE, "family my-net {", "`family my_net { ... }`"),
        (FILE, "family {", "a family has a name"),
    ],
)
def test_habits_from_elsewhere(template: str, written: str, words: str) -> None:
    found = error(template.replace("@", written))
    assert words in found.help
    assert found.primary is not None


def test_an_error_on_a_new_line_is_not_blamed_on_the_line_before() -> None:
    assert "budget" not in error(FAMILY.replace("@", "budget 1M\n    sharing { }")).help


def test_a_section_within_another_shows_the_brace_that_is_open() -> None:
    for text in (SHARE.replace("@", "bins 4\n    train { }"), TRAIN.replace("@", "epochs 3\n    member a = wrn(10)")):
        found = error(text)
        assert found.label == "expected `}`"
        assert [(r.span.line, r.label) for r in found.related] == [(3, "opened here")]


def test_very_long_lines_are_looked_up_no_further() -> None:
    assert error(FAMILY.replace("@", "budget = " + "1" * 5000)).help != ""
    assert error(SHARE.replace("@", "private = " + "*." * 5000 + "a")).code == "SW0106"


def test_sections_of_a_text_that_does_not_parse() -> None:
    text = 'sw 1 // {\nblock b() { repeat 3 { } y = "{" }\nfamily f\n{ share { tie } train { epochs } }'
    at = {word: section_at(text, text.index(word)) for word in ("block", "repeat", "y =", "tie", "epochs")}
    assert at == {
        "block": Section.FILE,
        "repeat": Section.BODY,
        "y =": Section.BODY,
        "tie": Section.SHARE,
        "epochs": Section.TRAIN,
    }
    assert section_at(text, text.index("share")) is Section.FAMILY
    assert section_at(text, len(text)) is Section.FILE


WORDS = (
    "budget member members input output share train private tie apart cluster templates bins for clusters refine "
    "gradient depth epochs batch sgd steps augment if then else repeat as require return conv x y 3 2.5 1..8 1M 1e400 "
    "10% 1,000 *.stem a.b - = : ; , ( ) [ ] { } ? \" ' # // && || ! := -> | \u00e9 \u0661"
)
TEMPLATES = st.sampled_from([FAMILY, SHARE, TRAIN, BODY, FILE])


@settings(max_examples=400, deadline=None)
@given(TEMPLATES, st.lists(st.sampled_from(WORDS.split(" ")), max_size=9), st.sampled_from(["", " "]))
def test_any_row_of_words_parses_or_is_answered(template: str, words: list[str], between: str) -> None:
    found: tuple[Diagnostic, ...] = ()
    try:
        parse(Source("t.sw", template.replace("@", between.join(words))))
    except SpecError as error:
        found = error.diagnostics
    assert all(d.code.startswith("SW01") and d.primary is not None for d in found)
    assert not any("\\1" in d.help or "``" in d.help for d in found)
