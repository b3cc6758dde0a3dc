"""Processes that train one model together: one by default, many under ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn

from fusionkit.errors import ResourceError, StoppedError, UsageError

T = TypeVar("T")

_PATIENCE = timedelta(days=7)  # a process that ends is noticed at once; one that computes views may take long


@dataclass(frozen=True)
class Team:
    """The processes that train one model, and the place of this one among them.

    Every method but ``share`` and ``seed`` waits for the other processes, so that all of them must call it alike. In a
    team of one each gives back what it is given.

    Parameters
    ----------
    rank : int
        Number of this process; process 0 leads: it alone writes and prints.
    size : int
        Number of processes.
    local_rank, local_size : int
        The same on this computer.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def alone(self) -> bool:
        """Whether there is one process only."""
        return self.size == 1

    @property
    def leads(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    @property
    def command(self) -> str:
        """What starts ``fusionkit`` with as many processes."""
        if self.alone:
            return "fusionkit"
        nodes = self.size // self.local_size
        computers = f"--nnodes {nodes} " if nodes > 1 else ""
        return f"torchrun {computers}--nproc-per-node {self.local_size} -m fusionkit"

    def seed(self, seed: int) -> int:
        """Return the seed of the random numbers of this process; that of process 0 is the given one."""
        return seed if self.leads else int(np.random.default_rng([seed, self.rank]).integers(2**63))

    def share(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what this process takes of a batch."""
        return chosen[self.rank :: self.size]

    def mean(self, values: Tensor) -> list[float]:
        """Return the mean over the processes of some numbers."""
        if self.alone:
            return list(values.tolist())
        total = values.detach().to("cpu", torch.float64)
        dist.all_reduce(total)
        return list((total / self.size).tolist())

    def any(self, *flags: bool) -> list[bool]:
        """Return for each flag whether any process has it."""
        return list(flags) if self.alone else [mean > 0 for mean in self.mean(torch.tensor(flags).double())]

    def tell(self, value: T) -> T:
        """Return the value that process 0 has."""
        if self.alone:
            return value
        told = [value]
        dist.broadcast_object_list(told, device=torch.device("cpu"))
        return told[0]

    def collect(self, value: T) -> list[T]:
        """Return the values of all processes in order."""
        found = [value] * self.size
        if not self.alone:
            dist.all_gather_object(found, value)
        return found

    def join_rows(self, rows: Tensor, counts: list[int]) -> Tensor:
        """Return the rows of all processes in order.

        Parameters
        ----------
        rows : Tensor [row, ...]
            Those of this process, on the CPU.
        counts : list of int
            How many rows each process has.
        """
        if self.alone:
            return rows
        padded = rows.new_zeros(max(counts), *rows.shape[1:])
        padded[: len(rows)] = rows
        found = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(found, padded)
        return torch.cat([part[:count] for part, count in zip(found, counts, strict=True)])

    def spread_buffers(self, module: nn.Module) -> None:
        """Give all processes the buffers of process 0, for example the running statistics of BatchNorm."""
        if not self.alone:
            for buffer in module.buffers():
                dist.broadcast(buffer, 0)

    def outlive_leader(self) -> None:
        """Wait until process 0 has ended: whoever started the team ends all of it when the first process ends."""
        try:
            dist.barrier()  # in which process 0 takes no part
        except RuntimeError:
            return

    @contextmanager
    def contact(self, stopping: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Say in one line when another process has ended, which every method that waits for it is told by torch.

        Parameters
        ----------
        stopping : callable
            Tells whether all processes were asked to stop, so that nothing is wrong.

        Raises
        ------
        ResourceError
            In process 0.
        StoppedError
            In the others, which have nothing to say of it, and where it was asked for.
        """
        try:
            yield
        except RuntimeError as error:
            if self.alone or not (isinstance(error, dist.DistError) or "gloo" in str(error)):
                raise
            if stopping() or not self.leads:
                raise StoppedError("another process has ended") from error
            raise ResourceError(f"another of the {self.size} processes has ended: what it said is above") from error


ALONE = Team()


@contextmanager
def join_team() -> Iterator[Team]:
    """Join the team that ``torchrun`` has started; without it this process is alone.

    Raises
    ------
    UsageError
        If the environment names several processes and does not say how they meet.
    ResourceError
        If they do not meet.
    """
    team = stated_team()
    if team.alone:
        yield team
        return
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UsageError(
            f"WORLD_SIZE is {team.size}, but {missing[0]} is not set; start with torchrun --nproc-per-node {team.size} "
            "-m fusionkit run ..., or unset WORLD_SIZE for one process"
        )
    try:
        dist.init_process_group(_backend(team), rank=team.rank, world_size=team.size, timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ResourceError(f"the {team.size} processes do not meet: {str(error).splitlines()[0]}") from error
    yield team
    dist.destroy_process_group()  # not after an error: the others are to notice the end of the process, not this


def stated_team() -> Team:
    """Return the team that the environment names, without joining it."""
    size = _number("WORLD_SIZE", 1)
    if size < 2:
        return ALONE
    rank = _number("RANK", 0)
    return Team(rank, size, _number("LOCAL_RANK", rank), _number("LOCAL_WORLD_SIZE", size))


def _backend(team: Team) -> str:
    """Return how processes talk: small messages over gloo, gradients of GPUs over NCCL."""
    enough = dist.is_nccl_available() and torch.cuda.device_count() >= team.local_size
    return "cpu:gloo,cuda:nccl" if enough else "gloo"


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    if text and not text.isdecimal():
        raise UsageError(f"the environment variable {name} is {text!r}; expected a number, as torchrun sets it")
    return int(text) if text else default
