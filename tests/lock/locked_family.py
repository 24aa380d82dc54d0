"""A small family of two members, and the cosines that a search of it could have measured."""

from pathlib import Path

SPEC = """sw 1
family two {
    input image(3, 8, 8) output classes(5) budget 300% of members
    member a = net()
    member b = net()
    share { clusters gradient(threshold=0.5, epochs=1) }
}
"""
ARCH = """sw 1
arch net(width: int = 8) {
    y = one: conv(x, width, 3)
    y = two: conv(relu(bn(y)), width, 3)
    y = three: conv(relu(bn(y)), width, 3)
    return fc: linear(global_pool(y), classes)
}
"""
LAYERS = ("a.one", "a.two", "a.three", "b.one", "b.two", "b.three")
# a.one and b.one agree most, then a.two and b.two, then the two pairs; the rest does not.
COSINES = {("a.one", "b.one"): 0.9, ("a.two", "b.two"): 0.7, ("a.one", "a.two"): 0.3}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def edit(path: Path, *replacements: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
