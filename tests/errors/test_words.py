"""Numbers of things in words."""

from swc.diagnostics.words import count, either, first_few


def test_one_thing_and_several() -> None:
    assert [count(n, "layer") for n in (0, 1, 2, 2000)] == ["0 layers", "1 layer", "2 layers", "2,000 layers"]
    assert [count(n, "is", "are") for n in (1, 2)] == ["1 is", "2 are"]


def test_the_rest_is_counted_where_it_is_more_than_one() -> None:
    assert first_few("abc", 3) == "a, b, c"
    assert first_few("abcd", 3) == "a, b, c, d"
    assert first_few("abcde", 3) == "a, b, c and 2 more"
    assert first_few("abcd", 2, between="\n", more="\nand") == "a\nb\nand 2 more"


def test_alternatives() -> None:
    assert [either(list(x)) for x in ("", "a", "ab", "abc")] == ["", "a", "a or b", "a, b or c"]
