"""Training step of a family beside the same members with weights of their own: time, memory, parameters.

Both run in one process, in turns (paired), on random images; medians and the ratio are printed. A step is forward,
loss, backward and optimizer, as ``swc train`` does it.

    python benchmarks/train_step.py generated/digits.py --batch 64
    python benchmarks/train_step.py generated/fashion.py --batch 256 --device cuda --bf16 --channels-last --compile
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from swc.pipeline.modules import load_family_class


class Ensemble(nn.Module):
    """Members that share nothing, called like a family."""

    def __init__(self, members: nn.ModuleDict) -> None:
        super().__init__()
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        """Logits (members, batch, classes)."""
        return torch.stack([member(x) for member in self.members.values()])


class Contender:
    """One model with its optimizer, timed a step at a time."""

    def __init__(self, name: str, model: nn.Module, args: argparse.Namespace) -> None:
        self.name = name
        self.args = args
        self.parameters = sum(p.numel() for p in model.parameters())
        layout = torch.channels_last if args.channels_last else torch.contiguous_format
        model = model.to(args.device).to(memory_format=layout)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
        self.model = torch.compile(model) if args.compile else model
        self.times: list[float] = []
        self.peak = 0

    def step(self, images: Tensor, labels: Tensor, *, timed: bool) -> None:
        """One training step; ``timed`` ones count."""
        cuda = self.args.device == "cuda"
        if cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        with torch.autocast(self.args.device, torch.bfloat16, enabled=self.args.bf16):
            logits = self.model(images)
        losses = F.cross_entropy(logits.float().flatten(0, 1), labels.repeat(len(logits)))
        self.optimizer.zero_grad()
        torch.autograd.backward(losses * len(logits))
        self.optimizer.step()
        if cuda:
            torch.cuda.synchronize()
            self.peak = max(self.peak, torch.cuda.max_memory_allocated())
        if timed:
            self.times.append(time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", type=Path)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(0)
    cls = load_family_class(args.module)
    contenders = [Contender("family", cls(), args), Contender("independent", Ensemble(cls.independent()), args)]
    images = torch.randn(args.batch, *cls.input, device=args.device)
    if args.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(cls.classes, (args.batch,), device=args.device)
    for step in range(args.warmup + args.steps):
        for contender in contenders:
            contender.step(images, labels, timed=step >= args.warmup)
    machine = torch.cuda.get_device_name() if args.device == "cuda" else f"{platform.machine()} CPU"
    print(f"{args.module}: batch {args.batch}, n = {args.steps} steps each, in turns")
    print(f"{machine}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for c in contenders:
        memory = f", peak {c.peak / 2**20:,.0f} MiB" if args.device == "cuda" else ""
        print(f"  {c.name:<12} {c.parameters:>12,} parameters  {1000 * statistics.median(c.times):9.2f} ms{memory}")
    ratio = statistics.median(a / b for a, b in zip(contenders[0].times, contenders[1].times, strict=True))
    print(f"  median of the paired ratios, family / independent: {ratio:.3f}")


if __name__ == "__main__":
    main()
