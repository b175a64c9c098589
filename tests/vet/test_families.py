"""Every kind of file that is ever fetched has somebody who examines it."""

from __future__ import annotations

from typing import get_args

from sanitizer.vet.families import FAMILIES
from sanitizer.vet.inventory import Kind


def test_every_kind_has_a_family() -> None:
    assert set(FAMILIES) == set(get_args(Kind))
