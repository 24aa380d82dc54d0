"""Distributed data parallel: both processes hold one family and take the same steps."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from handmade import FoldedMini
from torch.nn.parallel import DistributedDataParallel

from swc_runtime import Family


def batch(rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(rank)
    return torch.randn(4, 1, 8, 8, generator=generator), torch.randint(10, (4,), generator=generator)


def loss(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.stack([F.cross_entropy(z, y) for z in logits]).sum()


def split(family: Family) -> None:
    users = family.bank.superweights["conv3x3@0,0"].users
    family.bank.split("conv3x3@0,0", [users[::2], users[1::2]])


def train(rank: int, port: int, folder: str) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("error", UserWarning)
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", world_size=2, rank=rank)
    torch.manual_seed(rank)  # DDP spreads the first process's state, the assignment included
    family = FoldedMini().eval()
    if rank == 0:
        split(family)
    parallel = DistributedDataParallel(family)
    assert len(family.bank.groups("conv3x3@0,0")) == 2
    optimizer = torch.optim.SGD(family.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        x, y = batch(rank)
        loss(parallel(x), y).backward()
        optimizer.step()
    torch.save(family.state_dict(), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


def test_two_processes_train_as_one(port: int, tmp_path: Path) -> None:
    mp.spawn(train, (port, str(tmp_path)), nprocs=2)
    states = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    torch.manual_seed(0)
    family = FoldedMini().eval()
    split(family)
    optimizer = torch.optim.SGD(family.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        for rank in range(2):
            x, y = batch(rank)
            (loss(family(x), y) / 2).backward()
        optimizer.step()
    for name, tensor in family.state_dict().items():
        assert torch.equal(states[0][name], states[1][name]), name
        torch.testing.assert_close(states[0][name], tensor, rtol=1e-4, atol=1e-5)
