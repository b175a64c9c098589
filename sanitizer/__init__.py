"""Take a transformer checkpoint nobody trusts and give back one that can be used.

`run` and `scan` mirror the command line; they import the heavy libraries only when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "run", "scan"]

if TYPE_CHECKING:
    from sanitizer.pipeline import run, scan


def __getattr__(name: str) -> Any:
    if name in {"run", "scan"}:
        from sanitizer import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'sanitizer' has no attribute {name!r}")
