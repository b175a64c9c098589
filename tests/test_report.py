"""The records themselves: frozen to the bottom, complete in their documentation, and honest about gates."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from typing import Any

import pytest
from helpers.records import make_preview, make_report, make_scan

from sanitizer import report
from sanitizer.report import SEVERITIES, Gate, Severity

RECORDS = [kind for _, kind in inspect.getmembers(report, inspect.isclass) if is_dataclass(kind)]
FILES = [importlib.import_module(f"{report.__name__}.{found.name}") for found in pkgutil.iter_modules(report.__path__)]
MUTABLE = {list, set, bytearray}


def parts(hint: Any) -> set[Any]:
    """Every class a type hint mentions."""
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal:
        return set()
    found = set().union(*(parts(part) for part in inner)) if inner else {hint}
    origin = typing.get_origin(hint)
    return found | ({origin} if origin not in {None, types.UnionType, typing.Union} else set())


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_records_are_frozen_and_hold_no_list(kind: type[Any]) -> None:
    assert kind.__dataclass_params__.frozen
    hints = typing.get_type_hints(kind)
    assert not {part for hint in hints.values() for part in parts(hint)} & MUTABLE
    # A dict stands for parameters and observations alone: what a plugin may name as it likes.
    assert {name for name, hint in hints.items() if dict in parts(hint)} <= {"parameters", "observed"}


def test_the_package_names_every_record_of_its_files() -> None:
    written = {
        name for file in FILES for name, kind in vars(file).items() if getattr(kind, "__module__", "") == file.__name__
    }
    assert written
    assert written <= set(report.__all__)


def test_the_search_for_lists_finds_one() -> None:
    assert parts(tuple[list[str] | None, ...]) & MUTABLE == {list}
    assert parts(tuple[tuple[str, ...], ...]) & MUTABLE == set()


@pytest.mark.parametrize("record", [make_report(), make_scan(), make_preview()], ids=lambda record: record.kind)
def test_a_record_cannot_be_changed(record: Any) -> None:
    for field in fields(record):
        with pytest.raises(FrozenInstanceError):
            setattr(record, field.name, None)


@pytest.mark.parametrize(
    ("gates", "passed"),
    [
        ((), False),
        ((Gate("accuracy", True, ""),), True),
        ((Gate("accuracy", True, ""), Gate("load-back", False, "")), False),
        ((Gate("accuracy", False, ""), Gate("load-back", True, "")), False),
    ],
    ids=["none", "one", "last fails", "first fails"],
)
def test_passed_means_every_gate_and_at_least_one(gates: tuple[Gate, ...], passed: bool) -> None:
    assert make_report(gates=gates).passed is passed


def test_severities_are_in_order_and_complete() -> None:
    assert set(SEVERITIES) == set(typing.get_args(Severity))
    assert SEVERITIES == ("low", "medium", "high")


def test_kinds_tell_the_three_documents_apart() -> None:
    assert [record.kind for record in (make_report(), make_scan(), make_preview())] == ["run", "scan", "preview"]
    assert {record.schema_version for record in (make_report(), make_scan(), make_preview())} == {report.SCHEMA_VERSION}


def test_equal_reports_are_equal_and_a_change_shows() -> None:
    assert make_report() == make_report()
    assert replace(make_report(), parameters_after=1) != make_report()
