"""All five places where a chat template can live, and leaving them out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, rules, vetted, write_json

from sanitizer.report import VetRecord
from sanitizer.vet import template
from sanitizer.vet.families import families
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild

GOOD, BAD = "{{ messages[0]['content'] }}", "{{ ''.__class__ }}"


def put(folder: Path, place: str, text: str) -> None:
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    if place.endswith(".jinja"):
        path.write_text(text)
    else:
        write_json(path, {"chat_template": text})


PLACES = {
    "chat_template.jinja": "kept",
    "additional_chat_templates/tool_use.jinja": "kept",
    "chat_template.json": "rebuilt",
    "tokenizer_config.json": "rebuilt",
    "processor_config.json": "dropped",
}
places = pytest.mark.parametrize("place", sorted(PLACES))


def fate(record: VetRecord, place: str) -> str:
    return next(file.fate for file in record.files if file.name == place)


@places
def test_a_good_template_is_carried_with_its_digest(place: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    put(folder, place, GOOD)
    record = vetted(folder)
    assert record.findings == ()
    assert fate(record, place) == PLACES[place]
    (found,) = record.templates
    assert (found.file, found.sha256) == (place, hashlib.sha256(GOOD.encode()).hexdigest())
    assert found.carried == (PLACES[place] != "dropped")
    rebuilt = rebuild(open_local(folder), record, tmp_path / "out")
    assert (place in rebuilt.files) == found.carried
    if found.carried:
        assert GOOD in rebuilt.read(place).decode()
        assert rebuild(rebuilt, vet(rebuilt), tmp_path / "twice").digest == rebuilt.digest


@places
def test_a_bad_template_refuses_and_can_be_left_out(place: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    put(folder, place, BAD)
    record = vetted(folder)
    assert rules(record) == {"template.escape"}
    assert refusal(record, "high") is not None
    assert (refusal(record) is None) == (place == "processor_config.json"), "no model needs that file"
    without = families(drop_chat_template=True)
    record = vet(open_local(folder), families=without)
    assert record.findings == ()
    assert all(not found.carried for found in record.templates)
    rebuilt = rebuild(open_local(folder), record, tmp_path / "out", families=without)
    assert not any(b"__class__" in rebuilt.read(name) for name in rebuilt.files)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "chat_template.json"])
def test_named_templates_are_each_judged(name: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    named = [{"name": "default", "template": GOOD}, {"name": "rag", "template": BAD}]
    write_json(folder / name, {"chat_template": named})
    assert rules(vetted(folder)) == {"template.escape"}
    named[1]["template"] = GOOD
    write_json(folder / name, {"chat_template": named})
    record = vetted(folder)
    assert [found.name for found in record.templates] == ["default", "rag"]
    rebuilt = rebuild(open_local(folder), record, tmp_path / "out")
    assert json.loads(rebuilt.read(name)) == {"chat_template": named}


@pytest.mark.parametrize("value", [1, ["x"], [{"name": "a", "template": GOOD, "code": "x"}], {"a": 1}, [{"name": "a"}]])
def test_what_is_no_template_is_refused(value: Any, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer_config.json", {"chat_template": value})
    assert rules(vetted(folder)) == {"json.shape"}


def test_a_giant_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "LONGEST", 10)
    folder = make(tmp_path / "m")
    put(folder, "chat_template.jinja", GOOD)
    assert rules(vetted(folder)) == {"template.bounds"}
