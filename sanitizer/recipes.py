"""Recipes by name, for `--recipe NAME`: each is a row. Those of a single strategy need none: `--strategy` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sanitizer.plugins import unknown
from sanitizer.recipe import Recipe, Step


@dataclass(frozen=True)
class Named:
    """A recipe, and in one line what it is."""

    about: str
    recipe: Recipe


_NO_REMOVAL = "random"
"""Where nothing is removed the scores decide nothing, and this strategy costs least."""

RECIPES: Mapping[str, Named] = MappingProxyType(
    {
        "pure": Named(
            "PURE (Zhao et al. 2024): remove heads of low attention variance, then normalize attention",
            Recipe("pure", treatments=(Step("remove"), Step("normalize"))),
        ),
        "fine-pruning": Named(
            "fine-pruning (Liu et al. 2018), by heads: remove the dormant ones, then fine-tune",
            Recipe("activation", treatments=(Step("remove"), Step("finetune"))),
        ),
        "ft": Named(
            "plain fine-tuning on clean data, nothing removed: a baseline",
            Recipe(_NO_REMOVAL, treatments=(Step("finetune"),)),
        ),
        "fth": Named(
            "fine-tuning at a higher rate, nothing removed: a baseline",
            Recipe(_NO_REMOVAL, treatments=(Step("finetune", {"learning_rate": 1e-4}),)),
        ),
        "meft": Named(
            "maximum-entropy fine-tuning, nothing removed: a baseline",
            Recipe(_NO_REMOVAL, treatments=(Step("entropy"),)),
        ),
    }
)


def find(word: str) -> Recipe:
    """A recipe by its name, or from a YAML file. Raises UsageError naming the recipes there are."""
    if word in RECIPES:
        return RECIPES[word].recipe
    path = Path(word)
    if path.exists() or path.suffix in {".yaml", ".yml"} or "/" in word:
        return Recipe.from_file(path)
    raise unknown("recipe or file", word, RECIPES)
