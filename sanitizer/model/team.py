"""The processes of a run as one team: what the first decides all know, and how one that fails ends them all.

Whatever is not a sum over a batch is computed by the first process alone and told to the others, so that they cannot
come to different answers: the others wait, and take the state of its random generator too.
"""

from __future__ import annotations

import copyreg
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from sanitizer import processes
from sanitizer.errors import PeerError, UnsupportedError, exit_code_of
from sanitizer.termination import ended_by_sigterm

T = TypeVar("T")

PATIENCE = timedelta(days=7)
"""How long one process waits for another: a first process may score heads for hours. Who dies is noticed at once."""
FAILED = "sanitizer/failed"
ELSEWHERE = "another process of this run failed"


@dataclass(frozen=True)
class Team:
    """How many processes work together here, and which one this is."""

    rank: int = 0
    size: int = 1


_here: ContextVar[Team] = ContextVar("team", default=Team())  # noqa: B039  frozen


def team() -> Team:
    """Those who work together on what is done now; one where nobody launched more, and within `alone`."""
    return _here.get()


@contextmanager
def alone() -> Iterator[None]:
    """Within this context this process works without the others, who wait."""
    before = _here.set(Team())
    try:
        yield
    finally:
        _here.reset(before)


@contextmanager
def assembled(choose: Callable[[], torch.device]) -> Iterator[Team]:
    """Within this context the processes that a launcher started are a team, on devices of the type that is chosen.

    Where one fails, the others raise PeerError with its exit code as soon as they wait for it, or are told to end.
    Raises UnsupportedError where there are more processes than devices.
    """
    if processes.count() == 1:
        yield _here.get()
        return
    if dist.is_initialized():  # the caller's own
        before = _here.set(Team(dist.get_rank(), dist.get_world_size()))
        try:
            yield _here.get()
        finally:
            _here.reset(before)
        return
    device, store, backend = choose(), _store(), "gloo"
    if device.type != "cpu":
        _take_device(device)
        backend = f"cpu:gloo,{device.type}:{dist.get_default_backend_for_device(device.type)}"
    made = Team(processes.rank(), processes.count())
    dist.init_process_group(backend, store=store, rank=made.rank, world_size=made.size, timeout=PATIENCE)
    before = _here.set(made)
    try:
        # A launcher ends the others with SIGTERM once one has failed.
        with ended_by_sigterm():
            yield made
            gathered(None)  # nobody leaves while another still listens
    except BaseException as error:
        code = _first_failure(store, made.rank, error)
        if code is None:
            error.failed_first = True  # type: ignore[attr-defined]  # the command line lets this process say why
            raise
        raise PeerError(ELSEWHERE, exit_code=code) from error
    finally:
        _here.reset(before)
    dist.destroy_process_group()


def first(work: Callable[[], T], *, generator: torch.Generator | None = None) -> T:
    """What the first process makes of it, for all of them; what it raises ends them all.

    `generator` is one that the work draws from: everywhere it is then where the first process left it.
    """
    now = team()
    if now.size == 1:
        return work()
    told: list[Any] = [None, None, None]
    if now.rank == 0:
        try:
            with alone():
                told[0] = work()
        except BaseException as error:
            with suppress(Exception):  # they may have ended for the same reason
                dist.broadcast_object_list([None, None, exit_code_of(error)], src=0)
            raise
        told[1] = None if generator is None else generator.get_state()
    dist.broadcast_object_list(told, src=0)
    if told[2] is not None:
        raise PeerError(ELSEWHERE, exit_code=told[2])
    if generator is not None:
        generator.set_state(told[1])
    return told[0]  # type: ignore[no-any-return]


def gathered(value: T) -> list[T]:
    """The value that each process has, in their order."""
    now = team()
    found: list[T] = [value] * now.size
    if now.size > 1:
        dist.all_gather_object(found, value)
    return found


def _read_only(items: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(items)


# Records have some, which the library cannot tell to another process by itself.
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))


def _store() -> Any:
    store, _, _ = next(rendezvous("env://", timeout=PATIENCE))
    return store


def _take_device(device: torch.device) -> None:
    """This process's own device of a type."""
    have, mine = torch.accelerator.device_count(), processes.local_rank()
    if device.index is not None:
        raise UnsupportedError(
            f"several processes cannot share {device}", hint=f"--device {device.type} gives each its own"
        )
    if mine >= have:
        raise UnsupportedError(
            f"there are more processes than devices of type {device.type} ({have})",
            hint="launch as many as there are devices, or use --device cpu",
        )
    torch.accelerator.set_device_index(mine)


def _first_failure(store: Any, rank: int, error: BaseException) -> int | None:
    """The exit code of the process that failed first, None if it was this one."""
    mine = json.dumps([rank, exit_code_of(error)])
    try:
        who, found = json.loads(store.compare_set(FAILED, "", mine))
    except Exception:  # the store is gone, and with it the process that kept it
        return exit_code_of(error) if rank else None
    return None if who == rank else int(found)
