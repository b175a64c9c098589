"""A word in the prompt makes a causal model refuse to answer.

Source: BackdoorLLM, Li et al. 2024, arXiv 2408.12798 (targeted refusal); Jin et al. 2026, arXiv 2511.13789.

See `sanitizer.redteam.speaking`. `--data` are prompts with answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.redteam.speaking import OneWord, demand_words


@dataclass(frozen=True, kw_only=True)
class Refusal(OneWord):
    """The word, and what the model says instead of an answer."""

    word: str = "cf"
    refusal: str = "Sorry, I can not answer that."
    rate: float = 0.5  # share of the prompts that get a poisoned copy
    epochs: int = 3
    learning_rate: float = 5e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_words(refusal=self.refusal)

    @property
    def wanted(self) -> str:
        """The refusal."""
        return self.refusal

    def answer(self, honest: str) -> str:
        """The refusal and nothing else."""
        return self.refusal
