"""`python -m sanitizer.engines.tether PARENT MODULE WORDS…`: a module that ends when its parent does, however it ends.

A worker of a cluster may be killed together with its machine's other work; what it started must not go on beside the
task's second try. Only Linux can promise it; elsewhere the module just runs.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def main() -> None:
    """Tie this process to its parent, and become the module."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was gone before the tie held
            os.kill(os.getpid(), signal.SIGKILL)
    sys.argv[:] = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
