"""This machine alone: as many tasks at a time as it has room for, each watched by a thread."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from sanitizer.engines.children import Children
from sanitizer.engines.engine import Done, Need, R, T, Work
from sanitizer.errors import UsageError
from sanitizer.resources.machine import cpus, memory


@dataclass(frozen=True)
class Local:
    """`jobs` tasks at a time; the processes of each have `threads` threads."""

    jobs: int
    threads: int = 1

    @classmethod
    def with_room_for(cls, need: Need) -> Local:
        """As many at a time as cores and memory hold. Raises UsageError for a need that this machine cannot meet."""
        if need.gpus:
            raise UsageError("GPUs are dealt out by Ray alone", hint="add --engine ray, or leave --gpus out")
        if need.cpus > cpus():
            raise UsageError(f"a task takes {need.cpus} cores, this machine has {cpus()}", hint="ask for fewer --cpus")
        if need.memory is not None and need.memory > memory():
            raise UsageError(
                f"a task takes {need.memory / 1e9:.1f} GB, this machine has {memory() / 1e9:.1f} GB",
                hint="ask for less --memory",
            )
        held = cpus() // need.cpus if need.memory is None else min(cpus() // need.cpus, memory() // need.memory)
        return cls(held, need.cpus)

    def each(self, work: Work[T, R], tasks: Sequence[T]) -> Generator[Done[T, R], None, None]:
        """See `Engine`. A thread cannot be lost; a process that is killed is the work's to tell."""
        children = Children(self.threads)
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                futures = {pool.submit(work, task, children): task for task in tasks}
                for future in as_completed(futures):
                    yield Done(futures[future], future.result())
            except BaseException:
                children.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
