"""The structural hash of a family: what must agree before a lock file or a checkpoint fits a spec."""

from __future__ import annotations

import hashlib
import json

from swc.family import Family, Hint


def structure_hash(family: Family) -> str:
    """Sixteen hexadecimal digits over members, what they compute, input, classes and the hints on who shares.

    Layout, comments, the words in which a body says what it computes, the budget, numbers of templates and the training
    recipe do not count: a spec may change them and keep its lock.
    """

    def hints(found: tuple[Hint, ...]) -> list[list[list[str]]]:
        return [[sorted(names) for names in hint.layers] for hint in found]

    sharing = family.sharing
    content: dict[str, object] = {
        "input": family.input,
        "classes": family.classes,
        "members": [
            [
                member.name,
                [[x.name, x.kind, x.shape, x.groups, x.bias, x.head] for x in member.layers],
                member.norm_parameters,
                member.computes,
            ]
            for member in family.members
        ],
        "hints": [hints(sharing.private), hints(sharing.public), hints(sharing.ties), hints(sharing.aparts)],
    }
    if sharing.hand_made:
        content["hand_made"] = [[hint.name, sorted(hint.all_layers)] for hint in sharing.hand_made]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
