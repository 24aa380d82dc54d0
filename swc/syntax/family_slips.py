"""What people write in a family out of habit, and what the language has instead (``swc.syntax.slips`` looks it up)."""

from __future__ import annotations

import re
from collections.abc import Callable

from swc.syntax.numbers import LONGEST, exact, is_number

Slip = tuple[str, str | Callable[["re.Match[str]"], str]]
"""A pattern over a line, and the advice: a template that its groups fill in, or what makes it ("" for none)."""

_UNITS = (
    dict.fromkeys(("k", "thousand"), "k")
    | dict.fromkeys(("m", "mb", "mio", "million", "millions"), "M")
    | dict.fromkeys(("g", "gb", "b", "bn", "billion", "billions"), "G")
)
_EXAMPLES = {
    "sgd": "sgd(lr=0.1, momentum=0.9)",
    "steps": "steps(60, 120, gamma=0.2)",
    "cosine": "cosine(warmup=5)",
    "onecycle": "onecycle(warmup=0.3)",
}
_BUDGETS = "a number of parameters, as `budget 36.5M`, or a share, as `budget 10% of members`"
_PATTERN = re.compile(r"[\w*?]+(?:\.[\w*?]+)*")
_JOINERS = frozenset({"and", "or", "with", "from", "to", "all"})
_SETTINGS = "private|public|tie|apart|templates|bins|clusters?|refine"
_WRITTEN_HINT = (
    r"\b(private|public|tie|apart|cluster\s+(?!(?:gradient|single|depth)\b)\w+(?![\w.*?])"
    r"|templates\s+\d+(?:\s*\.\.\s*\d+)?\s+for|bins\s+\d+\s+for)\b"
    rf"((?:(?!(?<![,\s])\s+(?:{_SETTINGS})\s)[^\n])*)"  # up to the next setting, unless a comma stands before it
)
_NUMBER = r"-?[0-9][0-9_.eE]*"
_NAMES = r"[\"'(]?([A-Za-z_][\w.*?]*)(?![\w.*?])[\"')]?"
_MOVE = (
    rf"\b(?:moved|renamed?|move)\s+(?:from\s+|member\s+|layer\s+)?(cluster\s+)?{_NAMES}"
    rf"(?:\s*(?:-?\s*>|=>|→|=|:|,)\s*|\s+(?:to|into|as)\s+|\s+)(?:cluster\s+|member\s+)?{_NAMES}"
)


def _budget(match: re.Match[str]) -> str:
    """The budget as the language writes it, if that can be told."""
    number, word, rest = match[1], (match[2] or match[4] or "").lower(), match[3] or ""
    if re.fullmatch(r"[0-9]{1,3}(?:[,'][0-9]{3})+(?:\.[0-9]+)?", number):
        number = re.sub(r"[,']", "_", number)
    elif re.fullmatch(r"[0-9]+,[0-9]+", number):
        number = number.replace(",", ".")
    unit = _UNITS.get(word, "")
    if word == "%" and re.search(r"[-+*/]|\band\b", rest):
        return "a share is of one member, of one architecture, or of all `members`"
    if word == "%":
        base = re.search(r"\w+(?:\([^()\n]*\))?", re.sub(r"\b(?:of|the)\b", "", rest))
        whole = base is None or base[0] in {"member", "family", "all"}
        return f"write `budget {number}% of {'members' if base is None or whole else base[0]}`"
    if not is_number(number + unit) or (word and not unit and word[0].isalpha()):
        return f"write {_BUDGETS}"
    return f"write `budget {number}{unit}`"


def _part(match: re.Match[str]) -> str:
    return f"write `budget {float(match[1]) * 100:g}% of {match[2]}`"


def _hint(match: re.Match[str]) -> str:
    """The hint with its patterns as the language writes them."""
    before, written = match[1], match[2]
    if re.search(r"\[[^\]0-9]", written.lstrip(" :=([")):
        return "patterns have `*` for any characters and `?` for one, and no sets of letters"
    text = re.sub(r"([\w*?.]*)\{([^{}]*)\}([\w*?.]*)", _alternatives, written)
    text = re.sub(r"(?<=\w)\[([0-9]+)\]", r".\1", text)
    text = re.sub(r"(?<=[\w*?])(?:/|::|-)(?=[\w*?])", ".", text)
    text = re.sub(r"(?<![\w*?.])\.(?=\w)", "*.", text)
    text = re.split(rf"[;}}]|,\s+(?:{_SETTINGS})\s", text)[0]
    patterns = [name for name in _PATTERN.findall(text) if name not in _JOINERS]
    if not patterns:
        return f"name layers by patterns, as `{before} *.conv1`"
    return f"write `{before} {', '.join(patterns)}`"


def _alternatives(match: re.Match[str]) -> str:
    return ", ".join(match[1] + name.strip() + match[3] for name in match[2].split(","))


def _augment(match: re.Match[str]) -> str:
    operations = re.findall(r"[a-z]\w*(?:\([^()\n]*\))?", match[1].split("}")[0])
    return f"write `augment {', '.join(operations) or 'crop, flip'}`"


def _fraction(match: re.Match[str]) -> str:
    return f"write `{float(exact(match[1]) / 100):g}`" if is_number(match[1]) and len(match[1]) <= LONGEST else ""


def _move(match: re.Match[str]) -> str:
    """A move as the language writes it."""
    return f"write `moved {'cluster ' if match[1] else ''}{match[2]} -> {match[3]}`"


def _setting(match: re.Match[str]) -> str:
    return f"its settings stand in parentheses, as `{_EXAMPLES[match[1]]}`"


_ELSEWHERE = r"`\1` stands in the section `%s { ... }`"
_TRAINING = "epochs|batch|smoothing|sgd|steps|cosine|onecycle|augment"
_EACH = "members are written one by one, as `member first = wrn(28, 10)`"
_MISSING_COMMA = (r"(?<=[(,])\s*([\w.=]+)\s+(?=[\w.])", r"write a comma after `\1`")
_COMMA = (r"(?<=[\w)]),(?!\s*,)", "leave out the comma: settings follow each other with nothing between them")
FAMILY_SLIPS: tuple[Slip, ...] = (
    (
        r"\binputs?\W{0,3}(?:images?)?\W{0,3}(\d+)\s*[x×,\s]\s*(\d+)\s*[x×,\s]\s*(\d+)",
        r"write `input image(\1, \2, \3)`",
    ),
    (r"\boutputs?\W{0,3}(?:class(?:es)?)?\W{0,3}(\d+)", r"write `output classes(\1)`"),
    (r"^\s*(?:num_?)?class(?:es)?\W{0,3}(\d+)", r"write `output classes(\1)`"),
    (r"\b(input|output)\s*[:=]\s*(\w+\s*\([^()\n]*\))", r"write `\1 \2`"),
    (r"\bbudget\s+([01]?\.[0-9]+)\s+of\s+(?:the\s+)?(\w+)", _part),
    (r"\bbudget\s*[:=(\"'~]*\s*(-?[0-9](?:[0-9_.,'eE]*[0-9])?)\s*(?:(%)([^{};]*)|([A-Za-z]*)[\"',)]?)", _budget),
    (r"\bbudget\s+([0-9][0-9_.]*[kMG]?)\s+[a-z]\w*", r"write `budget \1`"),
    (r"\bbudget\b[^{};\n]*", f"write {_BUDGETS}"),
    (r"\bmembers\W{0,3}\s*(\w+)\s*[:=]\s*(\w+\([^()\n]*\))", r"each member has a line of its own: `member \1 = \2`"),
    (r"\bmembers\s*[:={]?", "each member has a line of its own: `member deep = wrn(28, 10)`"),
    (r"\bmember\W{0,3}(\d\w*)", r"names begin with a letter, as `member net\1 = ...`"),
    (r"\bmember\W{0,3}([A-Za-z]\w*)[-.](\w+)", r"names are letters, digits and `_`: write `member \1_\2 = ...`"),
    (r"\bmember(?:\s*:\s*|\s+)([A-Za-z]\w*)(?:\s*[:=]\s*|\s+)([A-Za-z]\w*\([^()\n]*\))", r"write `member \1 = \2`"),
    (r"\bmember\s+([A-Za-z]\w*\([^()\n]*\))", r"a member has a name of its own: `member mine = \1`"),
    (r"\bmember\s+\w+\s*,\s*\w+", "write a `member` for each"),
    (
        r"\bmember\s+(\w+)\s*[:=]\s*([A-Za-z]\w*)\s*(?:$|\bmember\b|[-\d\[])",
        r"an architecture has its arguments in parentheses: `member \1 = \2(...)`",
    ),
    (
        r"\bmember\s+\w+\s*=\s*[\d\"']",
        "a member is one architecture with its arguments, as `member deep = wrn(28, 10)`",
    ),
    (r"(\w+)\s*:\s*(-?[0-9][\w.]*|true|false|\[)", r"arguments get their names with `=`, as `\1=\2`"),
    (r"\bmember\s+\w+\s*=\s*\w+\([^()\n]*\)\s*(?:x|\*|times)\s*[0-9]+", _EACH),
    (r"^\s*(?:repeat|for|while)\b.*", _EACH),
    (r"^\s*\w+\s*=\s*[-0-9\[\"'.]", "a family has no variables: write the number where it is used"),
    (_MOVE, _move),
    (r"\bshare\s+\w+", "write `share { ... }`, with hints such as `private *.stem` in the braces"),
    (r"\"(-?[0-9.]+)\"", r"write `\1`, without quotes"),
    _MISSING_COMMA,
    (
        r"^\s*(?!(?:member|budget|input|output|share|train)\b)(\w+)\s*[:=]\s*(\w+\([^()\n]*\))",
        r"write `member \1 = \2`",
    ),
    (rf"^\s*({_SETTINGS})\b", _ELSEWHERE % "share"),
    (rf"^\s*({_TRAINING})\b", _ELSEWHERE % "train"),
    (r"\b(share|train)\s*(?:[:=(]|$)", r"write `\1 { ... }`"),
    _COMMA,
    (
        r"\b(?:moved|renamed?|move)\b[^\n]*",
        "write `moved old -> new`, as `moved slim -> thin`, with the names that changed",
    ),
)
SHARE_SLIPS: tuple[Slip, ...] = (
    (r"\b(moved)\b[^\n]*->[^\n]*", r"`\1` stands in the family, outside of `share { ... }`"),
    (r"([0-9.]+)\s*%", _fraction),
    (rf"(?:^|\{{)\s*({_TRAINING})\b", _ELSEWHERE % "train"),
    (r"([0-9]+)\s+epochs?\b", r"write the number alone: `\1`"),
    (
        r"\btemplates\s*[:=(\[]*\s*(\d+)\s*(?:-|to|:|,|\.{2,3})\s*(\d+)(?:\s*[)\]])?",
        r"write `templates \1..\2`",
    ),
    (r"\btemplates\s*\.\.\s*(\d+)", r"write `templates 1..\1`"),
    (r"\btemplates\s+(\d+)\s*\+", r"write both numbers, as `templates \1..8`"),
    (r"\b(templates|bins)\s+(?!for\b)(?:[a-z]+\s+)*(?:[<>=]+\s*)?(\d+)(?!\s*[.:,\d-])", r"write `\1 \2`"),
    (r"\b(templates|bins)\s+(?!for\b)[a-z]+", r"write a number, as `\1 4`, or leave it out"),
    (r"\bbins\s+(\d+)\s+per\b", r"write `bins \1 for deep.*`, and so for each member"),
    (r"^\s*share\b", "layers share unless `private` names them; `tie` and `cluster` hold layers together"),
    (r"\brefine\s+(?:gradient\s+)?after\s*[:=]?\s*(\d+)", r"write `refine gradient(after=\1)`"),
    (r"^\s*threshold\s*[:=]?\s*(-?[0-9.]+)", r"the search has it, as `clusters gradient(threshold=\1)`"),
    (r"\btemplates\s+(\d+)\s*\.\.", r"write both numbers, as `templates \1..8`"),
    (r"\b(templates|bins)\s*[:=(]+\s*(\d+)", r"write `\1 \2`"),
    (r"\b(templates|bins)\s*-", r"`\1` is a number from 1, as `\1 4`"),
    (r"\bclusters\s*[:=(]*\s*(\d+)", r"write `clusters depth`, and `bins \1`, for so many bins of depth"),
    (
        r"\b(clusters|refine)\s*[:=(]*\s*gradient\s*[:=(\[]*\s*(?:threshold\s*[:=]?\s*)?(-?[0-9.]+)",
        r"write `\1 gradient(threshold=\2)`",
    ),
    (r"\b(clusters)\s*[:=(\"']+\s*(single|depth|gradient)", r"write `\1 \2`"),
    (r"\brefine\s*[:=(\"']*\s*(?:none|false|off|no)\b", "write `refine none`"),
    (r"\brefine\s*[:=]?\s*(?:\btrue|[0-9]|$)", "write `refine gradient(threshold=0.9, after=10)`, or `refine none`"),
    (r"\bcluster\s+(gradient|single|depth)\b", r"write `clusters \1` to say how clusters are found"),
    (r"\bclusters\s+(?!(?:gradient|single|depth)\b)(\w+)\s+([\w*?.]+)", r"write `cluster \1 \2` for one made by hand"),
    (r"\bcluster\s+([\w*?]*[*?.][\w*?.]*)", r"a cluster made by hand has a name first, as `cluster back \1`"),
    (
        r"\b(templates\s+\d+(?:\s*\.\.\s*\d+)?|bins\s+\d+)\s+(?:(?:of|in|on|to)\s+)?([\w*?]*[*?.][\w*?.]*)",
        r"write `\1 for \2`",
    ),
    (r"\b(templates|bins)\s+for\b", r"say how many, as `\1 4 for *.conv1`"),
    (_WRITTEN_HINT, _hint),
)
TRAIN_SLIPS: tuple[Slip, ...] = (
    (r"\b(moved)\b[^\n]*->[^\n]*", r"`\1` stands in the family, outside of `train { ... }`"),
    (r"([0-9.]+)\s*%", _fraction),
    (r"\b(private|public|tie|apart|templates|bins|clusters?|refine)\s", _ELSEWHERE % "share"),
    (r"\b(crop|cutout)\s+([0-9]+)", r"write `\1(\2)`"),
    (r"(?<![\w.])([0-9]+)\s+(epochs|batch)\b", r"write `\2 \1`"),
    (r"\bsteps\s+([0-9]+(?:\s*,\s*[0-9]+)+)", r"write `steps(\1)`"),
    (r"\baugment\s*(?:$|\})", "name what to do, as `augment crop, flip`, or leave it out"),
    _MISSING_COMMA,
    (r"\bbatch_?size\W{0,3}(\d+)", r"write `batch \1`"),
    (rf"\b(epochs|batch|smoothing)\s*[:=]\s*({_NUMBER})", r"write `\1 \2`"),
    (r"\b(epochs|batch|smoothing)\s*-", r"`\1` is never below zero"),
    (r"\b(?:optimi[sz]er|optim|schedule|scheduler)\s*[:=]\s*([a-z]\w*)", r"write `\1(...)`, with nothing before it"),
    (r"\b(sgd|steps|cosine|onecycle)\b\s*[:=\[]*\s*(?:[a-z_]+\s*[:=]|[0-9\[{]|(?<=[:= ])\()", _setting),
    (r"(\w+)\s*:\s*(-?[0-9][\w.]*|true|false|\[)", r"arguments get their names with `=`, as `\1=\2`"),
    (rf"(?<![(,] )(?<!\()\b(?:lr|learning_rate)\s*[:=]?\s*({_NUMBER})", r"the optimizer has it: `sgd(lr=\1)`"),
    (r"\baugment\s*(?:[:=\[({])([^\n]*)", _augment),
    _COMMA,
)
