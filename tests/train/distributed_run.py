"""Searches and trains on as many CPU processes as the first argument says, and saves what came of it in the second."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from train_families import TugOfWar, noise

from swc_runtime.problems import CheckpointError
from swc_runtime.recipe import GradientRefinement, GradientSearch
from swc_runtime.search import search
from swc_runtime.training import TrainOptions, keeping, train


class Refined(TugOfWar):
    """One epoch of hard sharing, then refinement. Without batch norm, processes make no difference."""

    recipe = replace(TugOfWar.recipe, epochs=3)
    refinement = GradientRefinement(threshold=0.9, after=1)


def main(devices: int, folder: Path) -> None:
    torch.set_num_threads(1)
    data = noise(64, (1, 6, 6), 4)
    options = TrainOptions(run_dir=folder, accelerator="cpu", devices=devices)
    torch.manual_seed(0)
    found = search(Refined(), data, GradientSearch(0.1, 1), options)
    torch.manual_seed(0)
    family = Refined()
    history = train(family, data, options)
    content = {"groups": found.groups, "refined": history.refinement, "loss": history.epochs[-1].loss}
    torch.save({**content, "state": family.state_dict()}, folder / f"rank{os.environ.get('LOCAL_RANK', '0')}.pt")


def fail(devices: int, folder: Path) -> None:
    """Let the first process fail to write its checkpoint, and save what each process meets."""

    def full(*_: object) -> None:
        raise CheckpointError("the disk is full")

    keeping.write_checkpoint = full
    options = TrainOptions(run_dir=folder, accelerator="cpu", devices=devices)
    try:
        train(Refined(), noise(64, (1, 6, 6), 4), options)
    except CheckpointError as problem:
        torch.save({"met": str(problem)}, folder / f"rank{os.environ.get('LOCAL_RANK', '0')}.pt")


if __name__ == "__main__":
    {"run": main, "fail": fail}[sys.argv[3]](int(sys.argv[1]), Path(sys.argv[2]))
