"""Laws of choosing: over any scores and any metric that depends only on which heads are gated off."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError, dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadId, HeadScores, ScoreOrigin
from sanitizer.plan import ROUNDING, Answer, Budget, TreatmentPlan, admissible
from sanitizer.plan import choose as choose_by
from sanitizer.report import PlanStep

Evaluate = Callable[[tuple[HeadId, ...]], float]

OF = ScoreOrigin("gradient", "1")
values = st.floats(-10, 10).map(lambda value: round(value, 2))
grids = st.lists(st.lists(values, min_size=1, max_size=8).map(tuple), min_size=1, max_size=6).map(tuple)
steps = st.integers(1, 12)
quotas = st.none() | st.integers(1, 5)
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
        return Answer(metric, metric >= least - ROUNDING, self.texts)


def choose(scores: HeadScores, budget: Budget, evaluate: Evaluate) -> TreatmentPlan:
    return choose_by(scores, budget, Truthful(evaluate))


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
    small = choose(scores, Budget(min(one, other), step=step), evaluate)
    large = choose(scores, Budget(max(one, other), step=step), evaluate)
    assert large.remove[: len(small.remove)] == small.remove


@given(grids, st.integers(), steps, shares, shares)
def test_a_lower_floor_removes_a_superset_for_any_metric(
    grid: Grid, seed: int, step: int, one: float, other: float
) -> None:
    scores, evaluate = HeadScores(grid, OF), erratic(seed)
    small = choose(scores, Budget(min_accuracy=max(one, other), step=step), evaluate)
    large = choose(scores, Budget(min_accuracy=min(one, other), step=step), evaluate)
    assert large.remove[: len(small.remove)] == small.remove


@given(grids, st.integers(), steps, shares, shares, shares, quotas)
def test_an_absolute_floor_replaces_the_drop(
    grid: Grid, seed: int, step: int, floor: float, drop: float, other: float, quota: int | None
) -> None:
    scores, evaluate = HeadScores(grid, OF), erratic(seed)
    plan = choose(scores, Budget(drop, min_accuracy=floor, step=step, per_layer=quota), evaluate)
    again = choose(scores, Budget(other, min_accuracy=floor, step=step, per_layer=quota), evaluate)
    assert (plan.remove, plan.steps, plan.threshold) == (again.remove, again.steps, floor)
    assert not plan.remove or evaluate(plan.remove) >= floor - ROUNDING


def test_a_floor_is_held_to_the_last_text() -> None:
    """The same rule, said in two ways: 0.89 - 0.02 is not 0.87 in binary, and both budgets take 87 texts of 100."""
    scores = HeadScores(((0.0, 1.0),), OF)
    for right in range(2, 101):
        for budget in (Budget(0.02), Budget(min_accuracy=(right - 2) / 100)):
            for lost, taken in ((2, 1), (3, 0)):
                plan = choose(scores, budget, lambda heads, r=right, n=lost: (r - n * len(heads)) / 100)  # type: ignore[misc]
                assert len(plan.remove) == taken


@given(grids, st.integers(), steps, shares, st.integers(0, 30), st.integers(0, 30))
def test_more_heads_allowed_removes_a_superset_while_the_metric_falls(
    grid: Grid, seed: int, step: int, drop: float, one: int, other: int
) -> None:
    scores, evaluate = HeadScores(grid, OF), falling(noisy_cost(seed))
    small = choose(scores, Budget(drop, max_heads=min(one, other), step=step), evaluate)
    large = choose(scores, Budget(drop, max_heads=max(one, other), step=step), evaluate)
    assert large.remove[: len(small.remove)] == small.remove


@given(grids, st.integers(), steps, shares, st.integers(1, 8), st.integers(1, 8))
def test_a_larger_quota_removes_a_superset_while_the_metric_falls(
    grid: Grid, seed: int, step: int, drop: float, one: int, other: int
) -> None:
    scores, evaluate = HeadScores(grid, OF), falling(noisy_cost(seed))
    small = choose(scores, Budget(drop, per_layer=min(one, other), step=step), evaluate)
    large = choose(scores, Budget(drop, per_layer=max(one, other), step=step), evaluate)
    assert large.remove[: len(small.remove)] == small.remove


@given(grids, st.integers(), st.integers(1, 8), st.integers(1, 8), shares)
def test_a_larger_quota_removes_a_superset_for_any_metric_where_strides_meet(
    grid: Grid, seed: int, one: int, other: int, drop: float
) -> None:
    """Where the smaller quota's heads are whole strides, both searches ask the same until the smaller one ends."""
    scores, evaluate = HeadScores(grid, OF), erratic(seed)
    low, high = min(one, other), max(one, other)
    step = max(len(admissible(scores, Budget(per_layer=low))), 1)
    small = choose(scores, Budget(drop, per_layer=low, step=step), evaluate)
    large = choose(scores, Budget(drop, per_layer=high, step=step), evaluate)
    assert large.remove[: len(small.remove)] == small.remove


def test_the_quota_law_needs_one_or_the_other() -> None:
    """A metric that rises again: the larger quota's stride jumps over what the smaller one's shorter stride found."""
    scores = HeadScores(((0.0, 1.0, 2.0, 3.0),), OF)
    metric = {0: 1.0, 1: 0.0, 2: 1.0, 3: 0.0}

    def count(quota: int) -> int:
        return len(choose(scores, Budget(per_layer=quota, step=3), lambda heads: metric[len(heads)]).remove)

    assert (count(2), count(3)) == (2, 0)


@given(grids, st.integers(0, 3), st.integers(1, 5))
def test_a_quota_takes_rounds_of_the_lowest_of_every_layer(grid: Grid, floor: int, quota: int) -> None:
    """Against each layer's own ranking: round r holds the r-th lowest head of every layer that can spare it."""
    order = admissible(HeadScores(grid, OF), Budget(floor_per_layer=floor, per_layer=quota))
    left = list(order)
    for turn in range(quota):
        expected = {
            HeadId(layer, sorted(range(len(row)), key=lambda head: (row[head], head))[turn])
            for layer, row in enumerate(grid)
            if turn < len(row) - floor
        }
        taken, left = left[: len(expected)], left[len(expected) :]
        assert set(taken) == expected
        assert taken == sorted(taken, key=lambda head: (grid[head.layer][head.head], head))
    assert left == []


@given(grids, st.integers(), steps, shares, st.integers(0, 3), st.integers(1, 5), st.none() | st.integers(0, 20))
def test_quota_and_floor_and_most_hold_together(
    grid: Grid, seed: int, step: int, drop: float, floor: int, quota: int, most: int | None
) -> None:
    budget = Budget(drop, most, floor, per_layer=quota, step=step)
    plan = choose(HeadScores(grid, OF), budget, erratic(seed))
    assert most is None or len(plan.remove) <= most
    for layer, row in enumerate(grid):
        lost = sum(head.layer == layer for head in plan.remove)
        assert lost <= quota
        assert lost <= max(len(row) - floor, 0)


def test_by_hand_one_head_of_every_layer_goes_where_a_ranking_would_take_one_layer() -> None:
    scores = HeadScores(((0.1, 0.2, 0.3), (0.5, 0.6, 0.4), (0.9, 0.8, 0.7)), OF)
    ranked = choose(scores, Budget(1.0, max_heads=3), lambda heads: 1.0)
    rounds = choose(scores, Budget(1.0, per_layer=1), lambda heads: 1.0)
    assert [str(head) for head in ranked.remove] == ["L0.H0", "L0.H1", "L1.H2"]
    assert [str(head) for head in rounds.remove] == ["L0.H0", "L1.H2", "L2.H2"]


def test_the_superset_law_can_fail() -> None:
    """It rests on both budgets asking the same questions: with a stride of its own, a larger one removes less."""
    scores = HeadScores(((0.0, 1.0, 2.0, 3.0),), OF)
    metric = {0: 1.0, 1: 0.5, 2: 0.95, 3: 0.5}

    def count(drop: float, step: int) -> int:
        return len(choose(scores, Budget(drop, step=step), lambda heads: metric[len(heads)]).remove)

    assert (count(0.1, 2), count(0.2, 2)) == (2, 2)
    assert (count(0.1, 2), count(0.2, 3)) == (2, 0)


@given(grids, st.integers(), steps, shares)
def test_while_the_metric_falls_the_plan_is_the_longest_that_fits(
    grid: Grid, seed: int, step: int, drop: float
) -> None:
    """Against the plain loop that takes one head at a time."""
    scores, budget, evaluate = HeadScores(grid, OF), Budget(drop, step=step), falling(noisy_cost(seed))
    order = admissible(scores, budget)
    longest = max(count for count in range(len(order) + 1) if evaluate(order[:count]) >= evaluate(()) - drop)
    assert choose(scores, budget, evaluate).remove == order[:longest]


@given(grids, st.integers(), steps, shares)
def test_the_plan_is_within_its_threshold_when_asked_again(grid: Grid, seed: int, step: int, drop: float) -> None:
    evaluate = erratic(seed)
    plan = choose(HeadScores(grid, OF), Budget(drop, step=step), evaluate)
    assert plan.suspect == evaluate(())
    assert plan.threshold == plan.suspect - drop
    assert evaluate(plan.remove) >= plan.threshold - ROUNDING


@given(grids, st.integers(0, 3), st.none() | st.integers(0, 40), steps)
def test_no_layer_falls_below_its_floor_and_max_heads_holds(
    grid: Grid, floor: int, most: int | None, step: int
) -> None:
    plan = choose(HeadScores(grid, OF), Budget(1.0, most, floor, step=step), lambda heads: 1.0)
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


@given(grids, st.integers(), st.randoms(use_true_random=False), steps, shares, quotas)
def test_relabelling_the_heads_relabels_the_plan(
    grid: Grid, seed: int, rng: random.Random, step: int, drop: float, quota: int | None
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
    evaluate, budget = erratic(seed), Budget(drop, step=step, per_layer=quota)
    plan = choose(HeadScores(grid, OF), budget, evaluate)
    other = choose(HeadScores(relabelled, OF), budget, lambda heads: evaluate(tuple(old_name[head] for head in heads)))
    assert other.remove == tuple(new_name[head] for head in plan.remove)
    assert other.steps == plan.steps


@given(grids, st.integers(), steps, shares)
def test_steps_are_the_questions_that_were_asked(grid: Grid, seed: int, step: int, drop: float) -> None:
    asked: list[int] = []
    evaluate = erratic(seed)

    def listening(heads: tuple[HeadId, ...]) -> float:
        asked.append(len(heads))
        return evaluate(heads)

    plan = choose(HeadScores(grid, OF), Budget(drop, step=step), listening)
    questions = [0, *(step.heads for step in plan.steps)]
    assert asked[: len(questions)] == questions
    assert set(asked[len(questions) :]) <= {len(plan.remove)}  # only the choice itself is confirmed
    assert len(set(questions)) == len(questions)
    assert max((step.heads for step in plan.steps if step.accepted), default=0) == len(plan.remove)
    assert all(step.accepted == (step.metric >= plan.threshold - ROUNDING) for step in plan.steps)


def test_by_hand_a_broken_stride_is_bisected() -> None:
    scores = HeadScores((tuple(float(head) for head in range(13)),), OF)
    plan = choose(scores, Budget(0.1, step=5), lambda heads: 1.0 if len(heads) <= 7 else 0.0)
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
    plan = choose_by(scores, Budget(0.1, step=5), Hasty(lambda heads: 1.0 if len(heads) <= 7 else 0.0))
    assert len(plan.remove) == 7
    assert (plan.suspect, plan.metric) == (1.0, 1.0)
    assert [(step.heads, step.texts) for step in plan.steps[:4]] == [(5, 1), (10, 1), (12, 1), (12, 100)]
    assert [step.heads for step in plan.steps if step.texts == 100] == [12, 11, 10, 9, 8]


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
        {"max_accuracy_drop": -0.01},
        {"max_accuracy_drop": 2},
        {"max_accuracy_drop": float("nan")},
        {"max_heads": -1},
        {"floor_per_layer": -1},
        {"min_accuracy": 85},
        {"min_accuracy": math.nan},
        {"per_layer": 0},
        {"step": 0},
    ],
)
def test_a_budget_that_makes_no_sense_is_a_usage_error(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Budget(**wrong)  # type: ignore[arg-type]


def test_a_plan_is_frozen() -> None:
    plan = TreatmentPlan((), HeadScores(((1.0,),), OF), Budget(), 0.9, 0.9)
    with pytest.raises(FrozenInstanceError):
        plan.suspect = 1.0  # type: ignore[misc]


def test_of_scores_that_name_the_heads_that_may_go_no_other_goes() -> None:
    grid = ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0))
    only = (HeadId(1, 2), HeadId(0, 1))
    assert admissible(HeadScores(grid, OF, only=only), Budget()) == (HeadId(0, 1), HeadId(1, 2))
    assert admissible(HeadScores(grid, OF, only=()), Budget()) == ()
    assert admissible(HeadScores(grid, OF, only=only), Budget(max_heads=1)) == (HeadId(0, 1),)
    assert choose(HeadScores(grid, OF, only=()), Budget(1.0), lambda heads: 1.0).remove == ()
