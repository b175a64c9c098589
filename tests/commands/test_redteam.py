"""`sanitize redteam`: the list of attacks, and how a plant is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers.records import make_plant, make_preview

from sanitizer.options import DataOptions
from sanitizer.redteam import plant as spine
from sanitizer.redteam import registry
from sanitizer.redteam.plant import PlantResult
from sanitizer.report import Metric
from sanitizer.schema import validate

WORDS = ("redteam", "plant", "./m", "--attack", "badnets", "--data", "a.tsv", "--output", "out")


def faked(monkeypatch: Any, report: Any) -> list[Any]:
    asked: list[Any] = []

    def plant(options: Any, *, progress: Any) -> PlantResult:
        asked.append(options)
        return PlantResult(report, Path("out"), ("continued",))

    def preview(options: Any, *, progress: Any) -> Any:
        asked.append(options)
        return make_preview()

    monkeypatch.setattr(spine, "plant", plant)
    monkeypatch.setattr(spine, "preview", preview)
    return asked


def test_every_attack_is_listed_with_its_paper(sanitize: Any) -> None:
    listed = json.loads(sanitize("redteam", "attacks", "--json").stdout)
    assert tuple(entry["name"] for entry in listed) == registry.names()
    told = sanitize("redteam", "attacks").stdout
    assert all(entry["summary"] in told and entry["source"] in told for entry in listed)


def test_one_is_shown_with_its_parameters(sanitize: Any) -> None:
    told = sanitize("redteam", "attacks", "clean-label").stdout
    assert "--set words=…  str, default 'bb,cf,ak,mn'" in told
    wrong = sanitize("redteam", "attacks", "clean-lable")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "did you mean 'clean-label'?" in wrong.stderr


def test_the_words_arrive(sanitize: Any, monkeypatch: Any) -> None:
    asked = faked(monkeypatch, make_plant())
    more = ("--set", "rate=0.1", "--seed", "3", "--test", "t.tsv", "--label-column", "y", "--force", "--no-resume")
    assert sanitize(*WORDS, *more).exit_code == 0
    (options,) = asked
    assert (options.model, options.attack, options.output, options.test) == ("./m", "badnets", Path("out"), "t.tsv")
    assert options.data == DataOptions("a.tsv", None, "y")
    assert (options.settings, options.seed, options.force, options.resume) == ({"rate": "0.1"}, 3, True, False)


def test_it_tells_before_and_after_and_that_it_is_backdoored(sanitize: Any, monkeypatch: Any) -> None:
    faked(monkeypatch, make_plant())
    told = sanitize(*WORDS).stdout
    (line,) = (line for line in told.splitlines() if line.startswith("attack success"))
    assert line.split() == "attack success 10.5 % (8.5–12.5) 98.5 % (97.0–99.5) +88.0 points".split()
    assert "This model is backdoored" in told
    assert "hardly took" not in told
    assert "continued" in told


def test_an_attack_that_did_not_take_is_said(sanitize: Any, monkeypatch: Any) -> None:
    report = make_plant()
    faked(monkeypatch, make_plant(after=(report.after[0], Metric("attack success", 0.15, 0.1, 0.2, 400))))
    assert "the attack hardly took" in sanitize(*WORDS).stdout


def test_json_is_the_record_and_nothing_else(sanitize: Any, monkeypatch: Any) -> None:
    faked(monkeypatch, make_plant())
    done = sanitize(*WORDS, "--json")
    validate(json.loads(done.stdout), "plant")
    assert done.stderr == ""
    validate(json.loads(sanitize(*WORDS, "--json", "--dry-run").stdout), "preview")
    assert "Nothing was changed" in sanitize(*WORDS, "--dry-run").stdout


def test_attack_data_and_output_must_be_named(sanitize: Any) -> None:
    for missing in ("--attack", "--data", "--output"):
        place = WORDS.index(missing)
        told = sanitize(*WORDS[:place], *WORDS[place + 2 :])
        assert told.exit_code == 2
        assert missing in told.stderr
