from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from helpers.together import together

from sanitizer.errors import PeerError, UsageError
from sanitizer.model.team import Team, alone, assembled, first, gathered, team


def told() -> tuple[Team, Team, int, float, list[int]]:
    generator = torch.Generator().manual_seed(team().rank)
    with alone():
        by_itself = team()
    process = first(os.getpid)
    first(lambda: torch.rand((), generator=generator), generator=generator)
    return team(), by_itself, process, float(torch.rand((), generator=generator)), gathered(os.getpid())


def test_what_the_first_decides_all_know(tmp_path: Path) -> None:
    one, two = together(told, folder=tmp_path)
    assert (one[0], two[0]) == (Team(0, 2), Team(1, 2))
    assert one[1] == two[1] == Team(0, 1)
    assert one[2] == two[2] == one[4][0]
    assert one[3] == two[3], "their generators go on from where that of the first was left"
    assert one[4] == two[4] != [one[2], one[2]]


def test_one_process_is_a_team_of_one() -> None:
    def never() -> torch.device:
        raise AssertionError("nothing is asked of one process")

    with assembled(never) as made:
        assert made == team() == Team(0, 1)
        assert first(os.getpid) == os.getpid()
        assert gathered(1) == [1]


def frozen() -> dict[str, int]:
    return dict(first(lambda: MappingProxyType({"a": 1})))


def test_read_only_mappings_can_be_told(tmp_path: Path) -> None:
    assert together(frozen, folder=tmp_path) == [{"a": 1}, {"a": 1}]


def by_the_first() -> str:
    def refuse() -> None:
        raise UsageError("no")

    try:
        first(refuse)
    except PeerError as error:
        return f"PeerError {error.exit_code}"
    except UsageError:
        return "UsageError"
    return "went on"


def test_what_the_first_raises_ends_the_others(tmp_path: Path) -> None:
    assert together(by_the_first, folder=tmp_path) == ["UsageError", "PeerError 2"]


@pytest.mark.parametrize("size", [2, 3])
def test_a_team_may_be_larger(tmp_path: Path, size: int) -> None:
    assert together(team, folder=tmp_path, size=size) == [Team(rank, size) for rank in range(size)]
