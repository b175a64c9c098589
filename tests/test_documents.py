from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers.records import BASE, make_report

from sanitizer.card import FIGURE
from sanitizer.cardparts import BEGIN, END
from sanitizer.documents import address, card_of, lock_of, write_documents, write_page
from sanitizer.errors import GateError, UsageError
from sanitizer.html.figure import render_figure
from sanitizer.html.page import render_page
from sanitizer.output import seal
from sanitizer.recipe import Recipe
from sanitizer.schema import from_json


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    write_documents(make_report(), Recipe("gradient"), tmp_path, repo_name=None, name="mine")
    return tmp_path


def checks_out(folder: Path) -> bool:
    """What sha256sum itself says."""
    sums = ["sha256sum", "--check", "--strict", "sanitizer/SHA256SUMS"]
    return subprocess.run(sums, cwd=folder, capture_output=True, check=False).returncode == 0


def test_everything_is_there_reads_back_and_is_summed(folder: Path) -> None:
    assert from_json((folder / "sanitizer" / "report.json").read_text(), "report") == make_report()
    assert Recipe.from_file(folder / "sanitizer" / "recipe.yaml") == Recipe("gradient")
    assert json.loads((folder / "sanitizer" / "lock.json").read_text()) == lock_of(make_report(), Recipe("gradient"))
    assert "./mine" in (folder / "README.md").read_text()
    assert checks_out(folder)


def test_the_lock_names_the_base_that_decided_the_outcome() -> None:
    assert "base" not in lock_of(make_report(), Recipe("gradient"))
    assert lock_of(make_report(base=BASE), Recipe("gradient"))["base"] == {
        "name": "org/base",
        "commit": "c" * 40,
        "sha256": "cd" * 32,
    }


def test_the_figure_that_the_card_shows_is_there_and_summed_and_comes_back(folder: Path) -> None:
    figure = folder / FIGURE
    assert f"]({FIGURE})" in (folder / "README.md").read_text()
    assert figure.read_text(encoding="utf-8") == render_figure(make_report())
    assert f"  {FIGURE}\n" in (folder / "sanitizer" / "SHA256SUMS").read_text()
    figure.unlink()
    seal(folder)  # a result of before there were figures
    address(make_report(), folder, "me/elsewhere")
    assert figure.read_text(encoding="utf-8") == render_figure(make_report())
    assert checks_out(folder)


def test_an_addressed_card_names_its_repository_and_is_summed_again(folder: Path) -> None:
    address(make_report(), folder, "me/elsewhere")
    assert "me/elsewhere" in (folder / "README.md").read_text()
    assert checks_out(folder)
    before = (folder / "sanitizer" / "SHA256SUMS").read_bytes()
    address(make_report(), folder, "me/elsewhere")
    assert (folder / "sanitizer" / "SHA256SUMS").read_bytes() == before


def test_what_an_owner_wrote_around_the_card_s_own_part_stays(folder: Path, tmp_path_factory: Any) -> None:
    there = f"Our own words.\n\n{BEGIN}\nof an earlier run\n{END}\n"
    address(make_report(), folder, "me/elsewhere", old=there)
    card = (folder / "README.md").read_text()
    assert "Our own words." in card and "of an earlier run" not in card and "me/elsewhere" in card
    assert checks_out(folder)
    address(make_report(), folder, "me/elsewhere", old=card)
    assert (folder / "README.md").read_text() == card
    again = tmp_path_factory.mktemp("again")
    (again / "config.json").write_text("{}")
    write_documents(make_report(), Recipe("gradient"), again, repo_name=None, name="mine", old=card_of(folder))
    assert "Our own words." in (again / "README.md").read_text()


def test_a_changed_file_is_not_summed_into_the_folder(folder: Path) -> None:
    (folder / "config.json").write_text('{"auto_map": {}}')
    with pytest.raises(GateError):
        address(make_report(), folder, "me/elsewhere")
    assert not checks_out(folder)
    assert "me/elsewhere" not in (folder / "README.md").read_text()


def test_the_page_is_there_and_rendering_it_again_changes_nothing(folder: Path) -> None:
    page = folder / "sanitizer" / "report.html"
    assert page.read_text(encoding="utf-8") == render_page(make_report())
    before = page.stat().st_mtime_ns
    assert write_page(folder) == page
    assert page.stat().st_mtime_ns == before


def test_a_result_of_before_there_were_pages_gets_one_and_is_summed_again(folder: Path) -> None:
    page = folder / "sanitizer" / "report.html"
    page.unlink()
    seal(folder)
    for place in (folder, folder / "sanitizer" / "report.json"):
        write_page(place)
        assert page.is_file()
        assert checks_out(folder)


def test_no_page_is_added_to_a_folder_that_was_changed(folder: Path) -> None:
    (folder / "sanitizer" / "report.html").write_text("<p>all is well</p>")
    (folder / "config.json").write_text('{"auto_map": {}}')
    sums = (folder / "sanitizer" / "SHA256SUMS").read_bytes()
    with pytest.raises(GateError, match="has changed"):
        write_page(folder)
    assert (folder / "sanitizer" / "SHA256SUMS").read_bytes() == sums


def test_a_page_never_takes_the_place_of_a_file_of_the_result(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(UsageError, match="among the files of the result"):
        write_page(folder, folder / "config.json")
    assert (folder / "config.json").read_text() == "{}"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "page.html"
    assert write_page(folder, elsewhere) == elsewhere
    assert elsewhere.read_text(encoding="utf-8") == render_page(make_report())
