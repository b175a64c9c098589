"""What an owner wrote into a card stays when its own part is written anew. The Hub's library reads the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from helpers.records import RECIPE, SOURCE, make_report
from huggingface_hub import ModelCard

from sanitizer.card import render_card
from sanitizer.cardparts import BEGIN, END, around, kept

FIRST = render_card(make_report(), repo_name="me/model")
LATER = render_card(
    make_report(recipe=replace(RECIPE, strategy=replace(RECIPE.strategy, name="variance"))), repo_name="me/model"
)


def fields(card: str) -> dict[str, Any]:
    found: dict[str, Any] = ModelCard(card).data.to_dict()
    return found


def edited(card: str) -> str:
    """As its owner might: a word before and after, a field and a tag of their own."""
    return (
        card.replace(BEGIN, f"Made for our help desk.\n\n{BEGIN}")
        .replace(END, f"{END}\n\n## Contact\n\nroom 12")
        .replace("tags:\n", "widget:\n- text: héllo\ntags:\n- helpdesk\n")
    )


def test_what_is_around_the_own_part_stays_and_the_part_is_new() -> None:
    old = edited(FIRST)
    card = kept(LATER, old, fields(old))
    assert "Made for our help desk.\n\n" + BEGIN in card
    assert card.endswith(f"{END}\n\n## Contact\n\nroom 12\n")
    assert "`variance`" in card and "`gradient`" not in card
    found = ModelCard(card).data.to_dict()
    assert found["widget"] == [{"text": "héllo"}]
    assert found["tags"] == ["sanitizer", "backdoor-defense", "pruned", "sanitizer-variance", "helpdesk"]


def test_twice_is_once() -> None:
    card = kept(LATER, edited(FIRST), fields(edited(FIRST)))
    assert kept(LATER, card, fields(card)) == card
    assert kept(FIRST, FIRST, fields(FIRST)) == FIRST


def test_other_ends_of_lines_make_no_difference() -> None:
    old = edited(FIRST)
    assert kept(LATER, old.replace("\n", "\r\n"), fields(old)) == kept(LATER, old, fields(old))


@pytest.mark.parametrize(
    "old",
    [None, "", "# somebody's own card\n", f"{BEGIN}\nno end", f"{BEGIN}\n{END}\n{BEGIN}\n{END}", f"> {BEGIN}\n> {END}"],
)
def test_a_card_without_one_own_part_is_replaced(old: str | None) -> None:
    assert kept(FIRST, old, {"license": "mit", "widget": []}) == FIRST
    assert old is None or around(old) is None


def test_a_licence_that_the_owner_filled_in_stays_where_the_source_says_none() -> None:
    silent = render_card(make_report(source=replace(SOURCE, license=None)), repo_name="me/model")
    assert yaml.safe_load(kept(silent, edited(silent), {"license": "mit"}).split("---\n")[1])["license"] == "mit"
    card = kept(FIRST, edited(FIRST), {"license": "mit", "base_model": "evil/other", "model-index": []})
    found = yaml.safe_load(card.split("---\n")[1])
    assert (found["license"], found["base_model"]) == ("apache-2.0", "org/reviews")
    assert found["model-index"]
