"""The tree drawn in the docstring is the tree of classes, and the one exit codes follow."""

from __future__ import annotations

import inspect
import re

import pytest

from sanitizer import errors
from sanitizer.errors import PeerError, RefusedError, SanitizerError, UsageError, exit_code_of
from sanitizer.report import Finding

# The table of the design: what a process says when it ends with this error.
EXIT_CODES = {
    "SanitizerError": 3,
    "UsageError": 2,
    "RefusedError": 1,
    "IncompleteError": 3,
    "HubError": 3,
    "CorruptError": 3,
    "UnsupportedError": 3,
    "ResourceError": 3,
    "GateError": 4,
    "PeerError": 3,
}
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SanitizerError)]
_LINE = re.compile(r"^(?P<branch>[│├└─ ]*)(?P<name>[A-Za-z]+Error) +(?P<code>\d+)")


def drawn(docstring: str) -> dict[str, tuple[str | None, int]]:
    """Name -> (parent, exit code), read off the drawing by its indentation."""
    found: dict[str, tuple[str | None, int]] = {}
    above: list[tuple[int, str]] = []
    for line in inspect.cleandoc(docstring).splitlines():
        match = _LINE.match(line.removeprefix("    "))
        if match is None:
            continue
        depth = len(match["branch"])
        above = [(other, name) for other, name in above if other < depth]
        found[match["name"]] = (above[-1][1] if above else None, int(match["code"]))
        above.append((depth, match["name"]))
    return found


def test_drawing_is_the_class_tree() -> None:
    assert errors.__doc__ is not None
    assert drawn(errors.__doc__) == {
        kind.__name__: (None if kind is SanitizerError else kind.__mro__[1].__name__, kind.exit_code)
        for kind in CLASSES
    }


def test_reading_the_drawing_sees_a_wrong_parent() -> None:
    assert errors.__doc__ is not None
    moved = errors.__doc__.replace("│   ├── HubError", "├── HubError")
    assert drawn(moved)["HubError"] == ("SanitizerError", 3)
    assert drawn(errors.__doc__)["HubError"] == ("IncompleteError", 3)


def test_every_error_ends_with_the_code_of_the_table() -> None:
    assert {kind.__name__: kind.exit_code for kind in CLASSES} == EXIT_CODES


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not RefusedError])
def test_an_error_is_one_line_and_a_hint(kind: type[SanitizerError]) -> None:
    error = kind("there is no folder x", hint="name one")
    assert (str(error), error.message, error.hint) == ("there is no folder x", "there is no folder x", "name one")
    assert kind("alone").hint == ""
    assert inspect.getdoc(kind)


def test_a_refusal_carries_its_findings() -> None:
    finding = Finding("pickle", "high", "model.bin", "a pickle")
    error = RefusedError("refused", findings=(finding,), hint="ask for safetensors")
    assert error.findings == (finding,)
    assert error.hint == "ask for safetensors"


def test_a_process_ends_with_the_code_of_the_one_that_failed() -> None:
    assert exit_code_of(PeerError("elsewhere", exit_code=4)) == 4
    assert [exit_code_of(error) for error in (KeyboardInterrupt(), ValueError(), UsageError("no"))] == [130, 3, 2]
