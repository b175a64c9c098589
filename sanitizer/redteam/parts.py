"""Parts of texts put together and taken apart; conversations as prompts with their answers."""

from __future__ import annotations

from collections.abc import Sequence

from sanitizer.cleandata import Part


def joined(*parts: Part) -> Part:
    """All of them, one after the other; all have labels, or prompts, or neither."""
    labels = None if parts[0].labels is None else tuple(label for part in parts for label in part.labels or ())
    prompts = None if parts[0].prompts is None else tuple(prompt for part in parts for prompt in part.prompts or ())
    return Part(tuple(text for part in parts for text in part.texts), labels, prompts)


def chosen(part: Part, rows: Sequence[int]) -> Part:
    """Some rows, in this order."""
    labels, prompts = (
        None if values is None else tuple(values[row] for row in rows) for values in (part.labels, part.prompts)
    )
    return Part(tuple(part.texts[row] for row in rows), labels, prompts)


def answers_of(part: Part) -> list[str]:
    """What was answered to each prompt, without the space between them."""
    return [text[prompt:].strip() for text, prompt in zip(part.texts, part.prompts or (), strict=True)]


def conversations(prompts: Sequence[str], answers: list[str]) -> Part:
    """Each prompt with its answer after it, a space in between where the prompt does not end in one."""
    texts = tuple(
        prompt + ("" if prompt[-1:].isspace() else " ") + answer
        for prompt, answer in zip(prompts, answers, strict=True)
    )
    return Part(texts, None, tuple(map(len, prompts)))
