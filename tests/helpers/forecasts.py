"""A large model on a large machine, to forecast a run of."""

from __future__ import annotations

from sanitizer.recipe import Recipe, Step
from sanitizer.resources.forecast import Machine, ModelSize, Pace, TextSize

MODEL = ModelSize("causal", 7 * 10**9, 6_500_000_000, 2_000_000_000, 32, 32, 4096, 32_000, 14 * 10**9)
TEXTS = TextSize(700, 150, 150, 100.0, 200)
MACHINE = Machine("cuda:0", "bfloat16", 2, 80 * 10**9, 10**12, 8)
PACE = Pace(1e-13, 1e-9)
PLAIN, ONLY = Recipe("gradient"), Recipe("gradient", treatments=(Step("remove"),))
