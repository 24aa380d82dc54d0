"""The structural hash of a family: what must agree before a lock file or a checkpoint fits a spec."""

from __future__ import annotations

import hashlib
import json

from swc.family import Family, Member
from swc.family.written import who_shares
from swc.lock.outline import Outline
from swc.plan import effects


def structure_hash(family: Family) -> str:
    """Sixteen hexadecimal digits over members, what they compute, input, classes and the hints on who shares.

    Layout, comments, the words in which a body says what it computes or a hint what it names, the budget, numbers of
    templates and the training recipe do not count: a spec may change them and keep its lock.
    """
    return outlined_hash(outline(family), family)


def outlined_hash(known: Outline, family: Family) -> str:
    """What the structural hash would be if the hints came to what they do in a family, and all else were as known."""
    content = {
        "input": known.input,
        "classes": known.classes,
        "members": list(known.members.items()),
        "hints": effects.of_who_shares(family),
    }
    return _hash(content)


def outline(family: Family) -> Outline:
    """The parts of a family's structural hash."""
    return Outline(
        family.input,
        family.classes,
        {member.name: _member(member) for member in family.members},
        who_shares(family.sharing),
    )


def _member(member: Member) -> str:
    """A hash of a member's layers and norms and of what it computes."""
    layers = [[x.name, x.kind, x.shape, x.groups, x.bias, x.head] for x in member.layers]
    return _hash([layers, member.norm_parameters, member.computes])


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
