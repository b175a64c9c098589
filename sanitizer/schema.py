"""Reports to JSON and back, under a JSON Schema derived from the records of `sanitizer.report`.

The JSON is ASCII: names inside a report come from strangers, and bytes that move a terminal's cursor stay escaped.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from sanitizer import __version__, plugins
from sanitizer.errors import CorruptError, SanitizerError
from sanitizer.files import replace_text
from sanitizer.later import owed
from sanitizer.report import (
    SCHEMA_VERSION,
    ApplyReport,
    BenchmarkReport,
    CellRecord,
    CheckpointRecord,
    CompareReport,
    FleetReport,
    ForensicsReport,
    GuardRecord,
    InputRecord,
    PlantReport,
    Preview,
    ProgressRecord,
    RunReport,
    ScanReport,
    VerifyReport,
    VetReport,
    VetReports,
)

Record = (
    RunReport
    | ScanReport
    | Preview
    | ForensicsReport
    | ApplyReport
    | VetReport
    | VetReports
    | BenchmarkReport
    | CellRecord
    | GuardRecord
    | InputRecord
    | ProgressRecord
    | VerifyReport
    | CompareReport
    | PlantReport
    | FleetReport
    | CheckpointRecord
)

RECORDS: dict[str, type[Record]] = {
    "report": RunReport,
    "scan": ScanReport,
    "preview": Preview,
    "forensics": ForensicsReport,
    "apply": ApplyReport,
    "vet": VetReport,
    "vets": VetReports,
    "benchmark": BenchmarkReport,
    "cell": CellRecord,
    "guard": GuardRecord,
    "input": InputRecord,
    "progress": ProgressRecord,
    "verification": VerifyReport,
    "comparison": CompareReport,
    "plant": PlantReport,
    "fleet": FleetReport,
    "checkpoint": CheckpointRecord,
}
"""What `sanitize schema NAME` knows."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LONGEST_COMPLAINT, _LONGEST_VERSION = 300, 20


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record: no other field allowed, and all required but those that were added later.

    Raises UsageError if unknown.
    """
    schema, required = TypeAdapter(_record(name)).json_schema(mode="serialization"), owed(_record(name))
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["required"] = list(required[part["title"]])
            part["additionalProperties"] = False
    return {"$schema": DIALECT, "$id": f"urn:sanitizer:schema:{name}:{SCHEMA_VERSION}", **schema}


def validate(document: object, name: str) -> None:
    """Raises CorruptError with the path of the first violation, UsageError for an unknown schema."""
    violations = _validator(name).iter_errors(cast(Any, document))
    first = min(violations, key=lambda error: [str(part) for part in error.absolute_path], default=None)
    if first is not None:
        # Of a value that may be absent this is what is wrong with it, and not that it could have been null.
        inner = best_match([first]) or first
        _refuse(name, f"at {inner.json_path}: {inner.message}", written_by=_writer(document))


def to_json(record: Record) -> str:
    """JSON of a record, fields in their order. Raises CorruptError for what JSON cannot say, such as NaN and infinity.

    `from_json(to_json(record), name) == record`, given that free-form parameters hold only what JSON has.
    """
    return _dumped(record, indent=2)


def to_line(record: Record) -> str:
    """The same on one line."""
    return _dumped(record, indent=None)


def _dumped(record: Record, *, indent: int | None) -> str:
    try:
        document = TypeAdapter(type(record)).dump_python(record, mode="json", warnings="error")
        return json.dumps(document, indent=indent, allow_nan=False) + "\n"
    except (ValueError, PydanticSerializationError) as error:
        _refuse(_name(record), str(error), cause=error)


def from_json(text: str, kind: str) -> Record:
    """Read a record back. Raises CorruptError for what its schema refuses, a number JSON has not, a key given twice."""
    record = _record(kind)
    try:
        document = json.loads(text, parse_constant=_no_number, object_pairs_hook=_no_twins)
        validate(document, kind)
        return TypeAdapter(record).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        _refuse(kind, f"at {place}: {first['msg']}", cause=error)
    except (ValueError, RecursionError) as error:
        _refuse(kind, str(error), cause=error)
    except CorruptError:
        raise
    except SanitizerError as error:  # a record's own law, such as a spread of another shape than its scores
        _refuse(kind, error.message, cause=error)


def read_kept(path: Path, kind: str) -> Record | None:
    """A record that was kept to go on from; None where there is none, or a broken one, or one of another version."""
    try:
        return from_json(path.read_text(encoding="ascii"), kind)
    except (OSError, UnicodeDecodeError, CorruptError):
        return None


def write_report(record: Record, path: Path) -> None:
    """Write in one move what reads back as valid: `path` holds that or what it held before. Raises CorruptError."""
    text = to_json(record)
    from_json(text, _name(record))
    replace_text(path, text)


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(name))


def _record(name: str) -> type[Record]:
    if name not in RECORDS:
        raise plugins.unknown("schema", name, RECORDS)
    return RECORDS[name]


def _name(record: Record) -> str:
    return next(name for name, kind in RECORDS.items() if kind is type(record))


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number in JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice in one object")
    return found


def _writer(document: object) -> str | None:
    """The version that a report says it is from, if that is not this one."""
    match document:
        case {"tool": {"sanitizer": str(version)}} if version != __version__:
            return version[:_LONGEST_VERSION]
    return None


def _refuse(name: str, complaint: str, *, cause: Exception | None = None, written_by: str | None = None) -> NoReturn:
    short = " ".join(complaint.split())
    short = short if len(short) <= _LONGEST_COMPLAINT else f"{short[:_LONGEST_COMPLAINT]}…"
    raise CorruptError(
        f"this is not a valid {name} record: {short}",
        hint=f"`sanitize schema {name}` prints what it must look like"
        + (f"; it was written by sanitizer {written_by}, this is {__version__}" if written_by else ""),
    ) from cause
