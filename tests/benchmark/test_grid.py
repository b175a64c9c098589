"""A benchmark whole, on tiny models: real runs in real processes, measured again by plain transformers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.suites import FAILING_PLANT, PLANT, QUICK, make_planting, make_suite
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import sanitizer.loading
from sanitizer import catalog
from sanitizer.benchmark import cells, grid
from sanitizer.benchmark.cells import cells_of
from sanitizer.benchmark.estimates import pack, unpack
from sanitizer.benchmark.grid import BenchmarkOptions, benchmark, plan
from sanitizer.benchmark.planting import Planted
from sanitizer.benchmark.suite import Unplanted
from sanitizer.benchmark.tables import read_table
from sanitizer.errors import UsageError
from sanitizer.report import BenchmarkReport, CellRecord
from sanitizer.schema import from_json

assert sanitizer.loading  # imported for what it registers

FAILING = {"name": "failing", "strategy": "random", "settings": {"no_such_setting": 1}}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[BenchmarkOptions, BenchmarkReport, list[CellRecord]]:
    folder = tmp_path_factory.mktemp("grid")
    suite = make_suite(folder / "suite", recipes=[QUICK, FAILING])
    options = BenchmarkOptions(suite, folder / "out", "sanitize benchmark x", jobs=2, device="cpu", keep_models=True)
    told: list[CellRecord] = []
    return options, benchmark(options, told=told.append), told


def predicted(model: Path, texts: tuple[str, ...]) -> list[int]:
    tokenizer = AutoTokenizer.from_pretrained(model)
    opened = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32).eval()
    with torch.no_grad():
        inputs = tokenizer(list(texts), return_tensors="pt", padding=True)
        return opened(**inputs).logits.argmax(dim=-1).tolist()


@pytest.mark.slow
def test_numbers_are_those_of_plain_transformers(
    done: tuple[BenchmarkOptions, BenchmarkReport, list[CellRecord]],
) -> None:
    options, report, _ = done
    suite = options.suite.parent
    (kept,) = (options.out / "models").iterdir()
    models = {"untreated": suite / "victim", "control": suite / "control", "treated": kept}
    test, triggered = read_table(suite / "test.csv"), read_table(suite / "triggered.csv")
    attacked = tuple(text for text, label in zip(triggered.texts, triggered.labels, strict=True) if label != 1)
    seen = set()
    for cell in report.cells:
        if cell.failed is None:
            seen.add(cell.what)
            assert cell.clean is not None and cell.triggered is not None
            right = [a == b for a, b in zip(predicted(models[cell.what], test.texts), test.labels, strict=True)]
            assert unpack(cell.clean) == "".join(str(int(hit)) for hit in right)
            aimed = [label == 1 for label in predicted(models[cell.what], attacked)]
            assert unpack(cell.triggered) == "".join(str(int(hit)) for hit in aimed)
    assert seen == set(models)


@pytest.mark.slow
def test_a_failure_is_told_and_loses_nothing(
    done: tuple[BenchmarkOptions, BenchmarkReport, list[CellRecord]],
) -> None:
    options, report, told = done
    good, bad = report.rows
    assert (good.recipe, good.seeds, good.failed, good.missing) == ("quick", (0,), (), 0)
    assert good.heads_removed is not None and good.heads_removed > 0
    assert good.memory is not None and good.memory > 50e6
    assert (bad.recipe, bad.seeds, bad.accuracy) == ("failing", (), None)
    assert "no_such_setting" in bad.failed[0]
    assert sorted(record.what for record in told) == ["control", "treated", "treated", "untreated"]
    assert [path.name for path in (options.out / "cells").glob("*.log")] == [
        path.with_suffix(".log").name for path in (options.out / "cells").glob("one--failing--*.json")
    ]
    run = next(cell.run for cell in report.cells if cell.run is not None)
    assert run.texts == 60


@pytest.mark.slow
def test_what_is_written_is_what_is_returned(
    done: tuple[BenchmarkOptions, BenchmarkReport, list[CellRecord]],
) -> None:
    options, report, _ = done
    assert from_json((options.out / "results.json").read_text(), "benchmark") == report
    assert "**" in (options.out / "README.md").read_text()
    for cell in report.cells:
        assert str(options.out) not in (cell.failed or "")


@pytest.mark.slow
def test_a_second_time_does_only_what_failed(
    done: tuple[BenchmarkOptions, BenchmarkReport, list[CellRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    options, report, _ = done
    tried = []

    def again(cell: grid.Cell, *rest: object, **named: object) -> CellRecord:
        tried.append(cell.title)
        (record,) = (record for record in report.cells if record.digest == cell.digest)
        return record

    monkeypatch.setattr(grid, "do_cell", again)
    assert benchmark(options) == report
    assert tried == ["one, failing, seed 0"]
    tried.clear()
    (options.out / "cells").rename(options.out / "away")
    try:
        assert plan(options).to_do == plan(options).chosen[-1:], "a clone has the table, not the cells"
    finally:
        (options.out / "away").rename(options.out / "cells")
    test = options.suite.parent / "test.csv"
    content = test.read_bytes()
    test.write_bytes(content + b"one more,1\n")
    try:
        assert len(plan(options).to_do) == 4, "other test texts are another measurement"
    finally:
        test.write_bytes(content)


def test_cells_are_named_by_what_decides_them(tmp_path: Path) -> None:
    def stems(**changes: object) -> list[str]:
        planned = plan(BenchmarkOptions(make_suite(tmp_path, **changes), tmp_path / "out", "x"))
        return [cell.stem for cell in planned.cells]

    first = stems()
    assert stems() == first
    assert len(set(first)) == 3
    assert stems(timeout=5) == first
    assert stems(texts=50)[:2] == first[:2]
    for changes in ({"texts": 50}, {"seeds": [1]}, {"data": "test.csv", "texts": 40}, {"recipes": ["ft"]}):
        assert stems(**changes)[2] not in first
    assert stems(recipes=[QUICK | {"settings": {}}]) == first


@pytest.mark.slow
def test_auto_is_told_of_the_base_and_is_another_cell_for_it(tmp_path: Path) -> None:
    told = {"name": "told", "strategy": "auto", "base": "control"}
    suite = make_suite(tmp_path / "suite", recipes=["auto", told])
    options = BenchmarkOptions(suite, tmp_path / "out", "x", device="cpu", keep_models=True)
    report = benchmark(options, told=lambda _: None)
    treated = {cell.recipe: cell for cell in report.cells if cell.recipe is not None}
    assert {name: cell.failed for name, cell in treated.items()} == {"auto": None, "told": None}
    assert treated["auto"].digest != treated["told"].digest
    recipes = {
        json.loads(path.read_text())["treatments"][0]["name"]
        for path in (options.out / "models").glob("*/sanitizer/report.json")
    }
    assert recipes == {"unlearn", "rebase"}


def test_a_default_that_changes_is_another_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = make_suite(tmp_path, recipes=["ft"])

    def digest(**changes: str) -> str:
        def described(recipe: object) -> tuple[catalog.Entry, ...]:
            parameter = replace(catalog.Parameter("epochs", "int", "3", "how often"), **changes)
            return (catalog.Entry("finetune", "", "", "", (parameter,)),)

        monkeypatch.setattr(cells, "plugins_of", described)
        return plan(BenchmarkOptions(suite, tmp_path / "out", "x")).cells[2].digest

    assert digest() == digest(note="another comment")
    assert digest() != digest(default="4")


def test_only_chooses_by_victim_recipe_and_seed(tmp_path: Path) -> None:
    victims = [{"name": n, "model": "victim", "triggered": "triggered.csv", "target": 1} for n in ("one", "two")]
    suite = make_suite(tmp_path, victims=victims, recipes=["pure", "ft"], seeds=[0, 1])

    def titles(*only: str) -> set[str]:
        return {cell.title for cell in plan(BenchmarkOptions(suite, tmp_path / "out", "x", only=only)).to_do}

    assert len(titles()) == 2 * 2 * 2 + 4
    assert titles("one", "pure", "1") == {"one, untreated", "one, control", "one, pure, seed 1"}
    assert len(titles("ft")) == 2 * 2 + 4
    with pytest.raises(UsageError) as caught:
        titles("purr")
    assert "did you mean 'pure'?" in caught.value.hint


@pytest.mark.parametrize("key", ["data", "test", "triggered"])
def test_texts_of_a_plant_are_read_before_anything_is_planted(tmp_path: Path, key: str) -> None:
    (tmp_path / "bad.csv").write_text("words\na\n")
    own = {"triggered": "bad.csv"} if key == "triggered" else {"plant": {**PLANT, key: "bad.csv"}}
    suite = make_planting(tmp_path, victims=[{"name": "word", "plant": PLANT, **own}])
    with pytest.raises(UsageError, match=r"bad\.csv has no column 'text'"):
        plan(BenchmarkOptions(suite, tmp_path / "out", "x"))


@pytest.mark.parametrize(
    ("changes", "says"), [({"texts": 81}, "81 are more than train.csv has, 80"), ({"data": "suite.yaml"}, "neither")]
)
def test_what_cannot_be_done_is_said_before_anything_is(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    options = BenchmarkOptions(make_suite(tmp_path, **changes), tmp_path / "out", "x")
    with pytest.raises(UsageError, match=says):
        benchmark(options)
    assert not options.out.exists()


def test_an_interruption_keeps_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = BenchmarkOptions(make_suite(tmp_path), tmp_path / "out", "x")
    stopped = []
    monkeypatch.setattr(grid.Children, "stop", lambda children: stopped.append(children))

    def half(cell: grid.Cell, *rest: object, **named: object) -> CellRecord:
        if cell.entry is not None:
            raise KeyboardInterrupt
        record = CellRecord(cell.victim.name, cell.what, cell.digest, "2026-01-02T03:04:05+00:00")
        return replace(record, clean=pack("10"), triggered=pack("1"))

    monkeypatch.setattr(grid, "do_cell", half)
    with pytest.raises(KeyboardInterrupt):
        benchmark(options)
    assert len(stopped) == 1
    assert [cell.title for cell in plan(options).to_do] == ["one, quick, seed 0"]


def test_a_record_of_something_else_is_not_taken(tmp_path: Path) -> None:
    options = BenchmarkOptions(make_suite(tmp_path), tmp_path / "out", "x")
    planned = plan(options)
    (tmp_path / "out" / "cells").mkdir(parents=True)
    first, second, third = planned.cells
    record = CellRecord("one", "untreated", first.digest, "now", clean=pack("1"), triggered=pack("1"))
    grid.store(tmp_path / "out" / "cells", first, record)
    grid.store(tmp_path / "out" / "cells", second, record)
    (tmp_path / "out" / "cells" / f"{third.stem}.json").write_text("{")
    assert plan(options).records == {first.stem: record}
    assert cells_of(planned.suite, planned.digests) == planned.cells


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[BenchmarkOptions, BenchmarkReport, list[object]]:
    folder = tmp_path_factory.mktemp("planted")
    victims = [{"name": "word", "plant": PLANT}, {"name": "none", "plant": FAILING_PLANT}]
    suite = make_planting(folder / "suite", victims=victims, texts=60)
    options = BenchmarkOptions(suite, folder / "out", "sanitize benchmark x", device="cpu")
    told: list[object] = []
    return options, benchmark(options, told=told.append), told


@pytest.mark.slow
def test_a_victim_is_planted_and_treated_and_measured(
    planted: tuple[BenchmarkOptions, BenchmarkReport, list[object]],
) -> None:
    options, report, told = planted
    word, _ = report.victims
    assert word.attack_success is not None and word.floor is not None
    assert (word.attack_success.value >= 0.9, word.floor.value <= 0.3, word.target) == (True, True, 1)
    assert word.plant is not None and "badnets" in word.plant
    assert (report.rows[0].seeds, report.rows[0].failed) == ((0,), ())
    assert sorted(type(one).__name__ for one in told) == ["CellRecord"] * 3 + ["Planted"] * 2
    (folder,) = (path for path in (options.out / "victims").iterdir() if path.is_dir())
    assert folder.name.startswith("word--")


@pytest.mark.slow
def test_a_plant_that_fails_loses_its_own_cells_alone(
    planted: tuple[BenchmarkOptions, BenchmarkReport, list[object]],
) -> None:
    options, report, _ = planted
    failed = {cell.victim: cell.failed for cell in report.cells if cell.failed is not None}
    assert failed == {"none": "not planted: there are no trigger words; --set words=bb,cf"}
    assert len(report.cells) == 6
    assert report.rows[1].failed == (f"seed 0: {failed['none']}",)
    assert report.rows[1].failed[0] in (options.out / "README.md").read_text()


@pytest.mark.slow
def test_what_is_planted_is_not_planted_again(
    planted: tuple[BenchmarkOptions, BenchmarkReport, list[object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options, report, _ = planted
    options = replace(options, out=Path(shutil.copytree(options.out, tmp_path / "out")))
    assert {cell.victim.name for cell in plan(options).to_do} == {"none"}
    tried = []

    def again(victim: Unplanted, *rest: object, **named: object) -> Planted:
        tried.append(victim.name)
        return Planted(victim.name, failed="still not")

    monkeypatch.setattr(grid, "do_plant", again)
    after = benchmark(options)
    assert tried == ["none"]
    assert after.rows[0] == report.rows[0]
    assert after.rows[1].failed == ("seed 0: not planted: still not",)


def test_only_what_is_chosen_is_planted(tmp_path: Path) -> None:
    victims = [{"name": name, "plant": PLANT} for name in ("one", "two")]
    suite = make_planting(tmp_path, victims=victims)
    assert [v.name for v in plan(BenchmarkOptions(suite, tmp_path / "out", "x")).to_plant] == ["one", "two"]
    assert [v.name for v in plan(BenchmarkOptions(suite, tmp_path / "out", "x", only=("two",))).to_plant] == ["two"]
    assert plan(BenchmarkOptions(make_suite(tmp_path / "there"), tmp_path / "out", "x")).to_plant == ()


def test_an_interrupted_plant_leaves_a_published_table_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = BenchmarkOptions(make_planting(tmp_path), tmp_path / "out", "x")
    options.out.mkdir()
    (options.out / "results.json").write_text("published")

    def interrupted(*words: object, **named: object) -> Planted:
        raise KeyboardInterrupt

    monkeypatch.setattr(grid, "do_plant", interrupted)
    with pytest.raises(KeyboardInterrupt):
        benchmark(options)
    assert (options.out / "results.json").read_text() == "published"


def test_the_parent_needs_no_torch() -> None:
    code = "import sys, json; import sanitizer.benchmark.grid; print(json.dumps(sorted(sys.modules)))"
    modules = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert "sanitizer.benchmark.summary" in modules
    assert not {"torch", "transformers", "datasets"} & set(modules)
