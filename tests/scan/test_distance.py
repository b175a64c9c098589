from __future__ import annotations

import numpy as np
import pytest

from sanitizer.scan.distance import Ordinary, ledoit_wolf
from sanitizer.scan.profile import Profiles


def drawn(rows: int, features: int = 6, *, seed: int = 0) -> Profiles:
    """Correlated Gaussian features of inputs of 5 to 60 tokens."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(features, features))
    return Profiles(rng.normal(size=(rows, features)) @ mixing, rng.integers(5, 60, size=rows))


def test_shrinkage_is_that_of_the_definition_written_out() -> None:
    rows = np.random.default_rng(1).normal(size=(15, 4)) @ np.random.default_rng(2).normal(size=(4, 4))
    found, intensity = ledoit_wolf(rows)
    sample = sum(np.outer(row, row) for row in rows) / 15
    target = np.mean(np.diag(sample)) * np.eye(4)
    noise = sum(np.linalg.norm(np.outer(row, row) - sample) ** 2 for row in rows) / 15**2
    expected = noise / np.linalg.norm(sample - target) ** 2
    assert intensity == pytest.approx(expected)
    np.testing.assert_allclose(found, (1 - expected) * sample + expected * target)


def test_nothing_is_shrunk_with_plenty_and_everything_where_features_are_alike() -> None:
    many = np.random.default_rng(0).normal(size=(20_000, 4))
    assert ledoit_wolf(many * [1, 2, 3, 4])[1] < 0.01
    assert ledoit_wolf(many)[1] > 0.5
    assert ledoit_wolf(np.zeros((5, 3)))[1] == 1


def test_squared_distances_of_ordinary_inputs_average_the_number_of_features() -> None:
    ordinary = Ordinary.fit(drawn(4000))
    parts = ordinary.parts(drawn(4000, seed=1))
    assert parts.sum(axis=1).mean() == pytest.approx(6, rel=0.05)
    np.testing.assert_allclose(ordinary.distances(drawn(4000, seed=1)) ** 2, parts.sum(axis=1))


def test_the_feature_that_moved_gets_the_largest_part() -> None:
    ordinary, fresh = Ordinary.fit(drawn(2000)), drawn(200, seed=1)
    for feature in range(6):
        moved = fresh.features.copy()
        moved[:, feature] += 8 * moved[:, feature].std()
        parts = ordinary.parts(Profiles(moved, fresh.tokens))
        assert parts.mean(axis=0).argmax() == feature


def test_length_is_taken_out_of_mean_and_spread() -> None:
    def lengthy(tokens: np.ndarray, seed: int) -> Profiles:
        noise = np.random.default_rng(seed).normal(size=(len(tokens), 3))
        return Profiles(np.log(tokens)[:, None] * 5 + noise / np.sqrt(tokens)[:, None], tokens)

    lengths = np.random.default_rng(0).integers(4, 200, size=4000)
    ordinary = Ordinary.fit(lengthy(lengths, 1))
    short = ordinary.distances(lengthy(np.full(2000, 6), 2))
    long = ordinary.distances(lengthy(np.full(2000, 150), 3))
    assert short.mean() == pytest.approx(long.mean(), rel=0.15)


def test_beyond_the_lengths_that_were_seen_the_nearest_stands_in() -> None:
    ordinary, one = Ordinary.fit(drawn(500)), drawn(1, seed=3).features
    at, beyond = (ordinary.distances(Profiles(one, np.array([tokens]))) for tokens in (59, 4000))
    np.testing.assert_allclose(at, beyond)


def test_a_feature_that_never_changes_carries_nothing() -> None:
    clean = drawn(500)
    still = Profiles(np.column_stack([clean.features, np.full(500, -6.9)]), clean.tokens)
    parts = Ordinary.fit(still).parts(Profiles(still.features + 1, still.tokens))
    assert not parts[:, -1].any()
    np.testing.assert_allclose(Ordinary.fit(still).distances(still), Ordinary.fit(clean).distances(clean))


def test_fewer_inputs_than_features_still_give_finite_distances() -> None:
    few = drawn(8, features=40)
    assert np.isfinite(Ordinary.fit(few).distances(drawn(20, features=40, seed=1))).all()


def test_a_feature_of_the_surface_counts_only_beyond_what_clean_inputs_reach() -> None:
    clean, fresh = drawn(4000), drawn(300, seed=1)
    far = Profiles(fresh.features * 4, fresh.tokens)
    surface = np.array([True, False, False, False, False, True])
    plain, found = (Ordinary.fit(clean, where).parts(far) for where in (None, surface))
    np.testing.assert_allclose(found[:, ~surface], plain[:, ~surface])
    expected = np.where(plain > 16, (np.sqrt(plain) - 4) ** 2, 0)[:, surface]
    assert 0.1 < (expected > 0).mean() < 0.9
    np.testing.assert_allclose(found[:, surface], expected)
