"""Gradients of each layer's own weight over an epoch, which plain ``.grad`` would sum over the layers that share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from swc_runtime.progress import Phase
from swc_runtime.training.session import Session
from swc_runtime.training.watch import reduced


def weight_gradients(session: Session, epoch: int, phase: Phase) -> dict[str, Tensor]:
    """The gradient of the loss with respect to each shared layer's own weight, summed over a whole epoch.

    Layers are told apart even where they share everything, in one member or in several: each reads a weight tensor of
    its own (equal to the others'). Nothing is trained, and norm statistics are as before afterwards, although the
    family runs in training mode, as its gradients do in training.

    Args:
        session: the training whose batches (the full batches of an epoch), loss and devices are used.
        epoch: which epoch's order and augmentation to use (of the stream ``probe``).
        phase: advanced by one per batch.

    Returns:
        Layer name to gradient (out, in, kh, kw), summed over the batches and averaged over processes; nothing for a
        family that shares nothing.
    """
    family = session.family
    if not family.bank.layers:
        return {}
    session.train_mode()
    with _buffers_kept(family), _parameters_frozen(family), family.bank.probing() as probes:
        for images, labels in session.batches(epoch, "probe"):
            with session.fabric.autocast():
                logits = family(images)
            session.member_losses(logits, labels).sum().backward()  # type: ignore[no-untyped-call]
            phase.advance()
        gradients = {
            name: torch.zeros_like(weight) if weight.grad is None else weight.grad for name, weight in probes.items()
        }
    return {name: reduced(session.fabric, gradient, "mean") for name, gradient in gradients.items()}


@contextmanager
def _buffers_kept(module: nn.Module) -> Iterator[None]:
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    try:
        yield
    finally:
        for name, buffer in module.named_buffers():
            if not torch.equal(buffer, before[name]):
                buffer.copy_(before[name])


@contextmanager
def _parameters_frozen(module: nn.Module) -> Iterator[None]:
    """Spare the gradients of norms, biases and private weights, which nobody asks for here."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad = True
