"""The schema against jsonschema's own metaschema, and records against the schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from helpers.records import (
    DATA,
    SOURCE,
    make_apply,
    make_benchmark,
    make_cell,
    make_checkpoint,
    make_comparison,
    make_fleet_report,
    make_forensics,
    make_input,
    make_inputs,
    make_plant,
    make_preview,
    make_report,
    make_scan,
    make_verification,
    make_vet,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import sanitizer
from sanitizer import report, schema
from sanitizer.errors import CorruptError, UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.report import GuardRecord, PlanRecord, ProgressRecord, VetReports

SAMPLES = {
    "report": make_report(),
    "scan": make_scan(inputs=make_inputs()),
    "preview": make_preview(),
    "forensics": make_forensics(),
    "apply": make_apply(),
    "vet": make_vet(),
    "vets": VetReports((make_vet(), make_vet(source="org/other"))),
    "benchmark": make_benchmark(),
    "cell": make_cell(),
    "guard": GuardRecord("0.1.0", "org/reviews", "aa" * 32, "bb" * 32, 150, 0.01, "today.jsonl"),
    "input": make_input(),
    "progress": ProgressRecord(512, 9, 1, 2),
    "verification": make_verification(),
    "comparison": make_comparison(),
    "plant": make_plant(),
    "fleet": make_fleet_report(),
    "checkpoint": make_checkpoint(),
}
kinds = pytest.mark.parametrize("name", sorted(schema.RECORDS))


def document(name: str) -> Any:
    return json.loads(schema.to_json(SAMPLES[name]))


def objects(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every object of a document but the free-form parameters, with its path."""
    if isinstance(node, dict):
        if path[-1:] not in {("parameters",), ("observed",)}:
            yield path, node
            for key, value in node.items():
                yield from objects(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from objects(value, (*path, index))


def at(node: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        node = node[part]
    return node


def every_schema_for_objects(name: str) -> list[dict[str, Any]]:
    whole = schema.json_schema(name)
    return [part for part in (whole, *whole.get("$defs", {}).values()) if "properties" in part]


@kinds
def test_schema_is_valid_2020_12_and_says_so(name: str) -> None:
    derived = schema.json_schema(name)
    Draft202012Validator.check_schema(derived)
    assert derived["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert derived["$id"] == f"urn:sanitizer:schema:{name}:1"
    assert derived["title"] == type(SAMPLES[name]).__name__


@kinds
def test_every_object_is_closed_complete_and_described(name: str) -> None:
    for part in every_schema_for_objects(name):
        assert part["additionalProperties"] is False
        assert part["description"].strip()
        record = getattr(report, part["title"], None) or {"HeadScores": HeadScores, "ScoreOrigin": ScoreOrigin}.get(
            part["title"]
        )
        assert is_dataclass(record)
        assert part["required"] == [field.name for field in fields(record) if "later" not in field.metadata]


@kinds
def test_sample_validates_and_round_trips(name: str) -> None:
    text = schema.to_json(SAMPLES[name])
    schema.validate(json.loads(text), name)
    assert schema.from_json(text, name) == SAMPLES[name]
    assert schema.to_json(schema.from_json(text, name)) == text


def test_json_is_ascii_ends_with_newline_and_writes_heads_as_words() -> None:
    text = schema.to_json(make_report(warnings=("zażółć \u202e\x9b2J",)))
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text)["heads"][0]["head"] == "L0.H1"
    assert json.loads(text)["warnings"] == ["zażółć \u202e\x9b2J"]


@kinds
def test_a_removed_field_is_rejected_wherever_it_is(name: str) -> None:
    whole, later = document(name), set(added_later(name))
    tried = 0
    for path, found in list(objects(whole)):
        for key in found:
            if (*path, key) in later:
                continue
            broken = copy.deepcopy(whole)
            del at(broken, path)[key]
            with pytest.raises(CorruptError, match=f"'{key}' is a required property"):
                schema.validate(broken, name)
            tried += 1
    assert tried >= len([field for field in fields(SAMPLES[name]) if "later" not in field.metadata]) > 2


def added_later(name: str) -> Iterator[tuple[str | int, ...]]:
    """Where the sample has fields that were added later, by the records themselves."""

    def within(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if isinstance(node, tuple):
            for place, inner in enumerate(node):
                yield from within(inner, (*path, place))
        if is_dataclass(node):
            for field in fields(node):
                if "later" in field.metadata:
                    yield (*path, field.name)
                yield from within(getattr(node, field.name), (*path, field.name))

    return within(SAMPLES[name], ())


@kinds
def test_what_an_earlier_version_did_not_record_reads_as_not_recorded(name: str) -> None:
    """Every field that was added later, alone and together, may be absent; what is read then says what it knew."""
    whole, later = document(name), list(added_later(name))
    for path in later:
        older = copy.deepcopy(whole)
        del at(older, path[:-1])[path[-1]]
        schema.from_json(json.dumps(older), name)
    older = copy.deepcopy(whole)
    for path in sorted(later, key=len, reverse=True):
        del at(older, path[:-1])[path[-1]]
    found = schema.from_json(json.dumps(older), name)
    again = json.loads(schema.to_json(found))
    for path in later:
        with suppress(LookupError, TypeError):  # within what is absent itself
            value = at(again, path)
            assert value in (None, [], "unknown"), path
    schema.validate(again, name)


def test_an_earlier_run_is_read_and_says_what_it_did_not_look_for() -> None:
    older = document("report")
    for key in ("base", "decision", "memory", "scan_after"):
        del older[key]
    for key in ("flips", "cosines", "forensics"):
        del older["scan"][key]
    del older["plan"]["scores"]["only"]
    found = schema.from_json(json.dumps(older), "report")
    assert isinstance(found, report.RunReport)
    assert (found.memory, found.scan_after, found.scan.forensics, found.scan.flips) == (None, None, None, ())
    assert found.plan.scores.only is None
    assert found.before == make_report().before


def test_what_another_version_wrote_and_this_one_cannot_read_says_which_wrote_it() -> None:
    older = document("report")
    older["tool"]["sanitizer"] = "0.0.9"
    del older["scan"]["safety"]
    with pytest.raises(CorruptError, match="'safety' is a required property") as caught:
        schema.from_json(json.dumps(older), "report")
    assert f"written by sanitizer 0.0.9, this is {sanitizer.__version__}" in caught.value.hint
    del (same := document("report"))["scan"]["safety"]
    with pytest.raises(CorruptError) as caught:
        schema.from_json(json.dumps(same), "report")
    assert "written by" not in caught.value.hint


@kinds
def test_a_renamed_field_is_rejected_wherever_it_is(name: str) -> None:
    whole = document(name)
    for path, found in list(objects(whole)):
        broken = copy.deepcopy(whole)
        inner = at(broken, path)
        first = next(iter(found))
        inner[f"{first}_"] = inner.pop(first)
        with pytest.raises(CorruptError):
            schema.validate(broken, name)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("heads", 0, "head"), "L0.H"),
        (("heads", 0, "outcome"), "masked"),
        (("source", "task"), "translation"),
        (("plan", "scores", "grid", 1, 2), "0.4"),
        (("gates", 1, "passed"), 1),
        (("schema_version",), "2"),
        (("kind",), "scan"),
    ],
)
def test_first_violation_is_named_by_its_path(path: tuple[str | int, ...], value: object) -> None:
    broken = document("report")
    at(broken, path[:-1])[path[-1]] = value
    spelled = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    with pytest.raises(CorruptError) as caught:
        schema.validate(broken, "report")
    assert f"at {spelled}: " in caught.value.message
    assert "\n" not in caught.value.message
    with pytest.raises(CorruptError):
        schema.from_json(json.dumps(broken), "report")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_is_neither_written_nor_read(number: float) -> None:
    with pytest.raises(CorruptError):
        schema.to_json(make_report(timings=(report.Timing("scan", number),)))
    text = schema.to_json(make_report()).replace("20.25", json.dumps(number))
    assert json.dumps(number) in text
    with pytest.raises(CorruptError, match="not a number in JSON"):
        schema.from_json(text, "report")


def test_a_field_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(CorruptError):
        schema.to_json(make_report(started=b"yesterday"))


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "[]", "null", "9" * 5000, '{"kind": "run", "kind": "run"}'], ids=range(7)
)
def test_text_that_is_no_report_is_corrupt(text: str) -> None:
    with pytest.raises(CorruptError):
        schema.from_json(text, "report")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("plan", "scores", "spread"), [[0.1]]),
        (("heads", 0, "head"), "L٣.H1"),
        (("heads", 0, "head"), "L0.H1\n"),
    ],
)
def test_laws_of_records_hold_for_what_is_read(where: tuple[str | int, ...], value: object) -> None:
    broken = document("report")
    at(broken, where[:-1])[where[-1]] = value
    with pytest.raises(CorruptError):
        schema.from_json(json.dumps(broken), "report")


def test_unknown_schema_is_a_usage_error_with_a_guess() -> None:
    for call in (
        lambda: schema.json_schema("reprot"),
        lambda: schema.validate({}, "reprot"),
        lambda: schema.from_json("{}", "reprot"),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert "'report'" in caught.value.hint


def test_a_report_of_another_kind_is_refused() -> None:
    with pytest.raises(CorruptError):
        schema.from_json(schema.to_json(make_scan()), "report")


@kinds
def test_write_then_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    schema.write_report(SAMPLES[name], path)
    assert schema.from_json(path.read_text(encoding="ascii"), name) == SAMPLES[name]
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_invalid_record_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("before")
    invalid = make_report(source=replace(SOURCE, task="translation"))
    with pytest.raises(CorruptError):
        schema.write_report(invalid, path)
    with pytest.raises(CorruptError):
        schema.write_report(make_report(timings=(report.Timing("scan", float("nan")),)), path)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        schema.write_report(make_report(), tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(), max_size=20)  # lone surrogates too: what Python makes of file names that are not UTF-8
grids = st.lists(st.lists(finite, max_size=4).map(tuple), max_size=4).map(tuple)
words = st.text(max_size=20)
plain = st.dictionaries(words, st.none() | st.booleans() | st.integers() | finite | words, max_size=4)


@settings(max_examples=40)
@given(grids, plain, text, st.lists(st.builds(HeadId, st.integers(0, 999), st.integers(0, 999))).map(tuple))
def test_whatever_a_record_can_hold_comes_back(
    grid: tuple[tuple[float, ...], ...], parameters: dict[str, Any], name: str, heads: tuple[HeadId, ...]
) -> None:
    plan = PlanRecord(HeadScores(grid, ScoreOrigin(name, "1", parameters), grid), heads, name, 0.5, 0.4, 0.45, 0.05, ())
    record = make_report(plan=plan, data=replace(DATA, name=name, notes=(name, "")))
    assert schema.from_json(schema.to_json(record), "report") == record
