"""Kills, full disks and crowds: the output is the old folder or the new one, and the same words again make it right."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.checkpoints import make, write_json
from helpers.faults import Forks, forks
from helpers.runs import make_suspect, make_tsv

SIGALRM, SIGKILL = 14, 9
VET = """
from pathlib import Path
from sanitizer import vetting
from sanitizer.options import VetOptions
import sanitizer.vet.values, sanitizer.vet.isolated
here = Path({here!r})
def work():
    vetting.vet(VetOptions(str(here / "suspect"), rebuild=here / "place" / "out", force={force}))
"""
RUN = """
import sys
from pathlib import Path
from helpers.runs import options
from sanitizer import pipeline
here = Path({here!r})
def work():
    pipeline.run(options(here / "suspect", here / "clean.tsv", here / "place" / "out", force={force}, resume=False))
"""


def content(folder: Path) -> dict[str, bytes]:
    """What makes the model: report, card, lock and sums tell of times as well."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "README.md"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def vetting(place: Path) -> Iterator[Forks]:
    """`sanitize vet --rebuild --force` over an older copy."""
    folder = make(place.parent / "suspect")
    with forks(VET.format(here=str(place.parent), force=True), place) as vetting:
        assert vetting.tries()[0][0] == 0
        write_json(folder / "generation_config.json", {"max_length": 20})
        yield vetting


def spread(last: int, many: int) -> list[int]:
    """Steps from 1 to `last`: the first, the last, and some between."""
    return sorted({1, last, *random.Random(last).sample(range(1, last + 1), min(many, last))})


@pytest.fixture
def both(vetting: Forks, place: Path) -> tuple[int, dict[str, bytes], dict[str, bytes]]:
    """How many steps it takes, what lies there before, and what lies there in the end."""
    old = content(place / "out")
    (kept,) = vetting.tries("full", 1)
    assert kept[0] == 3
    assert content(place / "out") == old
    (place / "out").rename(place.parent / "kept")
    ((code, steps),) = vetting.tries()
    assert code == 0
    new = content(place / "out")
    assert new.keys() - old.keys() == {"generation_config.json"}
    return steps, old, new


def restored(place: Path) -> None:
    """The old output again."""
    (place / "out").rename(place.parent / f"done-{len(list(place.parent.iterdir()))}")
    (place / "out").mkdir()
    for path in (place.parent / "kept").iterdir():
        (place / "out" / path.name).write_bytes(path.read_bytes())


@pytest.mark.slow
def test_a_vet_killed_at_any_step_leaves_the_old_copy_or_the_new(
    vetting: Forks, both: tuple[int, dict[str, bytes], dict[str, bytes]], place: Path
) -> None:
    steps, old, new = both
    seen = []
    for step in spread(steps, 12):
        restored(place)
        assert vetting.tries("kill", step) == [(-SIGKILL, 0)]
        found = content(place / "out")
        assert found in (old, new), f"neither after step {step}"
        seen.append(found == new)
        assert vetting.tries()[0][0] == 0
        assert content(place / "out") == new
        assert [path.name for path in place.iterdir()] == ["out"], "what was left has been collected"
    assert seen == sorted(seen), "once the new copy is there it stays"
    assert not seen[0]
    assert seen[-1]


@pytest.mark.slow
def test_a_disk_that_is_full_from_any_step_on_is_3_and_leaves_the_old_copy(
    vetting: Forks, both: tuple[int, dict[str, bytes], dict[str, bytes]], place: Path
) -> None:
    steps, old, new = both
    codes = []
    for step in spread(steps, 8):
        restored(place)
        ((code, _),) = vetting.tries("full", step)
        codes.append(code)
        assert content(place / "out") == (old if code else new)
        assert [path.name for path in place.iterdir()] == ["out"]
    assert set(codes) <= {0, 3}
    assert codes == sorted(codes, reverse=True), "the last steps take no space"
    assert codes[0] == 3


@pytest.mark.slow
@pytest.mark.parametrize("force", [True, False])
def test_eight_vets_of_one_output_at_once(force: bool, place: Path) -> None:
    make(place.parent / "suspect")
    with forks(VET.format(here=str(place.parent), force=force), place) as vetting:
        codes = [code for code, _ in vetting.tries(times=8)]
        new = content(place / "out")
        assert codes.count(0) == 8 if force else (codes.count(0) >= 1 and set(codes) <= {0, 2})
        assert [path.name for path in place.iterdir()] == ["out"]
        (place / "out").rename(place.parent / "done")
        assert vetting.tries()[0][0] == 0
        assert content(place / "out") == new


@pytest.mark.slow
def test_a_run_killed_anywhere_leaves_the_old_result_and_ends_the_same_when_repeated(place: Path) -> None:
    make_suspect(place.parent / "suspect")
    make_tsv(place.parent / "clean.tsv")
    with forks(RUN.format(here=str(place.parent), force=True), place) as running:
        ((code, steps),) = running.tries()
        assert code == 0
        new = content(place / "out")
        (place / "out").rename(place.parent / "done")
        (place / "out").mkdir()
        (place / "out" / "old").touch()
        for step in spread(steps, 5)[:-1]:
            assert running.tries("kill", step) == [(-SIGKILL, 0)]
            assert content(place / "out") in ({"old": b""}, new)
        for seconds in (0.05, 0.4):
            assert running.tries(after=seconds)[0][0] in (-SIGALRM, 0)
            assert content(place / "out") in ({"old": b""}, new)
        ((code, _),) = running.tries("full", 1)
        assert code == 3
        assert content(place / "out") in ({"old": b""}, new)
        assert running.tries()[0][0] == 0
        assert content(place / "out") == new
        assert [path.name for path in place.iterdir()] == ["out"]


@pytest.mark.slow
def test_runs_of_one_output_at_once(place: Path) -> None:
    make_suspect(place.parent / "suspect")
    make_tsv(place.parent / "clean.tsv")
    with forks(RUN.format(here=str(place.parent), force=False), place) as running:
        codes = [code for code, _ in running.tries(times=8)]
        assert sorted(codes) == [0, *[2] * 7], "one was the first, and the others say so"
        new = content(place / "out")
        (place / "out").rename(place.parent / "done")
        assert running.tries()[0][0] == 0
        assert content(place / "out") == new
        assert [path.name for path in place.iterdir()] == ["out"]


SMALL = """
import json, shutil
from pathlib import Path
from helpers.checkpoints import make
from sanitizer import vetting
from sanitizer.errors import SanitizerError
from sanitizer.options import VetOptions
here = Path({here!r})
def copied():
    try:
        vetting.vet(VetOptions(str(here / "suspect"), rebuild=here / "place" / "out", force=True))
    except SanitizerError as error:
        return error.exit_code
    return 0
def there():
    return sorted(path.relative_to(here / "place").as_posix() for path in (here / "place").rglob("*") if path.is_file())
make(here / "suspect")
told = [[copied(), there()]]
many = here / "suspect" / "additional_chat_templates"
many.mkdir()
for number in range(60):  # a page of memory each, which adds up to more than their bytes do
    (many / f"t{{number}}.jinja").write_text("x")
told.append([copied(), there()])
shutil.rmtree(many)
told.append([copied(), there()])
print(json.dumps(told))
"""


def test_a_disk_that_is_really_full_is_3_and_leaves_the_old_copy(place: Path) -> None:
    """A file system of 160 kB, in a namespace of its own."""
    mounted = f"mount -t tmpfs -o size=160k none {shlex.quote(str(place))}"
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*alone, mounted], capture_output=True, check=False).returncode
    ):
        pytest.skip("no file system can be mounted here")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*alone, f'{mounted} && exec "$0" -c "$1"', sys.executable, SMALL.format(here=str(place.parent))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (first, full, again) = json.loads(done.stdout)
    assert first[0] == 0
    assert full == [3, first[1]], "the old copy, and nothing beside it"
    assert again == first
