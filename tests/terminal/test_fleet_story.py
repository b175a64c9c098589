"""A fleet on the terminal: a line a checkpoint, and nothing that a stranger's name could do to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helpers.records import make_checkpoint, make_fleet_report
from helpers.telling import EVIL, told

from sanitizer.terminal.fleet_story import MOST_TOLD, checkpoint_line, fleet_story


def test_a_checkpoint_is_one_line() -> None:
    done = make_checkpoint(answer="done", said="1 low finding", tries=3)
    assert checkpoint_line(done).plain == "org/reviews@v2: done: 1 low finding, 1.2 s, 3 tries"
    assert checkpoint_line(replace(done, said="", seconds=None, tries=1)).plain == "org/reviews@v2: done"


def test_counts_trouble_and_places() -> None:
    lines = told(*fleet_story(make_fleet_report(), Path("out"), page="fleet.html")).splitlines()
    assert [line.split(maxsplit=1) for line in lines[:4]] == [
        ["1", "done"],
        ["1", "inconclusive"],
        ["1", "refused"],
        ["1", "not reached"],
    ]
    assert lines[4].startswith("org/reviews@v2: refused: weights.pickle-unread")
    assert lines[5].startswith("models/b: inconclusive: it is cut short")
    assert lines[-2:] == ["  report      out/fleet.html", "  checkpoints out/checkpoints"]
    many = make_fleet_report(checkpoints=(make_checkpoint(),) * (MOST_TOLD + 2))
    assert "and 2 more" in told(*fleet_story(many, Path("out"), page="fleet.html"))


def test_names_do_nothing_to_a_terminal() -> None:
    record = make_checkpoint(name=EVIL, said=EVIL)
    text = told(*fleet_story(make_fleet_report(checkpoints=(record,)), Path("out"), page="x"))
    assert "\x1b" not in text and "\u202e" not in text
    assert "[bold]c" in text
    assert checkpoint_line(record).plain.count("\n") == 0
