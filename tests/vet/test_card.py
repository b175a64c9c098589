"""The card: a few fields of known form, whatever else is in it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from helpers.checkpoints import make, rules, vetted
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitizer.vet.card import read_card
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild

ORDINARY = """---
license: other
license_name: llama3
license_link: https://example.org/licence
language:
- en
- no
datasets: [glue, org/set.v2]
base_model: org/base-7b
tags: [text-classification, "dataset:glue"]
pipeline_tag: text-classification
widget: [{text: "hello"}]
model-index: [{name: x}]
---
# prose
"""


def front(text: str) -> bytes:
    return f"---\n{text}\n---\n".encode()


def test_an_ordinary_card() -> None:
    fields = {
        "license": "other",
        "license_name": "llama3",
        "license_link": "https://example.org/licence",
        "language": ("en", "no"),
        "datasets": ("glue", "org/set.v2"),
        "base_model": ("org/base-7b",),
        "tags": ("text-classification", "dataset:glue"),
        "pipeline_tag": "text-classification",
    }
    assert read_card(ORDINARY.encode()) == fields
    assert read_card(ORDINARY.replace("\n", "\r\n").encode()) == fields
    assert read_card(b"\xef\xbb\xbf" + ORDINARY.encode()) == fields


@pytest.mark.parametrize(
    "text",
    [
        'license: "mit\\n# evil"',
        "license: {a: b}",
        "license: [mit, apache-2.0]",
        "license: 2024-01-01",
        "base_model: [../../x, 'a b', 'a/b/c', [x], null, 1]",
        "tags: ['<script>', '{{ 7*7 }}', \"a\\u202eb\"]",
        "license_link: javascript:alert(1)",
        "license_link: https://x)](y",
        "language: true",
        "pipeline_tag: '{% include \"x\" %}'",
    ],
)
def test_values_of_another_form_are_ignored(text: str) -> None:
    assert read_card(front(text)) == {}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: !!python/object/apply:os.system [id]", "card.yaml-tricks"),
        ("a: !!binary aGk=", "card.yaml-tricks"),
        ("a: &x 1\nlicense: mit", "card.yaml-tricks"),
        ("license: *x", "card.yaml-tricks"),
        ("- license", "card.unreadable"),
        ("mit", "card.unreadable"),
        ("a: [", "card.unreadable"),
        ("a: 2024-99-99", "card.unreadable"),
        ("? [a]\n: b", "card.unreadable"),
        ("a: \x07", "card.unreadable"),
        ("a: " + "[" * 5000, "card.unreadable"),
        ("a: " + "9" * 60_000, "card.unreadable"),
        ("a: '" + "x" * 70_000 + "'", "card.unreadable"),
        ("a: b\n--- \nc: d\n", ""),
    ],
)
def test_hostile_metadata_is_ignored_with_a_finding(text: str, rule: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "README.md").write_bytes(front(text))
    record = vetted(folder)
    assert rules(record) == ({rule} if rule else set())
    assert refusal(record) is None
    assert read_card(front(text)) == {}


def test_a_bomb_of_aliases_and_merges_costs_nothing() -> None:
    lines = ["a0: &a0 {x: y}", *(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 60))]
    before = time.perf_counter()
    assert read_card(front("\n".join(lines))) == {}
    assert time.perf_counter() - before < 1


@pytest.mark.parametrize("data", [b"", b"# prose", b"---", b"---\n---\n", b"--- x\nlicense: mit\n---\n", b"\xff\xfe"])
def test_no_metadata(data: bytes) -> None:
    assert read_card(data) == {}


def test_the_card_is_never_copied(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "README.md").write_text(ORDINARY)
    record = vetted(folder)
    assert record.findings == ()
    assert "README.md" not in rebuild(open_local(folder), record, tmp_path / "out").files


def test_a_giant_card_is_not_parsed(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "README.md").write_bytes(b"x" * ((1 << 20) + 1))
    assert rules(vetted(folder)) == {"card.unreadable"}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@,? \n\t0<=~", max_size=60))
def test_nothing_is_ever_raised(text: str) -> None:
    assert set(read_card(front("license: mit\n" + text))) <= {"license"}
