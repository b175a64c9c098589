from __future__ import annotations

import pytest
from helpers.contexts import context_of

from sanitizer.errors import UsageError
from sanitizer.model.activity import attention_variance
from sanitizer.plugins import build
from sanitizer.strategies.pure import Pure


def test_the_score_is_the_attention_variance_of_the_texts() -> None:
    context = context_of()
    assert Pure().score(context).grid == attention_variance(context.subject, context.sample(1024))


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(UsageError):
        build("sanitizer.strategies", "pure", {"samples": "0"})
