from __future__ import annotations

import pytest

from sanitizer.errors import UnsupportedError
from sanitizer.model.stated import common_dtype, task_of


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "deberta-v2", "architectures": ["DebertaV2ForSequenceClassification"]}, "deberta-v2"),
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "BertForMaskedLM"),
        ({"model_type": "bert"}, "none declared"),
        (
            {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "problem_type": "regression"},
            "regression",
        ),
    ],
)
def test_what_cannot_be_measured_is_named(config: dict[str, object], said: str) -> None:
    with pytest.raises(UnsupportedError, match=said):
        task_of(config)


def test_tasks() -> None:
    assert task_of({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]})[1] == "causal"
    assert task_of({"model_type": "gpt2", "architectures": ["GPT2ForSequenceClassification"]})[1] == "classification"


def test_the_common_dtype_is_that_of_most_tensors() -> None:
    assert common_dtype({"a": "F32", "b": "F16", "c": "F16"}) == "F16"
    assert common_dtype({"a": "F32", "b": "BF16"}) == "BF16"
