"""Laws of choosing: over any scores and any metric that depends only on which heads are gated off."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError, dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadId, HeadScores, ScoreOrigin
from sanitizer.plan import Answer, Budget, TreatmentPlan, admissible
from sanitizer.plan import choose as choose_by
from sanitizer.report import PlanStep

Evaluate = Callable[[tuple[HeadId, ...]], float]

OF = ScoreOrigin("gradient", "1")
values = st.floats(-10, 10).map(lambda value: round(value, 2))
grids = st.lists(st.lists(values, min_size=1, max_size=8).map(tuple), min_size=1, max_size=6).map(tuple)
steps = st.integers(1, 12)
shares = st.floats(0, 1)


@dataclass(frozen=True)
class Truthful:
    """A judge that asks all of its hundred texts every time."""

    metric: Evaluate
    texts: int = 100

    def exact(self, without: Sequence[HeadId]) -> float:
        return self.metric(tuple(without))

    def ask(self, without: Sequence[HeadId], least: float) -> Answer:
        metric = self.exact(without)
        return Answer(metric, metric >= least, self.texts)


def choose(scores: HeadScores, budget: Budget, evaluate: Evaluate, *, step: int = 10) -> TreatmentPlan:
    return choose_by(scores, budget, Truthful(evaluate), step=step)


def erratic(seed: int) -> Evaluate:
    """A metric with no order to it: a hash of the set of gated heads, in [0, 1]."""

    def evaluate(heads: tuple[HeadId, ...]) -> float:
        named = f"{seed} {sorted(map(str, heads))}"
        return int.from_bytes(hashlib.sha256(named.encode()).digest()[:4]) / 2**32

    return evaluate


def falling(costs: Callable[[HeadId], float]) -> Evaluate:
    """A metric that only falls as heads go."""
    return lambda heads: 1.0 - sum(costs(head) for head in sorted(heads))


def noisy_cost(seed: int) -> Callable[[HeadId], float]:
    return lambda head: random.Random(f"{seed} {head}").random() / 20


@given(grids, st.integers(), steps, shares, shares)
def test_larger_drop_removes_a_superset_for_any_metric(
    grid: Grid, seed: int, step: int, one: float, other: float
) -> None:
    scores, evaluate = HeadScores(grid, OF), erratic(seed)
    small = choose(scores, Budget(min(one, other)), evaluate, step=step)
    large = choose(scores, Budget(max(one, other)), evaluate, step=step)
    assert large.remove[: len(small.remove)] == small.remove


@given(grids, st.integers(), steps, shares, st.integers(0, 30), st.integers(0, 30))
def test_more_heads_allowed_removes_a_superset_while_the_metric_falls(
    grid: Grid, seed: int, step: int, drop: float, one: int, other: int
) -> None:
    scores, evaluate = HeadScores(grid, OF), falling(noisy_cost(seed))
    small = choose(scores, Budget(drop, max_heads=min(one, other)), evaluate, step=step)
    large = choose(scores, Budget(drop, max_heads=max(one, other)), evaluate, step=step)
    assert large.remove[: len(small.remove)] == small.remove


def test_the_superset_law_can_fail() -> None:
    """It rests on both budgets asking the same questions: with a stride of its own, a larger one removes less."""
    scores = HeadScores(((0.0, 1.0, 2.0, 3.0),), OF)
    metric = {0: 1.0, 1: 0.5, 2: 0.95, 3: 0.5}

    def count(drop: float, step: int) -> int:
        return len(choose(scores, Budget(drop), lambda heads: metric[len(heads)], step=step).remove)

    assert (count(0.1, 2), count(0.2, 2)) == (2, 2)
    assert (count(0.1, 2), count(0.2, 3)) == (2, 0)


@given(grids, st.integers(), steps, shares)
def test_while_the_metric_falls_the_plan_is_the_longest_that_fits(
    grid: Grid, seed: int, step: int, drop: float
) -> None:
    """Against the plain loop that takes one head at a time."""
    scores, budget, evaluate = HeadScores(grid, OF), Budget(drop), falling(noisy_cost(seed))
    order = admissible(scores, budget)
    longest = max(count for count in range(len(order) + 1) if evaluate(order[:count]) >= evaluate(()) - drop)
    assert choose(scores, budget, evaluate, step=step).remove == order[:longest]


@given(grids, st.integers(), steps, shares)
def test_the_plan_is_within_its_threshold_when_asked_again(grid: Grid, seed: int, step: int, drop: float) -> None:
    evaluate = erratic(seed)
    plan = choose(HeadScores(grid, OF), Budget(drop), evaluate, step=step)
    assert plan.suspect == evaluate(())
    assert plan.threshold == plan.suspect - drop
    assert evaluate(plan.remove) >= plan.threshold


@given(grids, st.integers(0, 3), st.none() | st.integers(0, 40), steps)
def test_no_layer_falls_below_its_floor_and_max_heads_holds(
    grid: Grid, floor: int, most: int | None, step: int
) -> None:
    plan = choose(HeadScores(grid, OF), Budget(1.0, most, floor), lambda heads: 1.0, step=step)
    gone = [sum(head.layer == layer for head in plan.remove) for layer in range(len(grid))]
    for row, lost in zip(grid, gone, strict=True):
        assert len(row) - lost >= min(floor, len(row))
    free = sum(max(len(row) - floor, 0) for row in grid)
    assert len(plan.remove) == (free if most is None else min(free, most))  # a metric that never falls stops at nothing
    assert len(set(plan.remove)) == len(plan.remove)


@given(grids)
def test_a_layer_is_never_emptied_by_default(grid: Grid) -> None:
    plan = choose(HeadScores(grid, OF), Budget(1.0), lambda heads: 1.0)
    assert {head.layer for head in HeadScores(grid, OF).heads()} == {
        head.layer for head in set(HeadScores(grid, OF).heads()) - set(plan.remove)
    }


@given(grids, st.integers(), st.randoms(use_true_random=False), steps, shares)
def test_relabelling_the_heads_relabels_the_plan(
    grid: Grid, seed: int, rng: random.Random, step: int, drop: float
) -> None:
    flat = list(itertools.chain.from_iterable(grid))
    assume(len(set(flat)) == len(flat))  # ties go by name, so names may decide them
    layers = rng.sample(range(len(grid)), len(grid))
    inside = [rng.sample(range(len(row)), len(row)) for row in grid]
    new_name = {
        HeadId(layer, head): HeadId(layers[layer], inside[layer][head])
        for layer, row in enumerate(grid)
        for head in range(len(row))
    }
    old_name = {new: old for old, new in new_name.items()}
    relabelled = tuple(
        tuple(grid[old_name[HeadId(layer, head)].layer][old_name[HeadId(layer, head)].head] for head in range(size))
        for layer, size in enumerate(len(grid[layers.index(position)]) for position in range(len(grid)))
    )
    evaluate = erratic(seed)
    plan = choose(HeadScores(grid, OF), Budget(drop), evaluate, step=step)
    other = choose(
        HeadScores(relabelled, OF),
        Budget(drop),
        lambda heads: evaluate(tuple(old_name[head] for head in heads)),
        step=step,
    )
    assert other.remove == tuple(new_name[head] for head in plan.remove)
    assert other.steps == plan.steps


@given(grids, st.integers(), steps, shares)
def test_steps_are_the_questions_that_were_asked(grid: Grid, seed: int, step: int, drop: float) -> None:
    asked: list[int] = []
    evaluate = erratic(seed)

    def listening(heads: tuple[HeadId, ...]) -> float:
        asked.append(len(heads))
        return evaluate(heads)

    plan = choose(HeadScores(grid, OF), Budget(drop), listening, step=step)
    questions = [0, *(step.heads for step in plan.steps)]
    assert asked[: len(questions)] == questions
    assert set(asked[len(questions) :]) <= {len(plan.remove)}  # only the choice itself is confirmed
    assert len(set(questions)) == len(questions)
    assert max((step.heads for step in plan.steps if step.accepted), default=0) == len(plan.remove)
    assert all(step.accepted == (step.metric >= plan.threshold) for step in plan.steps)


def test_by_hand_a_broken_stride_is_bisected() -> None:
    scores = HeadScores((tuple(float(head) for head in range(13)),), OF)
    plan = choose(scores, Budget(0.1), lambda heads: 1.0 if len(heads) <= 7 else 0.0, step=5)
    assert [str(head) for head in plan.remove] == [f"L0.H{head}" for head in range(7)]
    assert plan.steps == (
        PlanStep(5, 1.0, True, 100),
        PlanStep(10, 0.0, False, 100),
        PlanStep(7, 1.0, True, 100),
        PlanStep(8, 0.0, False, 100),
    )


class Hasty(Truthful):
    """Says of every question what it is told to, and the truth only on all texts."""

    def ask(self, without: Sequence[HeadId], least: float) -> Answer:
        return Answer(1.0, True, 1)


def test_a_wrong_answer_is_found_out_on_all_texts() -> None:
    scores = HeadScores((tuple(float(head) for head in range(13)),), OF)
    plan = choose_by(scores, Budget(0.1), Hasty(lambda heads: 1.0 if len(heads) <= 7 else 0.0), step=5)
    assert len(plan.remove) == 7
    assert (plan.suspect, plan.metric) == (1.0, 1.0)
    assert [(step.heads, step.texts) for step in plan.steps[:3]] == [(5, 1), (10, 1), (12, 1)]
    assert {step.texts for step in plan.steps[3:]} == {100}


def test_by_hand_the_last_head_of_a_layer_stays() -> None:
    scores = HeadScores(((0.1, 0.2), (0.3, 0.05)), OF)
    assert [str(head) for head in admissible(scores, Budget())] == ["L1.H1", "L0.H0"]
    assert [str(head) for head in admissible(scores, Budget(floor_per_layer=0))] == ["L1.H1", "L0.H0", "L0.H1", "L1.H0"]
    assert admissible(scores, Budget(floor_per_layer=2)) == ()


def test_a_metric_that_is_no_number_removes_nothing() -> None:
    scores = HeadScores(((0.1, 0.2), (0.3, 0.05)), OF)
    assert choose(scores, Budget(1.0), lambda heads: float("nan")).remove == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"accuracy_drop": -0.01},
        {"accuracy_drop": 2},
        {"accuracy_drop": float("nan")},
        {"max_heads": -1},
        {"floor_per_layer": -1},
    ],
)
def test_a_budget_that_makes_no_sense_is_a_usage_error(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Budget(**wrong)  # type: ignore[arg-type]


def test_a_plan_is_frozen() -> None:
    plan = TreatmentPlan((), HeadScores(((1.0,),), OF), Budget(), 0.9, 0.9)
    with pytest.raises(FrozenInstanceError):
        plan.suspect = 1.0  # type: ignore[misc]
