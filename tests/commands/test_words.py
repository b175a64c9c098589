"""Options as typed become options as recorded."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["--set", "samples=512", "--set", "of=a=b"], {"samples": "512", "of": "a=b"}),
        (["--set", "samples="], {"samples": ""}),
    ],
)
def test_settings_are_split_at_the_first_equals(
    sanitize: Any, pipeline: Any, words: list[str], expected: dict[str, str]
) -> None:
    assert sanitize("org/model", *words).exit_code == 0
    assert pipeline.asked[0][1].settings == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "samples"], "name=value"),
        (["--set", "=3"], "name=value"),
        (["--set", "a b=3"], "name=value"),
        (["--set", "a=1", "--set", "a=2"], "twice"),
        (["--batch-size", "0"], "auto nor a number"),
        (["--batch-size", "-1"], "auto nor a number"),
        (["--batch-size", "many"], "auto nor a number"),
        (["--device", "gpu"], "cuda:1"),
        (["--dtype", "int8"], "bfloat16"),
        (["--seed", "-1"], "--seed"),
        (["--token", "hf_secret\nvalue"], "no access token"),
    ],
)
def test_what_does_not_fit_is_named(sanitize: Any, pipeline: Any, words: list[str], said: str) -> None:
    done = sanitize("org/model", *words)
    assert (done.exit_code, pipeline.asked) == (2, [])
    assert said in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(("word", "size"), [("auto", None), ("1", 1), ("64", 64)])
def test_batch_size_is_auto_or_a_number(sanitize: Any, pipeline: Any, word: str, size: int | None) -> None:
    sanitize("org/model", "--batch-size", word)
    assert pipeline.asked[0][1].batch_size == size


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ([], {}, None),
        ([], {"HF_TOKEN": ""}, None),
        ([], {"HF_TOKEN": "hf_environment\n"}, "hf_environment"),
        (["--token", "hf_typed"], {"HF_TOKEN": "hf_environment"}, "hf_typed"),
    ],
)
def test_the_token_is_typed_or_of_the_environment(
    sanitize: Any, pipeline: Any, words: list[str], environment: dict[str, str], expected: str | None
) -> None:
    assert sanitize("org/model", *words, env=environment).exit_code == 0
    options = pipeline.asked[0][1]
    assert options.token == expected
    assert "hf_" not in repr(options)


def test_help_names_the_variable_and_never_its_value(sanitize: Any) -> None:
    done = sanitize("run", "--help", env={"HF_TOKEN": "hf_abcdefghijk"})
    assert "HF_TOKEN" in done.stdout
    assert "hf_abc" not in done.stdout
