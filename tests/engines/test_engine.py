from __future__ import annotations

import pytest

from sanitizer.engines.engine import Need
from sanitizer.errors import UsageError


@pytest.mark.parametrize("words", [{"cpus": 0}, {"cpus": -1}, {"gpus": -0.5}, {"memory": 0}])
def test_a_need_of_less_than_nothing_is_refused(words: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Need(**words)
    assert Need(1, 0.5, 1) == Need(cpus=1, gpus=0.5, memory=1)
