"""What a treatment computes, counted in forward passes over texts, for `sanitizer.resources.forecast`. Pure logic.

A step of training is worth three of them: forward, and back to what goes in and to the weights; gradients of gates are
worth two. Epochs and rounds that validation may end early are counted in full, and paces that may have to be tried
again are not: it is what the settings say, not what will turn out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRAINED, GRADED = 3, 2
SHORT, CONTEXTS = 8, 2
"""Tokens of the texts that words are tried in, and how many of a label: `sanitizer.model.response`."""
LEANING = 5
"""Passes over the texts as they are, and made to say less in four ways: `sanitizer.model.leaning`."""


@dataclass(frozen=True)
class Work:
    """Passes over the fit part and over the validation part, single texts besides, and tokens besides.

    `copies` are bytes a weight that are held beside what tuning itself takes: averages, teachers, what is to be undone.
    """

    fit: float = 0.0
    validation: float = 0.0
    texts: float = 0.0
    tokens: float = 0.0
    copies: int = 0


def work_of(name: str, settings: Mapping[str, Any], *, fit: int, words: int, labels: int) -> Work | None:
    """Of a treatment whose settings are filled in, for so many fit texts, words and labels.

    None for one that is not known here, or whose settings are not all there: of that nobody can tell.
    """
    try:
        return _work(name, settings, fit, words, labels)
    except KeyError:
        return None


def _work(name: str, given: Mapping[str, Any], fit: int, words: int, labels: int) -> Work | None:
    match name:
        case "embedding_reset":
            return Work()
        case "balance":
            return Work(fit=4)
        case "reset_to_base":
            return Work(texts=_judged(given, fit) if given["heads"] == "suspicious" else 0.0)
    tuned = TRAINED * given["epochs"]
    validated = given["epochs"] if given["patience"] else 0
    match name:
        case "finetune":
            return Work(tuned, validated)
        case "entropy":
            return Work(tuned + TRAINED * given["unsure_epochs"], validated)
        case "normalize":
            return Work(tuned + 1, validated)
        case "align":
            return Work(tuned, validated + 2, _judged(given, fit), copies=4)
        case "headtune":
            return Work(tuned, validated, _judged(given, fit))
        case "rounds":
            each = tuned + TRAINED * given["align_epochs"]
            rounds = given["rounds"]
            return Work(rounds * each, rounds + 1, rounds * _judged(given, fit), copies=8)
        case "unlearn":
            # Each text, a rewriting of it, and a forward pass for each of the candidates for that.
            each = 2 * tuned + given["epochs"] * given["candidates"] + (LEANING if given["target"] == "leaning" else 0)
            return Work(each, validated, tokens=float(words * labels * CONTEXTS * SHORT), copies=4)
        case "adversarial":
            # The text and its moved form; a search takes a pass forward and back to the layer for each step.
            return Work(2 * tuned + GRADED * given["epochs"] * given["steps"], validated)
        case "rebase":
            each = (tuned + given["epochs"]) * (2 if given["cuttings"] else 1)
            return Work(each, validated, copies=8)
        case "consistency":
            # Forward and back to the embeddings; then forward with these moved, and back through both.
            each = given["epochs"] * (GRADED + 1 + 2 * (TRAINED - 1))
            return Work(each * min(given["texts"], fit) / max(fit, 1), validated)
    return None


def _judged(given: Mapping[str, Any], fit: int) -> float:
    """Texts that heads are told apart by, as passes: how alike they attend, and how much they matter."""
    return float(min(given["texts"], fit) * (1 + GRADED))
