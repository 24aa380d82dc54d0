"""Hand-written definitions, one for each construct of the language and each way to generate it."""

from __future__ import annotations

_FAMILY = """
family constructs {{
    input image(3, 8, 8)
    output classes(5)
    budget 10M
{members}
}}
"""


def spec(definitions: str, *members: str) -> str:
    """A spec of some definitions and the calls that are its members."""
    lines = "\n".join(f"    member m{i} = {call}" for i, call in enumerate(members))
    return f"sw 1\n{definitions}{_FAMILY.format(members=lines)}"


_HEAD = "return fc: linear(global_pool(y), classes)"

CONSTRUCTS = {
    "sizes_of_two": spec(
        """
block pair(width: int, kernel: list, stride: list = [1, 1]) {
    y = wide: conv(x, width, kernel, stride=stride)
    y = tall: conv(bn(y), width, [kernel[1], kernel[0]], padding=[div(kernel[1], 2), div(kernel[0], 2)])
    return y + depthwise: conv(y, width, [3, 1], groups=width)
}
arch a(width: int, kernel: list = [1, 5]) {
    y = first: conv(x, width, [1, 3], stride=[1, 2], bias=true)
    y = second: conv(y, width, [3, 3], stride=2)
    y = parts: pair(maxpool(y, [2, 1], stride=[1, 1]), width, kernel)
    y = others: pair(avgpool(y, [1, 2], padding=[0, 1]), width, [1, 3], stride=[2, 1])
    """
        + _HEAD
        + """
}""",
        "a(4)",
        "a(3, [1, 7])",
    ),
    "tokens": spec(
        """
block mixer(heads: int, wide: bool = false) {
    width = channels(x)
    y = ln(x)
    y = attention(query: linear(y, width), key: linear(y, width, false), value: linear(x, 2 * heads), heads)
    y = x + out: linear(y, width)
    y = if wide then concat(y, ln(y)) else y
    return y + down: linear(gelu(up: linear(norm: ln(y), 2 * channels(y))), channels(y))
}
block pooled() { return hidden: linear(ln(x), 2 * channels(x)) }
arch a(heads: int, coded: bool = true, n: int = 2) {
    y = stem: conv(x, 8, 2, stride=2, padding=0)
    y = tokens(if coded then positions(relu(bn(y))) else y)
    repeat n as i { y = mixers: mixer(y, heads, wide=i == 1) }
    y = cross: mixer(concat(y, y), 1)
    y = if heads > 1 then global_pool(y) else global_pool(relu(y))
    return fc: linear(dropout(head: pooled(y)), classes)
}""",
        "a(2)",
        "a(1, coded=false)",
        "a(4, n=0)",
    ),
    "forms_by_condition": spec(
        """
block late(flat: bool) {
    y = if flat then tokens(x) else x
    return if flat then mix: linear(y, 6) else mix2: conv(y, 6, 1)
}
block vector() { return bn(one: linear(bn(x), 7)) }
arch a(flat: bool, early: bool = false) {
    y = if early then global_pool(x) else x
    y = if early then first: linear(y, 5) else second: conv(y, 5, 3)
    y = bn(y)
    z = if early then y else concat(y, y)
    z = if early then z else global_pool(if flat then third: late(z, true) else fourth: late(z, false))
    return fc: linear(tail: vector(z), classes)
}""",
        "a(true)",
        "a(false)",
        "a(false, early=true)",
    ),
    "conditional_layer": spec(
        """
block b(width: int, stride: int = 1) {
    skip = if channels(x) == width and stride == 1 then x else shortcut: conv(x, width, 1, stride=stride)
    y = main: conv(relu(bn(x)), width, 3, stride=stride)
    return y + skip
}
arch a(width: int) { y = b1: b(x, width) y = b2: b(y, width) y = b3: b(y, 2 * width, 2) """
        + _HEAD
        + " }",
        "a(3)",
        "a(4)",
    ),
    "conditional_chain": spec(
        """
block b(width: int) {
    skip = if channels(x) == width then x else norm: bn(shortcut: conv(x, width, 1))
    other = if width > 4 then deep: bn(one: conv(x, width, 3)) else flat: conv(x, width, 1)
    return skip + other
}
arch a(width: int) { y = b1: b(x, width) y = b2: b(y, 4) """
        + _HEAD
        + " }",
        "a(4)",
        "a(6)",
    ),
    "one_label_two_classes": spec(
        """
block thin(width: int) { return conv: conv(x, width, 1) }
block fat(width: int) { return conv: conv(x, width, 3) }
block odd(width: int, more: bool) { y = conv: conv(x, width, 3) return if more then relu(y) else y }
arch a(n: int, flag: bool = false) {
    y = first: if flag then thin(x, 4) else fat(x, 4)
    y = second: if flag then thin(y, 4) else odd(y, 5, true)
    y = third: if flag then conv(y, 4, 1) else conv(y, 4, 3)
    y = fourth: if flag then conv(y, 4, 1) else if n > 1 then thin(y, 6) else fat(y, 6)
    repeat n as i { y = loop: if i % 2 == 0 then thin(y, 4) else fat(y, 4 + i) }
    return fc: linear(global_pool(y), classes)
}""",
        "a(1)",
        "a(3, flag=true)",
        "a(2, flag=false)",
    ),
    "nested_repeats": spec(
        """
block b(width: int) { return conv: conv(relu(bn(x)), width, 3) }
arch a(counts: list, zero: int = 0) {
    y = x
    repeat len(counts) as s {
        y = stem: conv(y, 2 + s, 1)
        repeat counts[s] as i {
            repeat 2 { y = inner: b(y, 4 + s + i) }
            y = y + tail: conv(y, channels(y), 1)
        }
    }
    repeat zero { y = never: conv(y, 7, 3) repeat 2 { y = nothing: b(y, 9) } }
    return fc: linear(global_pool(y), classes)
}""",
        "a([1, 2])",
        "a([], 1)",
        "a([0, 3, 1], zero=2)",
    ),
    "dense_growth": spec(
        """
block dense(growth: int, count: int) {
    y = x
    repeat count { y = concat(y, conv: conv(relu(bn(y)), growth, 3)) }
    return y
}
block swap(count: int) {
    left = x
    right = first: conv(x, 2, 1)
    repeat count {
        both = concat(left, right)
        left = right
        right = bn(both)
    }
    return concat(left, right)
}
arch a(n: int) {
    y = d1: dense(x, 2, n)
    repeat n { y = d2: dense(avgpool(y, 3, stride=1, padding=1), 1, 2) }
    y = s: swap(y, n)
    return fc: linear(global_pool(bn(y)), classes)
}""",
        "a(0)",
        "a(1)",
        "a(3)",
    ),
    "grouped_and_biased": spec(
        """
arch a(groups: int, wide: bool) {
    y = stem: conv(x, 4 * groups, 3, stride=2, bias=true)
    y = mid: conv(relu(y), 8 * groups, 5, groups=groups, padding=1)
    y = last: conv(gelu(y), if wide then 12 else 6, 1, 1, 0, 2)
    return fc: linear(global_pool(y), classes, bias=false)
}""",
        "a(1, true)",
        "a(2, false)",
    ),
    "vectors": spec(
        """
block mlp(width: int) { return relu(bn(fc: linear(x, width))) }
block pooled(flat: bool) { y = if flat then global_pool(x) else relu(x) return bn(y) }
arch a(n: int, flat: bool) {
    y = p: pooled(x, flat)
    v = if flat then y else global_pool(y)
    repeat n as i { v = hidden: mlp(dropout(v, 0.1 * i), 6 + i) }
    return fc: linear(v, classes)
}""",
        "a(0, true)",
        "a(2, false)",
    ),
    "scalars_in_forward": spec(
        """
arch a(n: int, p: float = 0.5, flags: list = [1, 0]) {
    y = stem: conv(x, 4, 3)
    scale = p / 2
    w = 1
    repeat n as i {
        w = w * 2
        half = div(w, 2)
        y = if i == 0 or half > 2 then y else maxpool(y, 2)
        y = if i < len(flags) and flags[i] == 1 then dropout(y, scale) else gelu(y)
        y = if channels(y) > 4 then silu(y) else grow: conv(y, 6, 1)
    }
    return fc: linear(global_pool(if n > 2 then relu(y) else y), classes)
}""",
        "a(1)",
        "a(3, 0.1, [0, 1])",
        "a(2, flags=[1])",
    ),
    "conditions_in_loops": spec(
        """
block b(width: int) { return conv: conv(x, width, 1) }
arch a(n: int) {
    y = stem: conv(x, 4, 3)
    repeat n as i {
        y = if i == 0 then y else proj: conv(y, 5, 1)
        y = if i == 1 then n1: bn(c1: conv(y, 3, 3)) else c2: b(y, 4)
        y = if i > 0 then relu(y) else n2: bn(c3: b(relu(y), 6))
        y = if channels(y) == 6 then y else same: conv(relu(y), 6, 1)
    }
    return fc: linear(global_pool(y), classes)
}""",
        "a(0)",
        "a(1)",
        "a(3)",
    ),
    "arithmetic": spec(
        """
arch a(n: int, f: float = 1.5) {
    k = (n + 1) * (n - -2) - (n - (2 - 1)) - 2 ** n ** 1
    m = max(min(k, 7), 1 + n % 3, 2) + len([1, 2, [3, 4][n % 2]])
    small = not (n == 1 or n == 2) and (n < 3) == (f >= 1)
    both = small == true or f * 2 > 2.5 and not small
    w = if both then -(-m) else if small then (2 * m) / 2 else div(7 * m, 2)
    y = stem: conv(x, w, 3)
    y = dropout(y, f / (2 * f + 1))
    return fc: linear(global_pool(if small then y else relu(y)), classes)
}""",
        "a(1)",
        "a(2, 0.25)",
        "a(3, 2.0)",
        "a(0)",
    ),
    "names": spec(
        """
block wide(width: int) { return conv: conv(x, width, 1) }
block tensor_block(width: int) { return conv: conv(x, width, 1) }
arch names(depth: int, Wide: int = 2, choice: int = 2, out: int = 3, stage: int = 1) {
    bn1 = 3
    y = bn2: bn(stem: conv(bn(x), Wide + bn1, 1))
    logits = bn(y)
    repeat depth as group1 {
        weights2 = wide: wide(logits, choice + out)
        logits = concat(weights2, stages: tensor_block(logits, stage + group1))
        out_channels = channels(logits)
        logits = has_last: conv(logits, out_channels, 1)
        y_channels = 2
        y = if out > group1 then y else last: bn(lasts: conv(y, y_channels, 1))
    }
    return fc: linear(global_pool(concat(logits, y)), classes)
}""",
        "names(2)",
        "names(depth=4, out=1)",
    ),
    "reassigned_input": spec(
        """
block b(width: int) { x = conv: conv(x, width, 3) x = relu(bn(x)) return x }
arch a(n: int) {
    z = x
    x = step: b(x, 4)
    repeat n { z = steps: b(concat(x, z), 3) }
    return fc: linear(global_pool(concat(x, z)), classes)
}""",
        "a(0)",
        "a(2)",
    ),
    "never": spec(
        """
block unused_block(width: int) { return conv: conv(x, width, 1) }
block plain(k: int) { return avgpool(x, k, stride=1, padding=1) }
arch a(n: int, unused: int = 3) {
    y = stem: conv(x, 16, 1)
    y = if channels(y) == 16 then y else proj: unused_block(y, 16)
    repeat n { y = if channels(y) < 16 then other: conv(y, 9, 1) else p: plain(y, 3) }
    return fc: linear(global_pool(y), classes)
}""",
        "a(1)",
        "a(2)",
    ),
}

CONSTRUCTS["growing_expressions"] = spec(
    """
block twice(width: int) { return concat(x, x, more: conv(x, width, 1)) }
arch a(n: int) {
    y = x
    y = concat(y, one: conv(y, n + 1, 1))
    y = concat(y, two: conv(y, n + 2, 1))
    y = concat(y, three: conv(y, n + 3, 1), y)
    y = concat(y, y)
    y = concat(y, y)
    y = a1: twice(a2: twice(a3: twice(a4: twice(y, n), n), 2 * n), 1 + n)
    k1 = n + channels(y)
    k2 = k1 + k1
    k3 = k2 + k2
    k4 = k3 + k3
    k5 = k4 + k4
    y = last: conv(y, k5 % 7 + 1, 1)
    return fc: linear(global_pool(y), classes)
}""",
    "a(1)",
    "a(2)",
)
