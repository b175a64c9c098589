"""A result of a Hub, made from a commit of that Hub: verified, run again, and forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from helpers.hub import TOKEN, LoopbackHub

from sanitizer.schema import from_json

Sanitize = Callable[..., Result]
QUICK = ("--device", "cpu", "--max-accuracy-drop", "0.9", "--max-heads", "4", "--output", "out")


@pytest.fixture
def pushed(sanitize: Sanitize, clean: Path, hub: LoopbackHub, suspect: Path) -> dict[str, bytes]:
    """Files of `tester/reviews`, made from a commit of `org/reviews`."""
    hub.repo("org/reviews", {path.name: path.read_bytes() for path in suspect.iterdir()})
    done = sanitize("org/reviews", "--data", clean, *QUICK, "--push-to", "tester/reviews", "--public", "--token", TOKEN)
    assert done.exit_code == 0, done.stderr
    repo = hub.repos["model", "tester/reviews"]
    return dict(repo.commits[repo.refs["main"]].files)


def test_what_was_pushed_holds_and_its_source_is_found_by_its_commit(
    sanitize: Sanitize, clean: Path, hub: LoopbackHub, pushed: dict[str, bytes]
) -> None:
    assert ".gitattributes" in pushed, "a Hub puts it there by itself"
    done = sanitize("verify", "tester/reviews", "--data", clean, "--rederive", "--device", "cpu", "--json")
    assert done.exit_code == 0, done.stdout + done.stderr
    report = from_json(done.stdout, "verification")
    held = {claim.about: claim.found for claim in report.claims}
    assert report.commit == hub.repos["model", "tester/reviews"].refs["main"]
    assert held["rerun"].endswith("bit by bit")
    assert "org/reviews is it" in held["source"]


def test_a_forged_copy_is_found_without_fetching_what_is_not_listed(
    sanitize: Sanitize, hub: LoopbackHub, pushed: dict[str, bytes]
) -> None:
    config = json.loads(pushed["config.json"]) | {"layer_norm_eps": 1e-5}
    hub.repo("tester/forged", {**pushed, "config.json": json.dumps(config).encode(), "notes/big.txt": b"x" * 4096})
    done = sanitize("verify", "tester/forged")
    assert done.exit_code == 1
    assert "config.json has changed" in done.stdout
    assert "notes/big.txt is not listed" in done.stdout
    assert hub.count("GET", "/tester/forged/resolve/.*big.txt") == 0


def test_a_copy_in_another_place_says_where_its_card_belongs(
    sanitize: Sanitize, hub: LoopbackHub, pushed: dict[str, bytes]
) -> None:
    hub.repo("tester/copy", pushed)
    done = sanitize("verify", "tester/copy")
    assert done.exit_code == 0, done.stdout
    assert "names tester/reviews as its place" in done.stdout


def test_a_repository_that_is_not_there_is_3(sanitize: Sanitize, hub: LoopbackHub) -> None:
    done = sanitize("verify", "org/nowhere")
    assert (done.exit_code, done.stdout) == (3, "")
