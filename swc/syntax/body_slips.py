"""What people write in blocks, and around them, out of habit (``swc.syntax.slips`` looks it up)."""

from __future__ import annotations

import re

from swc.syntax.family_slips import Slip

_WORDS = "block|arch|family|use|from|repeat|as|if|then|else|and|or|not|return|require|true|false"
_CHOICE = "`if` makes a value: write `if condition then this else that`"


def _too_many(match: re.Match[str]) -> str:
    before = match.string[: match.end()]
    return "one closing parenthesis is too many" if before.count(")") > before.count("(") else ""


_SEMICOLON: Slip = (r"[\[(][^\])]*;", "write a comma instead")
FILE_SLIPS: tuple[Slip, ...] = (
    (r'\bfamily\s+"?([A-Za-z]\w*)"?\s*(?:[:=(]|"|$)', r"write `family \1 { ... }`"),
    (r"\bfamily\s+([A-Za-z]\w*)[-.](\w+)", r"names are letters, digits and `_`: write `family \1_\2 { ... }`"),
    (r"\bfamily\s*[{:]", "a family has a name, as `family mine { ... }`"),
    (r"^\s*(?:function|func|fn|module|layer)\b", "write `block name(parameter: int) { ... }`"),
    (r"^\s*(?:model|network|net|architecture)\b", "write `arch name(parameter: int) { ... }`"),
    (r"\b(block|arch)\s+(\w+)\s*[{:]", r"write its parameters, even if there are none: `\1 \2() { ... }`"),
    (r"\b(block|arch)\s+(\w+)\s*\[", r"parameters stand in parentheses, as `\1 \2(width: int) { ... }`"),
    (r"\b(block|arch)\s+(\w+)[-.](\w+)", r"names are letters, digits and `_`: write `\1 \2_\3(...) { ... }`"),
    (r"\b(block|arch)\s+(\w+\s*\([^()\n]*\))\s*(?:[:=]|->)", r"write `\1 \2 { ... }`"),
    (r"\(\s*(?:x|input)\s*[,)]", "leave it out: the tensor that comes in is always `x`, and no parameter"),
    (r"[(,]\s*(int|float|bool|list)\s+(\w+)", r"a parameter's type comes after a colon: `\2: \1`"),
    (r"\bfrom\s+(\w+)\s+import\s+(\w+(?:\s*,\s*\w+)*)", r"write `use \2 from \1`"),
    (r"\buse\s+\*\s*from\s+(\w+)", r"name what to bring in, as `use wide_block from \1`"),
    (r'\buse\s+(\w+(?:\s*,\s*\w+)*)\s+(?:from|of|in)\s+"?(?:\w+/)*(\w+)(?:\.sw)?"?', r"write `use \1 from \2`"),
    (
        r'^\s*(?:use|include|import)\s+"?(\w+)',
        r"members need nothing brought in; for blocks, write `use NAME from \1` with their names",
    ),
    _SEMICOLON,
    (r"^\s*[\[{]", "write `family name { ... }`"),
    (r"^\s*(?!(?:use|block|arch|family)\b)([A-Za-z]\w*)\s*\{", r"write `family \1 { ... }`"),
    (r"^\s*\}", "one closing brace is too many"),
)
BODY_SLIPS: tuple[Slip, ...] = (
    (
        rf"[=(,]\s*({_WORDS})\s*:\s*\w+\s*\(",
        r"`\1` is a word of the language and cannot be a label: choose another name",
    ),
    (rf"^\s*({_WORDS})\s*=(?!=)", r"`\1` is a word of the language and cannot be a variable: choose another name"),
    (r"\b([a-z]\w*)\((\d+(?:\s*,\s*[^()]*)?)\)\s*\(\s*(\w+)\s*\)", r"the tensor comes first: write `\1(\3, \2)`"),
    (r"^\s*(?:for|while)\b.*", "write `repeat count as i { ... }`"),
    (r"\brepeat\s+\(?(\w+)\)?\s*(?:times\b|:)", r"write `repeat \1 { ... }`"),
    (r"\brepeat\s+(\S.*?)\s+as\s+(\w+)\s*[:,]", r"write `repeat \1 as \2 { ... }`"),
    (r"(\w+)\s*=\s*(\w+)\s*=\s*(\w+)\(", r"a label has a colon: `\1 = \2: \3(...)`"),
    (r"(\w+)\s*:=", r"write `\1 = ...`"),
    (r'"(\w+)"\s*:', r"a label has no quotes, as `\1: conv(...)`"),
    (r"=[^=?]+\?[^:]+:.*", _CHOICE),
    (r"\bif\b(?:(?!\bthen\b)[^:{])*:", _CHOICE),
    (r"\bif\b.*\bthen\b(?!.*\belse\b).*$", "`if` makes a value, so it takes both: `if condition then this else that`"),
    (
        r"[(,]\s*(\w+)\s*:\s*(-?[0-9][\w.]*|true|false|\[)",
        r"arguments get their names with `=`, as `\1=\2`",
    ),
    (
        r"\b(?:nn|F|torch)\.(?:\w+\.)*(\w+)",
        r"operations have no module before them, as `relu(y)` or `conv1: conv(...)`",
    ),
    (r"\bself\.(\w+)", r"there is no `self`: write `\1`"),
    (r"\b(\w+)\.(?:shape|size|channels)\b", r"write `channels(\1)` for its channels"),
    (r"\)\s*\.(\w+)", r"calls stand within each other: write `\1(...)` around what comes before"),
    (r":\s*(\w+)\[", r"arguments stand in parentheses: `\1(...)`"),
    (r"\((\d+\s*,\s*\d+)\)", r"a list has brackets: `[\1]`"),
    (r"\breturn\s+[^,{}(]+,", "a body returns one tensor; `concat(a, b)` joins two along their channels"),
    (r"^\s*pass\b", "a body ends with `return` and a tensor, as `return x`"),
    (r"\b(?:int|float|bool|const|auto)\s+(\w+)\s*=", r"write `\1 = ...`, with nothing before it"),
    (
        r"\bpadding\s*=\s*['\"]",
        "a padding is a number; left out, it is half the kernel, which keeps the size at stride 1",
    ),
    (r"(?<!\|)(?:\|>?|->)\s*([a-z]\w*)", r"calls stand within each other: write `\1(...)` around what comes before"),
    (r'\brequire\s*\(([^,"\n]*),\s*("[^"]*")\)?', r"write `require \1, \2`"),
    (r"\brequire\b[^,]*$", 'say what is wrong otherwise, as `require width > 0, "the width is positive"`'),
    (r"^\s*assert\s+([^,\n]+)", r'write `require \1, "..."`'),
    (r"^\s*print\b", "leave it out: a spec prints nothing"),
    (r"\[[^\]]*\bfor\b", "lists are written out, as `[3, 4, 6, 3]`"),
    (r"(?<=[(,])\s*(?!(?:if|not)\b)(\w+)\s+(?!(?:and|or|then|else)\b)(?=[\w\[])", r"write a comma after `\1`"),
    _SEMICOLON,
    (r"\)", _too_many),
)
