"""What is inside plain data: every tensor once, however it is nested, referred to or closed into a circle."""

from __future__ import annotations

from sanitizer.vet.legacy.values import Ordered, Storage, View, views_within

STORAGE = Storage("0", "F32", 8)
VIEW = View(STORAGE, "F32", 0, (2,), (1,))


def test_tensors_and_storages_at_any_depth() -> None:
    nested = Ordered(a=[1, (VIEW, {"b": [STORAGE]})], c="x", d=None)
    assert sorted(map(repr, views_within(nested))) == sorted(map(repr, (VIEW, STORAGE)))
    assert list(views_within(VIEW)) == [VIEW]
    assert list(views_within({"a": (1, 2.5, "x", None, True)})) == []


def test_circles_and_bombs_end() -> None:
    circle: list[object] = [VIEW]
    circle.append(circle)
    assert list(views_within(circle)) == [VIEW]
    bomb: list[object] = [VIEW]
    for _ in range(100):
        bomb = [bomb] * 10
    assert list(views_within(bomb)) == [VIEW]
    deep: tuple[object, ...] = ()
    for _ in range(100_000):
        deep = (deep,)
    assert list(views_within(deep)) == []
