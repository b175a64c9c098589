from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make

from sanitizer.errors import UsageError
from sanitizer.fleet import order
from sanitizer.fleet.order import Order, key_of, read_order
from sanitizer.options import DataOptions, Gatekeeping, RunOptions, ScanOptions, VetOptions
from sanitizer.recipe import Recipe

SECRET = "hf_secretsecret"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.tsv").write_text("text\na\n")
    (tmp_path / "policy.yaml").write_text("fail_on: high\n")
    make(tmp_path / "base")
    return tmp_path


def ran(**changes: Any) -> Order:
    return Order.of("run", RunOptions(**{"model": "", "data": DataOptions("data.tsv"), **changes}))


def test_it_survives_the_way_to_a_worker_without_its_token() -> None:
    gate = Gatekeeping("high", True, Path("policy.yaml"))
    for one in (
        Order.of("vet", VetOptions("", gate=gate, base="./base", token=SECRET)),
        Order.of("scan", ScanOptions("", DataOptions("data.tsv", "text"), seed=3, gate=gate, token=SECRET)),
        ran(settings={"of": "key"}, token=SECRET, max_heads=3),
        ran(recipe=Recipe("gradient", {"of": "key"}), token=SECRET),
        ran(recipe="pure", token=SECRET),
    ):
        text = json.dumps(one.document())
        assert SECRET not in text + repr(one)
        assert read_order(json.loads(text), SECRET) == one


def test_paths_are_whole_wherever_they_are_read(here: Path) -> None:
    one = ran(gate=Gatekeeping(policy=Path("policy.yaml")), base="base")
    assert isinstance(one.options, RunOptions)
    assert (one.options.data.data, one.options.base) == (str(here / "data.tsv"), str(here / "base"))
    assert one.options.gate.policy == here / "policy.yaml"
    assert ran(data=DataOptions("org/data")).options.data == DataOptions("org/data")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Order.of("vet", VetOptions("", gate=Gatekeeping(policy=Path("none.yaml")))),
        lambda: Order.of("vet", VetOptions("", base="./none")),
        lambda: Order.of("scan", VetOptions("")),
        lambda: Order.of("scan", RunOptions("")),
        lambda: ran(recipe="purr"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(wrong: Any) -> None:
    with pytest.raises(UsageError):
        wrong()


def test_a_digest_covers_what_decides_and_nothing_else(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran().digest()
    for same in ({"token": SECRET}, {"model": "org/a"}, {"output": Path("x")}, {"resume": False}, {"force": True}):
        assert ran(**same).digest() == first, same
    other = [
        {"seed": 1},
        {"max_heads": 3},
        {"settings": {"of": "key"}},
        {"recipe": "pure"},
        {"recipe": "ft"},
        {"gate": Gatekeeping("low")},
        {"data": DataOptions("org/data")},
        {"base": "base"},
    ]
    digests = {ran(**change).digest() for change in other}
    assert len(digests | {first}) == len(other) + 1
    assert ran(data=DataOptions(str(here / "data.tsv"))).digest() == first
    (here / "data.tsv").write_text("text\nb\n")
    assert ran().digest() != first, "the same name, other texts"
    monkeypatch.setattr(order, "__version__", "99")
    assert ran(recipe="ft").digest() not in digests


def test_the_base_of_each_card_is_no_folder(here: Path) -> None:
    order = Order.of("vet", VetOptions("", base="card"))
    assert order.options.base == "card"
    assert order.digest() != Order.of("vet", VetOptions("")).digest()


def test_a_base_that_changes_is_another_question(here: Path) -> None:
    first = Order.of("vet", VetOptions("", base="base")).digest()
    (here / "base" / "tokenizer.json").write_text("{}")
    assert Order.of("vet", VetOptions("", base="base")).digest() != first


def test_a_waiver_that_ends_is_another_question(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    (here / "policy.yaml").write_text(
        "waivers:\n- {rule: files.unneeded, sha256: " + "0a" * 32 + ", reason: mine, expires: 2030-01-02}\n"
    )
    one = Order.of("vet", VetOptions("", gate=Gatekeeping(policy=Path("policy.yaml"))))
    digests = []
    for day in (1, 2, 3, 4):
        monkeypatch.setattr(order, "today", lambda day=day: datetime.date(2030, 1, day))
        digests.append(one.digest())
    assert digests[0] == digests[1] != digests[2] == digests[3]


def test_a_key_is_of_question_and_model() -> None:
    assert len({key_of("a", "b"), key_of("b", "a"), key_of("a", "c"), key_of("a", None)}) == 4
    assert key_of("a", None) == ""
    assert replace(ran(), token=SECRET).digest() == ran().digest()
