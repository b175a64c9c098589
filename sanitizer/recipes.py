"""Recipes by name, for `--recipe NAME`: each is a row, and so is every strategy, with the treatments of a plain run."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sanitizer import catalog
from sanitizer.plugins import unknown
from sanitizer.recipe import Recipe, Step


@dataclass(frozen=True)
class Named:
    """A recipe, and in one line what it is."""

    about: str
    recipe: Recipe


_NO_REMOVAL = "random"
"""Where nothing is removed the scores decide nothing, and this strategy costs least."""

# What others compare with is tuned for all its epochs.
_ALL_EPOCHS = {"patience": 0}

# Zhao et al. 2024 publish these as defaults (three epochs at 2e-5 without warm-up, 10 heads a step, accuracy of 0.85);
# Chapagain et al. 2025 follow them.
_TUNING = {"epochs": 3, "learning_rate": 2e-5, "warmup": 0.0, "patience": 0}
_BUDGET = {"min_accuracy": 0.85, "step": 10}


def _published(strategy: str, *treatments: Step, **settings: Any) -> Recipe:
    return Recipe(strategy, settings, treatments, budget=_BUDGET, prepare=(Step("finetune", _TUNING),))


def _chapagain(strategy: str, what: str, **settings: Any) -> Named:
    about = f"Chapagain et al. 2025, {what}: tune, score, choose, reload, remove, tune"
    return Named(about, _published(strategy, Step("remove"), Step("finetune", _TUNING), **settings))


_STRATEGIES = {
    entry.name: Named(entry.summary, Recipe(entry.name)) for entry in catalog.entries("sanitizer.strategies")
}

RECIPES: Mapping[str, Named] = MappingProxyType(
    {
        **_STRATEGIES,
        "pure": Named(
            "PURE (Zhao et al. 2024): remove heads of low attention variance, then normalize attention",
            Recipe("pure", treatments=(Step("remove"), Step("normalize"))),
        ),
        "fine-pruning": Named(
            "fine-pruning (Liu et al. 2018), by heads: remove the dormant ones, then fine-tune",
            Recipe("activation", treatments=(Step("remove"), Step("finetune"))),
        ),
        "remove-only": Named(
            "remove heads by gradient importance and tune nothing: for a model too large to train here",
            Recipe("gradient", treatments=(Step("remove"),)),
        ),
        "ft": Named(
            "plain fine-tuning on clean data, nothing removed: a baseline",
            Recipe(_NO_REMOVAL, treatments=(Step("finetune", _ALL_EPOCHS),)),
        ),
        "fth": Named(
            "fine-tuning at a higher rate, nothing removed: a baseline",
            Recipe(_NO_REMOVAL, treatments=(Step("finetune", {**_ALL_EPOCHS, "learning_rate": 1e-4}),)),
        ),
        "meft": Named(
            "maximum-entropy fine-tuning, nothing removed: a baseline",
            Recipe(_NO_REMOVAL, treatments=(Step("entropy", _ALL_EPOCHS),)),
        ),
        "unlearn": Named(
            "tune against rewritings of clean texts in which an adversary looks for triggers, nothing removed",
            Recipe(_NO_REMOVAL, treatments=(Step("unlearn"),)),
        ),
        "rebase": Named(
            "begin again from the base's weights (--base) and distil the suspect into them on clean texts",
            Recipe(_NO_REMOVAL, treatments=(Step("rebase"),)),
        ),
        "reset-to-base": Named(
            "give the heads that moved farthest their weights of the base again (--base), then fine-tune",
            Recipe(_NO_REMOVAL, treatments=(Step("reset_to_base"), Step("finetune", _ALL_EPOCHS))),
        ),
        "embedding-reset": Named(
            "give rare words that moved far their embeddings of the base again (--base), then fine-tune",
            Recipe(_NO_REMOVAL, treatments=(Step("embedding_reset"), Step("finetune", _ALL_EPOCHS))),
        ),
        "consistency": Named(
            "CROW (Min et al. 2025): tune layers to change what they hand on smoothly, nothing removed",
            Recipe(_NO_REMOVAL, treatments=(Step("consistency"),)),
        ),
        "adversarial": Named(
            "tune to keep the label while hidden states are moved towards another (after BEEAR), nothing removed",
            Recipe(_NO_REMOVAL, treatments=(Step("adversarial"),)),
        ),
        "align": Named(
            "attention safety alignment (Jin et al. 2026): judge, align and tune heads in rounds, nothing removed",
            Recipe(_NO_REMOVAL, treatments=(Step("rounds"),)),
        ),
        "align-only": Named(
            "attention alignment alone (Jin et al. 2026), nothing removed: an ablation",
            Recipe(_NO_REMOVAL, treatments=(Step("align"),)),
        ),
        "headtune-only": Named(
            "head-wise fine-tuning alone (Jin et al. 2026), nothing removed: an ablation",
            Recipe(_NO_REMOVAL, treatments=(Step("headtune"),)),
        ),
        "paper/gradient": _chapagain("gradient", "gradients of key weights", of="key"),
        "paper/variance": _chapagain("variance", "layer-wise variance"),
        "paper/sparsity": _chapagain("sparsity", "structured sparsification"),
        "paper/ensemble": _chapagain("ensemble", "randomized ensemble"),
        "paper/reinforce": _chapagain("reinforce", "epsilon-greedy, as released", policy="epsilon-greedy"),
        "paper/bayesian": _chapagain("bayesian", "Bayesian uncertainty"),
        "paper/pure": Named(
            "PURE as published (Zhao et al. 2024): tune, score, choose, reload, remove, normalize attention",
            _published("pure", Step("remove"), Step("normalize", {**_TUNING, "weight": 0.15})),
        ),
    }
)


def find(word: str) -> Recipe:
    """A recipe by its name, or from a YAML file. Raises UsageError naming the recipes there are."""
    if word in RECIPES:
        return RECIPES[word].recipe
    path = Path(word)
    misspelt = "/" in word and difflib.get_close_matches(word, RECIPES, n=1)
    if path.exists() or path.suffix in {".yaml", ".yml"} or ("/" in word and not misspelt):
        return Recipe.from_file(path)
    raise unknown("recipe or file", word, RECIPES)
