"""The error tree. Each error carries the exit code of the process it ends and a hint that says what to do next.

::

    SanitizerError                3
    ├── UsageError                2   the words of the command are wrong: unknown name, missing folder, wrong column
    ├── RefusedError              1   the checkpoint was read and must not be used; carries its findings
    ├── IncompleteError           3   nothing can be said: fail closed
    │   ├── HubError              3   network, gated, missing, rate-limited, offline
    │   ├── CorruptError          3   bytes are not what their digest, size or header promises
    │   ├── UnsupportedError      3   a family, an architecture or a layout that is not known: never guessed
    │   └── ResourceError         3   disk or memory does not suffice
    ├── GateError                 4   treated, but a gate failed: nothing is pushed
    └── PeerError                 3   another process of the run failed and has said why: its code, if it has one
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sanitizer.report import Finding


class SanitizerError(Exception):
    """The root: one clear line, plus a hint on what to do."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SanitizerError):
    """The user's words name something that is not there or not valid."""

    exit_code = 2


class RefusedError(SanitizerError):
    """The checkpoint was vetted and is refused; `findings` say why."""

    exit_code = 1

    def __init__(self, message: str, *, findings: tuple[Finding, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = findings


class IncompleteError(SanitizerError):
    """The work could not be completed, so nothing is claimed."""


class HubError(IncompleteError):
    """A Hub did not give, or did not take, what was asked. `transient`: it may well do so in a while."""

    def __init__(self, message: str, *, hint: str = "", transient: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient


class CorruptError(IncompleteError):
    """Bytes disagree with the digest, size or header that describes them."""


class UnsupportedError(IncompleteError):
    """A model family, architecture or layout this version does not know."""


class ResourceError(IncompleteError):
    """Not enough disk or memory."""


class GateError(SanitizerError):
    """The treatment ran, but a gate (accuracy budget, load-back check) failed."""

    exit_code = 4


class PeerError(SanitizerError):
    """Another process of the same run failed first: this one ends with its code, and says nothing."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = 3) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


def exit_code_of(error: BaseException) -> int:
    """The code of the process that an error ends: 130 for an interruption, 3 for what nobody expected."""
    if isinstance(error, SanitizerError):
        return error.exit_code
    return 130 if isinstance(error, KeyboardInterrupt) else SanitizerError.exit_code
