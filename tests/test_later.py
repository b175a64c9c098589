from __future__ import annotations

from dataclasses import dataclass

from sanitizer.later import later, owed


@dataclass(frozen=True)
class Inner:
    first: int
    second: str = later("unknown")


@dataclass(frozen=True)
class Outer:
    parts: tuple[Inner, ...]
    maybe: Inner | None = None
    since: Inner | None = later(None)


def test_a_record_and_those_in_it_owe_all_but_what_was_added_later() -> None:
    assert owed(Outer) == {"Outer": ("parts", "maybe"), "Inner": ("first",)}


def test_what_was_added_later_has_its_default() -> None:
    assert Outer(()) == Outer((), None, None)
    assert Inner(1).second == "unknown"
