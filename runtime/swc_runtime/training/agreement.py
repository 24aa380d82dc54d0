"""Whether a checkpoint belongs to a family, to a data set, and to the training that is to go on with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swc_runtime.datasets import Dataset
from swc_runtime.family import Family
from swc_runtime.plan import Plan
from swc_runtime.problems import CheckpointError


def identity(family: Family) -> dict[str, str]:
    """What a checkpoint says about the family it belongs to.

    ``sharing`` is a hash of the clusters: with other ones every tensor may still fit, and belong to other layers.
    """
    return plan_identity(family.plan)


def plan_identity(plan: Plan) -> dict[str, str]:
    """What a checkpoint of a family with this plan says about it."""
    clusters = repr(sorted(plan.clusters.items()))
    return {
        "family": plan.family,
        "structure": plan.structure,
        "sharing": hashlib.blake2b(clusters.encode(), digest_size=8).hexdigest(),
    }


def check_identity(family: Family, metadata: Mapping[str, Any], path: Path) -> None:
    """Check that a checkpoint belongs to a family.

    Raises:
        CheckpointError: it is another family's, or that of another version of its spec.
    """
    plan = family.plan
    if metadata.get("family") != plan.family:
        raise CheckpointError(f"{path} is a checkpoint of family {metadata.get('family')}, not of {plan.family}.")
    if metadata.get("structure") != plan.structure:
        raise CheckpointError(
            f"{path} belongs to another version of {plan.family}: its structure is {metadata.get('structure')}, the "
            f"family's {plan.structure}. Compile the spec (and lock file) that it was trained with, or train again."
        )
    if metadata.get("sharing") != identity(family)["sharing"]:
        raise CheckpointError(
            f"{path} was trained with other clusters or templates than {plan.family} has now: the lock file, or the "
            "spec's budget, `templates`, `refine` or other words on sharing, have changed since (`swc diff` says what "
            "did). Compile with those that it was trained with, or train again."
        )


def check_classes(path: Path, metadata: Mapping[str, Any], data: Dataset) -> None:
    """Check that a data set's labels mean what they meant in training.

    Raises:
        CheckpointError: its classes have other names, or another order.
    """
    then, now = metadata.get("classes"), list(data.class_names)
    if not isinstance(then, list):
        raise CheckpointError(f"{path} is of no use: it does not name its classes.")
    if then == now:
        return
    missing, new = [name for name in then if name not in now], [name for name in now if name not in then]
    if missing or new:
        parts = [f"{_listed(missing)} of the training {_are(missing)} not among them"] if missing else []
        parts += [f"{_listed(new)} {_are(new)} new"] if new else []
        what = "; ".join(parts)
    else:
        label = next(n for n, (before, after) in enumerate(zip(then, now, strict=False)) if before != after)
        what = f"they come in another order: label {label} was `{then[label]}` and is now `{now[label]}`"
    raise CheckpointError(
        f"{path} was trained to tell other classes apart than {data.name} has: {what}. Give the data set, or name the "
        "folders of its classes, as in training."
    )


def _listed(names: list[str]) -> str:
    """At most five names."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"`{name}`" for name in names[:5]) + more


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def check_data(path: Path, metadata: Mapping[str, Any], data: Dataset) -> None:
    """Check that a data set is the very one of a training, wherever it lies now.

    Raises:
        CheckpointError: it holds other images, or others of them were left out.
    """
    then = metadata.get("data")
    if not isinstance(then, dict):
        raise CheckpointError(f"{path} is of no use: it does not say what it was trained on.")
    if then.get("identity") != data.identity:
        raise CheckpointError(
            f"{path} was trained on other images: on {then.get('name')} with the content {then.get('identity')}, and "
            f"{data.name} now has the content {data.identity}. Give the data as they were then, or train into another "
            "folder (--run)."
        )


def check_agreement(path: Path, then: object, now: Mapping[str, Any]) -> None:
    """Check that a training is the one that a checkpoint was written by.

    Args:
        path: the checkpoint.
        then: what the checkpoint says of its training.
        now: what is to be trained.

    Raises:
        CheckpointError: it differs; the message lists every difference.
    """
    if not isinstance(then, dict):
        raise CheckpointError(f"{path} is damaged: it does not say how it was trained. Train anew with --fresh.")
    odd = [
        f"{name} was {_told(then.get(name))} and is now {_told(value)}"
        for name, value in now.items()
        if then.get(name) != value
    ]
    if odd:
        raise CheckpointError(
            f"{path} belongs to another training: {'; '.join(odd)}. Give the same options as then, or train into "
            "another folder (--run)."
        )


def agreed_origin(path: Path, then: object, now: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What a training that is resumed started from; where it is named again, it must be the same.

    Args:
        path: the checkpoint.
        then: what the checkpoint says of it.
        now: what is named now, if anything is.

    Raises:
        CheckpointError: the training started from something else.
    """
    if then is not None and not isinstance(then, dict):
        raise CheckpointError(f"{path} is damaged: it does not say what it started from. Train anew with --fresh.")
    if now is not None and (then is None or then.get("digest") != now["digest"]):
        was = "fresh weights" if then is None else f"other weights ({then.get('family')}, {then.get('digest')})"
        raise CheckpointError(
            f"{path} belongs to a training that started from {was}, not from {now['family']}, {now['digest']}. Resume "
            "it without --from, or train into another folder (--run)."
        )
    return then


def _told(value: object) -> str:
    return "not given" if value is None else str(value)
