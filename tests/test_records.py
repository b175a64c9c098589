"""What goes on record: heads told apart by what is left of them, sources as they are, strategies with their paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.runs import make_suspect
from helpers.subjects import checkpoint_of, open_folder, pico_subject
from safetensors.torch import load_file

from sanitizer.checkpoint import Checkpoint, HubOrigin
from sanitizer.cleandata import Provenance, split
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.intake import Intake
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.records import data_of, declared_datasets, heads_of, plan_of, source_of, strategy_of, tool_of
from sanitizer.report import VetRecord
from sanitizer.strategies.gradient import Gradient

GRID = tuple(tuple(float(4 * layer + head) for head in range(4)) for layer in range(3))
SCORES = HeadScores(GRID, ScoreOrigin("gradient", "1"))


def plan(*heads: str) -> TreatmentPlan:
    return TreatmentPlan(tuple(map(HeadId.parse, heads)), SCORES, Budget(), 0.9, 0.89)


# What can be cut follows from how each family stores its heads: bert and gpt2 give each head its own rows; a llama
# layer of four query heads on two key heads loses one head of each pair together, or a whole pair.
@pytest.mark.parametrize(
    ("family", "heads", "expected"),
    [
        ("bert", ["L0.H1", "L2.H3"], {"L0.H1": "removed", "L2.H3": "removed"}),
        ("gpt2", ["L0.H1", "L2.H3"], {"L0.H1": "removed", "L2.H3": "removed"}),
        ("llama", ["L0.H1"], {"L0.H1": "zeroed"}),
        ("llama", ["L1.H0", "L1.H3"], {"L1.H0": "removed", "L1.H3": "removed"}),
        ("llama", ["L2.H2", "L2.H3"], {"L2.H2": "removed", "L2.H3": "removed"}),
        ("llama", ["L0.H0", "L0.H1", "L1.H2"], {"L0.H0": "removed", "L0.H1": "removed", "L1.H2": "zeroed"}),
    ],
)
def test_removed_and_zeroed_are_told_apart(family: str, heads: list[str], expected: Mapping[str, str]) -> None:
    subject = pico_subject(family)
    before, parameters = subject.anatomy, subject.model.num_parameters()
    chosen = plan(*reversed(heads))
    subject.remove(chosen.remove, physically=True)
    records = heads_of(chosen, before, subject.anatomy)
    assert {str(record.head): record.outcome for record in records} == expected
    assert [record.head for record in records] == sorted(chosen.remove)
    assert [record.score for record in records] == [GRID[h.head.layer][h.head.head] for h in records]
    assert ("removed" in expected.values()) == (subject.model.num_parameters() < parameters)


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_dense_heads_are_zeroed_all(family: str) -> None:
    subject = pico_subject(family)
    before, parameters = subject.anatomy, subject.model.num_parameters()
    chosen = plan("L0.H0", "L1.H0", "L1.H3")
    subject.remove(chosen.remove, physically=False)
    assert [record.outcome for record in heads_of(chosen, before, subject.anatomy)] == ["zeroed"] * 3
    assert subject.model.num_parameters() == parameters


def intake(folder: Path, card: Mapping[str, Any], **how: Any) -> Intake:
    checkpoint = checkpoint_of(folder)
    origin = how.get("origin", checkpoint.origin)
    return Intake(Checkpoint(folder, origin, checkpoint.files), VetRecord((), ()), card)


def test_a_source_is_what_lies_on_disk(tmp_path: Path) -> None:
    folder = make_suspect(tmp_path / "suspect", id2label={1: "good", 0: "bad"})
    card = {"license": "mit", "language": ["en", 3, "de"]}
    source = source_of(intake(folder, card), open_folder(folder))
    stored = load_file(folder / "model.safetensors")
    assert source.parameters == sum(tensor.numel() for tensor in stored.values())
    assert (source.dtype, {tensor.dtype for tensor in stored.values()}) == ("F16", {torch.float16})
    assert (source.model_type, source.architecture) == ("bert", "BertForSequenceClassification")
    assert (source.task, source.layers, source.heads) == ("classification", 3, (4, 4, 4))
    assert (source.license, source.language, source.labels) == ("mit", ("en", "de"), ("bad", "good"))
    assert (source.name, source.revision, source.commit) == ("suspect", None, None)
    assert str(tmp_path) not in repr(source)


def test_a_source_from_a_hub_names_its_commit_and_a_causal_one_no_labels(tmp_path: Path) -> None:
    folder = make_suspect(tmp_path / "suspect", "llama")
    known = intake(folder, {"license": ["mit"], "language": "en"}, origin=HubOrigin("org/name", "c" * 40, "v1"))
    source = source_of(known, open_folder(folder))
    assert (source.name, source.revision, source.commit) == ("org/name", "v1", "c" * 40)
    assert (source.license, source.language, source.labels) == (None, ("en",), ())
    assert (source.task, source.heads) == ("causal", (4, 4, 4))


def test_a_strategy_is_recorded_with_its_parameters_and_its_paper() -> None:
    record = strategy_of("gradient", Gradient(samples=9))
    assert (record.name, record.parameters) == ("gradient", {"of": "gate", "samples": 9})
    assert "arXiv 2508.20032" in record.citation
    assert "\n" not in record.citation


def test_data_is_recorded_with_its_split() -> None:
    where = Provenance("d.tsv", "ab" * 32, "file", None, "text", "label", ("a note",))
    record = data_of(split(where, tuple(map(str, range(40))), (0,) * 40, seed=0))
    assert (record.fit, record.validation, record.test) == (28, 6, 6)
    assert (record.name, record.sha256, record.origin, record.labels) == ("d.tsv", "ab" * 32, "file", "given")
    assert (record.text_column, record.label_column, record.notes) == ("text", "label", ("a note",))


def test_a_plan_is_recorded_with_its_threshold() -> None:
    record = plan_of(plan("L0.H0"), "accuracy")
    assert (record.metric, record.suspect, record.remove) == ("accuracy", 0.9, (HeadId(0, 0),))
    assert record.threshold == pytest.approx(0.88)


def test_the_tool_names_what_the_numbers_depend_on() -> None:
    tool = tool_of(torch.device("cpu"))
    assert (tool.torch, tool.device) == (torch.__version__, f"CPU, {torch.get_num_threads()} threads")


@pytest.mark.parametrize(
    ("card", "expected"),
    [({}, ()), ({"datasets": "sst2"}, ("sst2",)), ({"datasets": ["a/b", 3, None]}, ("a/b",)), ({"datasets": {}}, ())],
)
def test_declared_datasets_are_words_and_nothing_else(card: Mapping[str, Any], expected: tuple[str, ...]) -> None:
    assert declared_datasets(card) == expected
