"""Refinement in the middle of a training (paper sec. 2.2.2): layers that disagree get coefficients of their own.

After an epoch of gradients, each group of layers that read one coefficient vector and agree gets a copy of its own, and
training goes on. Layers that have parted before stay so.
"""

from __future__ import annotations

from swc_runtime.grouping import Groups
from swc_runtime.progress import Reporter
from swc_runtime.refinement import RefinementSummary, coefficient_groups
from swc_runtime.training.optimizer import carry_over
from swc_runtime.training.probing import weight_gradients
from swc_runtime.training.session import Session


def refine(session: Session, epoch: int, threshold: float, reporter: Reporter) -> RefinementSummary:
    """Take an epoch of gradients (nothing is trained), group each SuperWeight's layers by eq. 3, and split.

    Each copy of a coefficient vector takes its share of the optimizer's momentum with it.

    Args:
        session: the training; it goes on afterwards with the coefficients parted.
        epoch: how many epochs have been trained; chooses the order and augmentation of the probing epoch.
        threshold: β.
        reporter: shows the phase ``refine``.
    """
    bank = session.family.bank
    trained = {s.id for own in bank.template_banks() if own.coefficients.requires_grad for s in own.superweights}
    groups: dict[str, Groups] = {}
    if trained:  # what is frozen has no use for copies
        with reporter.phase("refine", session.loader.steps) as phase:
            gradients = weight_gradients(session, epoch, phase)
            groups = coefficient_groups(bank, gradients, threshold)
        groups = {name: parts for name, parts in groups.items() if name in trained}
    before = {name: len(bank.groups(name)) for name in groups}
    parted = {name: parts for name, parts in groups.items() if len(parts) > before[name]}
    moves = [move for name, parts in parted.items() for move in bank.split(name, parts)]
    carry_over(session.optimizer, dict(session.family.named_parameters()), moves)
    session.freezing.calm(session.optimizer)
    return RefinementSummary(
        epoch=epoch,
        threshold=threshold,
        shared=len(groups),
        split=len(parted),
        before=sum(before.values()),
        vectors=sum(len(parts) for parts in groups.values()),
        groups=parted,
    )
