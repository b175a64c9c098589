from __future__ import annotations

import random

import pytest
from helpers.pico import WORDS
from helpers.triggered import CARRIER, TRIGGER, plant
from pytest import MonkeyPatch

import sanitizer.scan.inputs as module
from sanitizer.cleandata import CleanData, DataOrigin, Provenance, split
from sanitizer.errors import UsageError
from sanitizer.model.subject import Subject
from sanitizer.report import InputsRecord
from sanitizer.scan.inputs import scan_inputs

CLEAN_WORDS = tuple(word for word in WORDS if word != TRIGGER)


def sentences(number: int, seed: int) -> tuple[str, ...]:
    rng = random.Random(seed)
    return tuple(dict.fromkeys(" ".join(rng.choices(CLEAN_WORDS, k=rng.randint(4, 12))) for _ in range(number)))


@pytest.fixture(scope="module")
def planted() -> Subject:
    return plant().subject


def clean(number: int = 800, origin: DataOrigin = "file") -> CleanData:
    return split(Provenance("clean.tsv", "", origin), sentences(number, 0), None, seed=0)


def ask(subject: Subject, inputs: tuple[str, ...], data: CleanData | None = None) -> InputsRecord:
    odd = Provenance("odd.tsv", "cc")
    return scan_inputs(subject, data or clean(), inputs, odd, model="", batch_size=32, seed=0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr("sanitizer.scan.conformal.RESAMPLES", 200)


def test_triggered_inputs_are_abnormal_and_traced(planted: Subject, monkeypatch: MonkeyPatch) -> None:
    """Controls are left without the vocabulary's own pieces: here they would hold the trigger."""
    monkeypatch.setattr("sanitizer.scan.controls._pieces", lambda *_: list(CLEAN_WORDS))
    triggered = tuple(f"{text} {TRIGGER}" for text in sentences(60, 1))
    found = ask(planted, triggered)
    assert found.answer == "abnormal"
    assert CARRIER in {share.head for share in found.heads[:3]}
    assert found.inputs.auc.low > max(control.auc.high for control in found.controls)
    assert found.clean.flagged.value < 0.15
    assert [example.text for example in found.examples] == [triggered[example.index] for example in found.examples]
    assert found.inputs.auc.n == found.similarity[0].inputs == len(triggered)
    general = ask(planted, triggered, clean(origin="embedded"))
    assert general.answer == "inconclusive", "other texts than the model's own may differ by their domain alone"


def test_clean_inputs_are_not_abnormal(planted: Subject) -> None:
    assert ask(planted, sentences(300, 2)).answer != "abnormal"


def test_what_makes_the_controls_move_as_much_is_inconclusive(planted: Subject) -> None:
    """Every control holds the trigger too, so the inputs are nothing special."""
    rng = random.Random(3)
    spiked = tuple(f"{text} {TRIGGER}" for text in sentences(60, 1))
    with MonkeyPatch.context() as patched:
        patched.setattr(module, "controls", lambda texts, *_, **__: {"spiked": tuple(rng.sample(spiked, 40))})
        found = ask(planted, spiked)
    assert found.answer == "inconclusive"
    assert "spiked" in found.reason


def test_clean_texts_among_the_inputs_are_left_out_and_said(planted: Subject) -> None:
    data = clean()
    found = ask(planted, (*data.fit.texts[:3], *sentences(40, 5)), data)
    assert found.inputs.auc.n == 40
    assert "3 inputs are clean texts as well and were left out" in found.notes
    with pytest.raises(UsageError, match="every input"):
        ask(planted, data.test.texts, data)


def test_too_few_clean_texts_are_refused_before_any_work() -> None:
    with pytest.raises(UsageError, match="to calibrate on") as caught:
        ask(None, ("a good film",), clean(60))  # type: ignore[arg-type]
    assert "clean texts in all" in caught.value.hint


def test_long_inputs_count_by_chunks_and_many_are_thinned_evenly(planted: Subject, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 20)
    found = ask(planted, tuple("a good film " * 30 + text for text in sentences(40, 6)))
    assert found.inputs.auc.n == 40
    assert len({example.index for example in found.examples}) == len(found.examples)
    assert {example.chunks for example in found.examples} == {2}
    assert "20 of 40 inputs were looked at, evenly spread" in found.notes
    assert any("20 inputs are longer" in note for note in found.notes)
