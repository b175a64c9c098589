"""Ray: started on this machine for the while, or a cluster that is there already (`ray start --head`, and an address).

Ray places tasks by what they declare and notices workers, processes and machines, that are lost. Their tasks are handed
in again here and not by Ray's own retries, which would try one that runs out of memory for ever.
https://docs.ray.io/en/latest/ray-core/fault_tolerance/tasks.html
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sanitizer import __version__
from sanitizer.engines.children import Children
from sanitizer.engines.engine import Done, Lost, Need, R, T, Work
from sanitizer.errors import IncompleteError, UsageError
from sanitizer.resources.machine import cpus

STORE = 100 << 20
"""Bytes of Ray's object store where we start it: results are small, and its default is a third of the memory."""
POLL = 1.0
"""Seconds after which we listen for Ctrl-C and SIGTERM again."""
RETRIES = 2
INSTALL = "pip install 'ray>=2.60,<3', or this package with its extra [ray]"


@dataclass(frozen=True)
class Ray:
    """`address` is a cluster's (`auto`: the one that runs here), None starts one here. A lost task is tried again."""

    need: Need
    address: str | None = None
    retries: int = RETRIES

    def each(self, work: Work[T, R], tasks: Sequence[T]) -> Generator[Done[T, R], None, None]:
        """See `Engine`. Raises UsageError without Ray and for a need that no node can meet, IncompleteError where no
        cluster answers, or one whose nodes cannot run this version.
        """
        with connected(self.address) as ray:
            _check_room(ray.nodes(), self.need)
            how = {"num_cpus": self.need.cpus, "num_gpus": self.need.gpus, "memory": self.need.memory}
            remote = ray.remote(max_retries=0, **{key: value for key, value in how.items() if value})(_do)
            waiting = {remote.remote(work, task, self.need.cpus, __version__): (task, 0) for task in tasks}
            try:
                while waiting:
                    for ref in ray.wait(list(waiting), timeout=POLL)[0]:
                        task, lost = waiting.pop(ref)
                        result = _result(ray, ref)
                        if isinstance(result, Lost) and lost < self.retries:
                            again = remote.remote(work, task, self.need.cpus, __version__)
                            waiting[again] = (task, lost + 1)
                        else:
                            yield Done(task, result, lost + isinstance(result, Lost))
            finally:
                for ref in waiting:
                    ray.cancel(ref, force=True)


def _do(work: Work[T, R], task: T, threads: int, version: str) -> R:
    """In a worker."""
    if version != __version__:
        raise IncompleteError(
            f"a node of the cluster has sanitizer {__version__}, this machine {version}",
            hint="install the same version everywhere",
        )
    return work(task, Children(threads))


def _result(ray: Any, ref: Any) -> Any:
    """What the work returned or raised, or Lost."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        # Of a function that cannot be imported Ray says the first, of what it is called with the second.
        unknown = ("failed to import", "No module named")
        if isinstance(error.cause, ImportError) or any(words in str(error.cause) for words in unknown):
            raise IncompleteError(
                "a worker of the cluster cannot import sanitizer", hint="install the same version on every node"
            ) from error
        raise error.cause from error
    except ray.exceptions.RayError as error:
        return Lost(f"its worker was lost ({type(error).__name__})")


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Ray, ready for work and silent. A connection that this process has already is used; any other ends with this."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else a cluster started here tells its makers
    os.environ.setdefault("RAY_TQDM_PATCH_PRINT", "0")  # else it replaces `print` in this process, for good
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed", hint=INSTALL) from error
    if ray.is_initialized():
        yield ray
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    with contextlib.ExitStack() as stack:
        if address is None:
            # Logs and sockets of a session, which Ray leaves behind; a socket's path must be short.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))
            own = {"num_cpus": cpus(), "include_dashboard": False, "object_store_memory": STORE, "_temp_dir": folder}
            how = {"address": "local", "_node_ip_address": "127.0.0.1", **own}
        else:
            how = {"address": address}
        stack.callback(ray.shutdown)
        # Ray gives its own processes half a minute to start, which a busy machine may not.
        for last in (False, False, True) if address is None else (True,):
            try:
                with _same_sigterm(), contextlib.redirect_stderr(io.StringIO()):  # a line about tokens
                    ray.init(**how, **quiet)
                break
            except Exception as error:  # what it raises then is no more than that
                ray.shutdown()
                if last:
                    raise _unavailable(address, error) from error
        yield ray


def _unavailable(address: str | None, error: Exception) -> IncompleteError:
    what = "could not be started here" if address is None else f"does not answer at {address}"
    return IncompleteError(
        f"Ray {what}: {' '.join(str(error).split())[:200]}",
        hint="`ray start --head` starts a cluster, `ray status` shows it",
    )


@contextmanager
def _same_sigterm() -> Iterator[None]:
    """Ray takes over SIGTERM; whoever called us has said already what it is to do."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _check_room(nodes: Sequence[Any], need: Need) -> None:
    """Raises UsageError if no node could ever take a task: Ray would wait for one."""
    asked = {"CPU": need.cpus, "GPU": need.gpus, "memory": need.memory or 0}
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    if not any(all(node.get(name, 0) >= much for name, much in asked.items()) for node in alive):
        words = ", ".join(f"{name} {much:g}" for name, much in asked.items() if much)
        raise UsageError(
            f"no node of the cluster has what a task takes: {words}", hint="ask for less, or add a node (`ray start`)"
        )
