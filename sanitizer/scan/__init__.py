"""What can be seen in the attention heads of a model.

`sanitizer.scan` names this folder and a verb of the package, whichever is imported first: so the folder can be called.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Verb(ModuleType):
    def __call__(self, *words: Any, **named: Any) -> Any:
        """`sanitizer.pipeline.scan`."""
        return import_module("sanitizer.pipeline").scan(*words, **named)


sys.modules[__name__].__class__ = _Verb
