"""A difference as JSON; docs/diff.md describes the format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from attrs import asdict

from swc.diff.model import FORMAT_VERSION, BankEdit, Category, Difference, Edit
from swc.diff.structure import structural


def to_json(difference: Difference) -> str:
    """A difference as JSON text without a final new line; equal differences give equal text."""
    return json.dumps(_content(difference), indent=2, ensure_ascii=False)


def _content(difference: Difference) -> dict[str, Any]:
    state = difference.state
    return {
        "format_version": FORMAT_VERSION,
        "before": difference.before,
        "after": difference.after,
        "different": not difference.is_empty,
        "categories": [str(category) for category in difference.categories],
        "family": _edits(difference.family),
        "members": _edits(difference.members),
        "parameters_alone": _edits(difference.alone),
        "layers": _edits(difference.layers),
        "layer_traits": _edits(difference.traits),
        "norms": _edits(difference.norms),
        "forward": [asdict(forward) for forward in difference.forward],
        "orders": [asdict(order) for order in difference.orders],
        "renamed_members": [asdict(rename) for rename in difference.renamed_members],
        "renamed_layers": [asdict(rename) for rename in difference.renamed_layers],
        "moved": [{"before": x.before, "after": x.after, "cluster": x.cluster} for x in difference.moved],
        "sharing": {
            "moved": [asdict(move) for move in difference.moves],
            "reference_fan_ins": _edits(difference.fan_ins),
            "tiles": _edits(difference.tiles),
            "superweights": [_bank(edit) for edit in difference.superweights],
        },
        "parameters": _edits(difference.parameters),
        "budget": _edits(difference.budget),
        "budget_text": _edits(difference.budget_text),
        "settings": _edits(difference.settings),
        "checkpoint": {
            "loads": Category.CHECKPOINT not in difference.categories,
            "reasons": [str(reason) for reason in difference.reasons],
            "structure": [str(part) for part in structural(difference)],
            "missing": [edit.name for edit in state if edit.before is None],
            "unexpected": [edit.name for edit in state if edit.after is None],
            "reshaped": _edits(edit for edit in state if edit.before is not None and edit.after is not None),
        },
        "not_compared": list(difference.unknown),
    }


def _edits(edits: Iterable[Edit]) -> list[dict[str, Any]]:
    return [asdict(edit) for edit in edits]


def _bank(edit: BankEdit) -> dict[str, Any]:
    content = asdict(edit)
    return {"id": content.pop("name"), **content}
