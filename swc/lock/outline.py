"""The parts of a structural hash, so that a message can say which of them are no longer what they were."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from attrs import evolve, frozen


@frozen
class Outline:
    """What a lock file remembers of the spec besides the layers that share.

    Attributes:
        input: channels, height and width of the images.
        classes: how many there are.
        members: for each member, in the family's order, a hash of its layers, its norms and what it computes.
        hints: those on who shares, as the spec writes them, sorted.
    """

    input: tuple[int, int, int]
    classes: int
    members: Mapping[str, str]
    hints: tuple[str, ...]

    def tells(self, now: Outline) -> bool:
        """Whether it says the same, in whatever words its hints are."""
        return evolve(self, hints=()) == evolve(now, hints=()) and [*self.members] == [*now.members]

    def changes(self, now: Outline, told: Collection[str], *, same_hints: bool) -> Iterator[str]:
        """A line for each part that is another one now.

        Args:
            now: the outline of the spec as it is.
            told: members of which layers that share are known to differ, so that nothing more need be said of them.
            same_hints: whether the hints come to the same, in whatever words.
        """
        if self.input != now.input:
            before, after = ("×".join(map(str, own.input)) for own in (self, now))
            yield f"input: {before} in the lock, {after} in the spec"
        if self.classes != now.classes:
            yield f"classes: {self.classes:,} in the lock, {now.classes:,} in the spec"
        yield from self._members(now, told)
        if not same_hints:
            yield from (f"`{hint}`: in the lock, but not in the spec" for hint in self.hints if hint not in now.hints)
            yield from (f"`{hint}`: in the spec, but not in the lock" for hint in now.hints if hint not in self.hints)

    def _members(self, now: Outline, told: Collection[str]) -> Iterator[str]:
        both = [name for name in self.members if name in now.members]
        for name in {**self.members, **now.members}:
            if name in told:
                continue
            if name not in both:
                where = ("lock", "spec") if name in self.members else ("spec", "lock")
                yield f"member {name}: in the {where[0]}, but not in the {where[1]}"
            elif self.members[name] != now.members[name]:
                yield (
                    f"member {name}: other norms, biases, groups or layers that do not share, or it computes something "
                    "else"
                )
        if both != [name for name in now.members if name in self.members]:
            yield "members: in another order in the lock than in the spec"
