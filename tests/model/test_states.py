from __future__ import annotations

import os
import shutil
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sanitizer.model import states as module
from sanitizer.model.states import States, digest_of

TENSORS, FACTS = {"weight": torch.arange(4.0)}, {"epoch": 1, "rates": [0.1, 2e-5]}
START: tuple[dict[str, Tensor], Any] = ({"weight": torch.zeros(4)}, {"seed": 0})


def place_in(states: States) -> Path:
    place = states.place(lambda: START)
    assert place is not None
    return place


def left_by_another(folder: Path) -> Path:
    """The state of a run that did not come to its end."""
    states = States(folder)
    states.write(place_in(states), TENSORS, FACTS)
    assert states.remarks == []
    return place_in(states)


def test_what_one_run_wrote_the_next_one_reads_and_then_deletes(tmp_path: Path) -> None:
    left_by_another(tmp_path / "cache")
    states = States(tmp_path / "cache")
    found = states.read(place_in(states))
    assert found is not None
    assert (found[0].keys(), found[1]) == (TENSORS.keys(), FACTS)
    assert torch.equal(found[0]["weight"], TENSORS["weight"])
    states.forget()
    assert list((tmp_path / "cache").iterdir()) == []
    assert states.read(place_in(states)) is None
    assert states.remarks == []


def test_nobody_else_may_look_into_the_folder(tmp_path: Path) -> None:
    place = left_by_another(tmp_path / "cache")
    assert [path.stat().st_mode & 0o077 for path in (place, place.parent)] == [0, 0]


def test_a_run_deletes_only_what_is_its_own(tmp_path: Path) -> None:
    place = left_by_another(tmp_path)
    other = States(tmp_path)
    other.write(other.place(lambda: ({}, "another start")), TENSORS, FACTS)
    other.forget()
    assert list(tmp_path.iterdir()) == [place]


def test_without_a_folder_nothing_is_read_written_or_even_computed() -> None:
    def start() -> tuple[dict[str, Tensor], Any]:
        raise AssertionError("must not be asked")

    states = States()
    place = states.place(start)
    states.write(place, TENSORS, FACTS)
    assert states.read(place) is None
    states.forget()


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"\0" + data[1:], lambda data: b""])
def test_a_damaged_state_is_said_and_not_used(tmp_path: Path, damage: Any) -> None:
    place = left_by_another(tmp_path)
    place.write_bytes(damage(place.read_bytes()))
    states = States(tmp_path)
    assert states.read(place_in(states)) is None
    (remark,) = states.remarks
    assert "damaged" in remark


def test_the_state_of_something_else_under_this_name_is_not_used(tmp_path: Path) -> None:
    states = States(tmp_path)
    other = states.place(lambda: ({}, "another start"))
    assert other is not None
    left_by_another(tmp_path).rename(other)
    assert states.read(other) is None
    assert "damaged" in states.remarks[0]


def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    states = States(tmp_path / "file" / "cache")
    for _ in range(2):
        states.write(place_in(states), TENSORS, FACTS)
    (remark,) = states.remarks
    assert "could not have been continued" in remark


def test_a_nearly_full_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    size = TENSORS["weight"].nbytes
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 0, 2 * size - 1))
    states = States(tmp_path)
    states.write(place_in(states), TENSORS, FACTS)
    assert list(tmp_path.iterdir()) == []
    assert "must be free" in states.remarks[0]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 0, 2 * size))
    left_by_another(tmp_path)


def test_what_interrupts_the_writing_leaves_the_earlier_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = left_by_another(tmp_path)
    before = place.read_bytes()

    def broken(stream: Any, *_: object) -> None:
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_tensors", broken)
    states = States(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        states.write(place_in(states), {"weight": torch.ones(4)}, FACTS)
    assert [path.name for path in tmp_path.iterdir()] == [place.name]
    assert place.read_bytes() == before


def test_what_nobody_came_back_for_goes_after_a_month(tmp_path: Path) -> None:
    names = ("tuning-old.safetensors", "tuning-old.part", "tuning-young.safetensors", "other.safetensors")
    for name in names:
        (tmp_path / name).touch()
        age = 29 if "young" in name else 31
        os.utime(tmp_path / name, (time.time() - age * 24 * 3600,) * 2)
    place = left_by_another(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*names[2:], place.name}


@pytest.mark.parametrize(
    ("tensors", "facts"),
    [
        ({"a": torch.zeros(4)}, 1),
        ({"b": torch.zeros(4)}, 0),
        ({"a": torch.zeros(2, 2)}, 0),
        ({"a": torch.zeros(8, dtype=torch.bfloat16)}, 0),
        ({"a": torch.tensor([0, 0, 0, 1e-9])}, 0),
        ({"a": torch.zeros(2), "b": torch.zeros(2)}, 0),
    ],
)
def test_the_digest_sees_every_difference(tensors: dict[str, Tensor], facts: Any) -> None:
    assert digest_of({"a": torch.zeros(4)}, 0) == digest_of({"a": torch.zeros(4)}, 0)
    assert digest_of(tensors, facts) != digest_of({"a": torch.zeros(4)}, 0)
