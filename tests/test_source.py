"""What a user may write for MODEL, and what is refused before anything is asked of a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.source import HubRef, LocalRef, parse_model


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "revision", "ref"),
    [
        ("org/name", None, HubRef("org/name")),
        ("org/name", "v1.0", HubRef("org/name", "v1.0")),
        ("org/name@refs/pr/3", None, HubRef("org/name", "refs/pr/3")),
        ("hf://org/name", None, HubRef("org/name")),
        ("hf://models/org/name@main", None, HubRef("org/name", "main")),
        ("hf://org/name@main", "main", HubRef("org/name", "main")),
        ("hf://gpt2", None, HubRef("gpt2")),
        ("my-org/Model_1.5-b", "a" * 40, HubRef("my-org/Model_1.5-b", "a" * 40)),
    ],
)
def test_hub_names(text: str, revision: str | None, ref: HubRef) -> None:
    assert parse_model(text, revision) == ref


def test_local_folders(here: Path) -> None:
    for folder in ("dir", "org/name", "home/m"):
        (here / folder).mkdir(parents=True)
    assert parse_model("./dir") == LocalRef(Path("dir"))
    assert parse_model("dir") == LocalRef(Path("dir"))
    assert parse_model(str(here / "dir")) == LocalRef(here / "dir")
    assert parse_model("~/m") == LocalRef(here / "home/m")


def test_an_existing_folder_wins_and_the_scheme_reaches_past_it(here: Path) -> None:
    assert parse_model("org/name") == HubRef("org/name")
    (here / "org/name").mkdir(parents=True)
    assert parse_model("org/name") == LocalRef(Path("org/name"))
    assert parse_model("hf://org/name") == HubRef("org/name")


@pytest.mark.parametrize(
    ("text", "revision", "says"),
    [
        ("./missing", None, "no folder ./missing"),
        ("~/missing", None, "no folder"),
        ("missing", None, "no folder missing"),
        ("/missing/model", None, "no folder"),
        ("a-file", None, "is a file"),
        ("./a-file", None, "is a file"),
        ("./dir", "main", "has no revision"),
        ("org/name@a", "b", "two revisions"),
        ("hf://org/name@", None, "not a revision"),
        ("org/name", "-x", "not a revision"),
        ("org/name", "../../etc", "not a revision"),
        ("org/name", "a b", "not a revision"),
        ("org/name", "a\nb", "not a revision"),
        ("", None, "not a model"),
        ("  ", None, "not a model"),
        ("org/na\x1b[31mme", None, "not a model"),
        ("org/name/more", None, "not the name"),
        ("org/", None, "not the name"),
        ("org//name", None, "not the name"),
        ("org/../name", None, "not the name"),
        ("org/na me", None, "not the name"),
        ("org/name.git", None, "not the name"),
        ("hf://", None, "not the name"),
        ("https://huggingface.co/org/name", None, "is a URL"),
    ],
)
def test_refusals_say_what_to_write(here: Path, text: str, revision: str | None, says: str) -> None:
    (here / "a-file").write_text("x")
    (here / "dir").mkdir()
    with pytest.raises(UsageError, match=says) as caught:
        parse_model(text, revision)
    assert caught.value.exit_code == 2
    assert caught.value.hint


@given(st.text(alphabet="aZ0_-./ @é", max_size=12))
def test_every_name_taken_is_one_the_client_takes(name: str) -> None:
    try:
        ref = HubRef(name)
    except UsageError:
        return
    validate_repo_id(ref.repo)


def test_the_property_above_can_fail() -> None:
    with pytest.raises(HFValidationError):
        validate_repo_id("a--b/c")
