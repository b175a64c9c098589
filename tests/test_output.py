"""The place of the output: never half-written, never the wrong one, and its sums are those of sha256sum."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.runs import listing
from safetensors import SafetensorError

from sanitizer import output
from sanitizer.checkpoint import Checkpoint, FileDigest, LocalOrigin
from sanitizer.errors import ResourceError, UsageError
from sanitizer.output import check_place, files_of, put_in_place, seal, workspace


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, its parent and a home of the test's own."""
    folder = tmp_path / "above" / "here"
    folder.mkdir(parents=True)
    (tmp_path / "homes" / "me").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "homes" / "me"))
    return folder


def write(folder: Path, content: str) -> Path:
    (folder / "sanitizer").mkdir(parents=True)
    (folder / "model.safetensors").write_text(content)
    (folder / "sanitizer" / "report.json").write_text("{}")
    return folder


def test_a_new_or_an_empty_folder_is_free(here: Path) -> None:
    check_place(Path("new/deep"), force=False, source=None)
    (here / "empty").mkdir()
    check_place(Path("empty"), force=False, source=None)


def test_a_folder_with_anything_in_it_takes_force(here: Path) -> None:
    write(here / "out", "old")
    with pytest.raises(UsageError, match="is not empty") as caught:
        check_place(Path("out"), force=False, source=None)
    assert "--force" in caught.value.hint
    check_place(Path("out"), force=True, source=None)


@pytest.mark.parametrize("place", [".", "..", "../..", "/", "~", "~/.."])
def test_some_places_are_refused_even_with_force(place: str) -> None:
    with pytest.raises(UsageError, match="must not be replaced"):
        check_place(Path(place).expanduser(), force=True, source=None)


def test_a_link_to_a_protected_place_is_refused(here: Path) -> None:
    (here / "link").symlink_to("..")
    with pytest.raises(UsageError, match="must not be replaced"):
        check_place(Path("link"), force=True, source=None)
    (here / "elsewhere").mkdir()
    (here / "other").symlink_to("elsewhere")
    with pytest.raises(UsageError, match="is not a folder"):
        check_place(Path("other"), force=True, source=None)
    (here / "file").touch()
    with pytest.raises(UsageError, match="is not a folder"):
        check_place(Path("file"), force=True, source=None)


@pytest.mark.parametrize("place", ["models/suspect", "models", "models/suspect/out"])
def test_the_model_is_never_written_over_or_into(here: Path, place: str) -> None:
    source = write(here / "models" / "suspect", "suspect")
    with pytest.raises(UsageError, match="the model"):
        check_place(Path(place), force=True, source=source)
    (here / "alias").symlink_to(source)
    with pytest.raises(UsageError, match="the model"):
        check_place(Path(place), force=True, source=Path("alias"))
    check_place(Path("models/other"), force=True, source=source)


def test_the_workspace_is_private_on_the_same_disk_and_goes_away(here: Path) -> None:
    with workspace(Path("out")) as work:
        assert work.parent.resolve() == here
        assert stat.S_IMODE(work.stat().st_mode) == 0o700
        (work / "file").touch()
    assert listing(here) == set()


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt, SystemExit, OSError])
def test_the_workspace_goes_away_whatever_happens(here: Path, raised: type[BaseException]) -> None:
    with pytest.raises(raised), workspace(Path("new/deep/out")) as work:
        write(work / "built", "half")
        raise raised
    assert listing(here) == set()


def test_folders_on_the_way_stay_only_if_something_is_there(here: Path) -> None:
    (here / "mine").mkdir()
    with pytest.raises(RuntimeError), workspace(Path("mine/new/out")):
        raise RuntimeError
    assert listing(here) == {"mine"}
    with workspace(Path("mine/new/out")) as work:
        put_in_place(write(work / "built", "new"), Path("mine/new/out"), force=False)
    assert (here / "mine/new/out/model.safetensors").read_text() == "new"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_exit_3(here: Path, number: int) -> None:
    with pytest.raises(ResourceError, match="is full") as caught, workspace(Path("out")):
        raise OSError(number, os.strerror(number))
    assert caught.value.exit_code == 3
    assert "--output" in caught.value.hint
    # What safetensors 0.8 was seen to raise on a file system of 64 kB.
    words = f"Error while serializing: I/O error: {os.strerror(number)} (os error {number})"
    with pytest.raises(ResourceError, match="is full"), workspace(Path("out")):
        raise SafetensorError(words)
    with pytest.raises(SafetensorError, match="header"), workspace(Path("out")):
        raise SafetensorError("invalid header")
    assert listing(here) == set()


def test_a_full_disk_before_the_first_file_is_exit_3_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", fail_with(errno.ENOSPC))
    with pytest.raises(ResourceError, match="is full"), workspace(Path("deep/out")):
        raise AssertionError
    assert listing(here) == set()


def test_a_place_that_cannot_be_written_to_is_exit_2(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "file").touch()
    with pytest.raises(UsageError, match="cannot be written to"), workspace(Path("file/out")):
        raise AssertionError
    monkeypatch.setattr("tempfile.mkdtemp", fail_with(errno.EACCES))
    with pytest.raises(UsageError, match="cannot be written to: Permission denied"), workspace(Path("deep/out")):
        raise AssertionError
    assert listing(here) == {"file"}


def fail_with(number: int) -> Callable[..., str]:
    def fail(*args: object, **kwargs: object) -> str:
        raise OSError(number, os.strerror(number))

    return fail


def replace(built: str) -> None:
    with workspace(Path("out")) as work:
        put_in_place(write(work / "built", built), Path("out"), force=True)


def test_the_new_folder_takes_the_place_of_the_old(here: Path) -> None:
    write(here / "out", "old")
    (here / "out" / "stale.bin").touch()
    replace("new")
    assert listing(here) == {"out", "out/model.safetensors", "out/sanitizer", "out/sanitizer/report.json"}
    assert (here / "out/model.safetensors").read_text() == "new"
    assert stat.S_IMODE((here / "out").stat().st_mode) == 0o755
    assert stat.S_IMODE((here / "out/model.safetensors").stat().st_mode) == 0o644


def test_what_was_put_there_meanwhile_takes_force(here: Path) -> None:
    """Between the check and the end lie hours, in which another run may end."""
    with pytest.raises(UsageError, match="not empty any more"), workspace(Path("out")) as work:
        write(here / "out", "another's")
        put_in_place(write(work / "built", "new"), Path("out"), force=False)
    assert (here / "out/model.safetensors").read_text() == "another's"
    assert {name.split("/")[0] for name in listing(here)} == {"out"}


def test_with_force_what_comes_last_stays(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def overtaken(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        write(here / "out", "another's")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    replace("new")
    assert (here / "out/model.safetensors").read_text() == "new"
    assert {name.split("/")[0] for name in listing(here)} == {"out"}


def test_what_a_killed_run_left_goes_with_the_next_of_the_same_output(here: Path) -> None:
    code = "import os; from pathlib import Path; from sanitizer.output import workspace\n"
    code += "with workspace(Path('out')) as work: (work / 'half').touch(); os.kill(os.getpid(), 9)"
    root = str(Path(output.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], cwd=here, env={**os.environ, "PYTHONPATH": root}, check=False)
    (left,) = here.iterdir()
    assert [path.name for path in left.iterdir()] == ["half"]
    with workspace(Path("other")):
        assert left.exists()
    with workspace(Path("out")) as first, workspace(Path("out")) as second:
        assert not left.exists()
        assert first.is_dir(), "somebody works in it"
        assert second.is_dir()
    assert listing(here) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can exchange two folders")
def test_no_moment_is_without_a_folder(here: Path) -> None:
    """A process that is killed stops at some moment: so at none of them may the output be missing or mixed."""
    write(here / "out", "first")
    code = """
import sys
from pathlib import Path
from sanitizer.output import put_in_place, workspace
for number in range(200):
    with workspace(Path("out")) as work:
        (work / "built").mkdir()
        (work / "built" / "model.safetensors").write_text(str(number))
        put_in_place(work / "built", Path("out"), force=True)
"""
    root = str(Path(output.__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", code], cwd=here, env={**os.environ, "PYTHONPATH": root})
    seen = set()
    while process.poll() is None:
        assert (here / "out").is_dir()
        with suppress(FileNotFoundError):  # the old folder, if it was opened just before it was removed
            seen.add((here / "out" / "model.safetensors").read_text())
    assert process.returncode == 0
    assert len(seen) > 1, "otherwise nothing was watched"
    assert seen <= {"first", *map(str, range(200))}


@pytest.mark.parametrize("raised", [OSError(errno.EACCES, "no"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["chmod", "rename 1", "rename 2", "after 1", "after 2"])
def test_an_error_at_any_step_leaves_the_old_folder_or_the_new(
    here: Path, monkeypatch: pytest.MonkeyPatch, step: str, raised: BaseException
) -> None:
    write(here / "out", "old")
    monkeypatch.setattr(output, "exchange", lambda built, output: False)
    done, rename = iter(range(1, 9)), Path.rename

    def broken(path: Path, *args: object, **kwargs: object) -> object:
        call = next(done)
        if step in ("chmod", f"rename {call}"):
            raise raised
        result = rename(path, *args, **kwargs)  # type: ignore[arg-type]
        if step == f"after {call}":
            raise raised
        return result

    monkeypatch.setattr(Path, "chmod" if step == "chmod" else "rename", broken)
    with pytest.raises(type(raised)):
        replace("new")
    expected = "new" if step == "after 2" else "old"
    assert (here / "out/model.safetensors").read_text() == expected
    assert {name.split("/")[0] for name in listing(here) if "replaced" not in name} == {"out"}


def test_what_could_not_be_put_back_is_still_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here / "out", "old")
    monkeypatch.setattr(output, "exchange", lambda built, output: False)
    rename = Path.rename

    def broken(path: Path, target: Path) -> Path:
        if target == Path("out"):
            raise OSError(errno.EIO, "the disk is dying")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(OSError, match="dying"):
        replace("new")
    (kept,) = here.iterdir()
    assert (kept / "model.safetensors").read_text() == "old"


def test_sums_are_checked_by_sha256sum_and_cover_everything(here: Path) -> None:
    folder = write(here / "out", "weights")
    (folder / "a file with blanks.txt").write_text("x")
    sealed = seal(folder)
    check = ["sha256sum", "--check", "--strict", "sanitizer/SHA256SUMS"]
    done = subprocess.run(check, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {line.removesuffix(": OK") for line in done.stdout.splitlines()} == {
        "a file with blanks.txt",
        "model.safetensors",
        "sanitizer/report.json",
    }
    assert seal(folder).digest == sealed.digest, "sealing twice says the same"
    (folder / "model.safetensors").write_text("Weights")
    assert subprocess.run(check, cwd=folder, capture_output=True).returncode == 1


def test_what_was_hashed_just_now_is_not_hashed_again(here: Path) -> None:
    folder = write(here / "out", "weights")
    known = {"model.safetensors": FileDigest(7, "ab" * 32)}
    assert seal(folder, known).files["model.safetensors"] == known["model.safetensors"]
    assert seal(folder).files["model.safetensors"] != known["model.safetensors"]


def test_files_say_what_was_carried_and_what_was_made(here: Path) -> None:
    write(here / "vetted", "old")
    (here / "vetted" / "tokenizer.json").write_text("{}")
    shutil.copytree(here / "vetted", here / "built")
    (here / "built" / "model.safetensors").write_text("new")
    names = ["model.safetensors", "tokenizer.json"]
    vetted = Checkpoint.of_folder(here / "vetted", LocalOrigin("vetted"), names)
    written = Checkpoint.of_folder(here / "built", LocalOrigin("built"), names)
    fates = {record.name: (record.fate, record.size) for record in files_of(written, vetted)}
    assert fates == {"model.safetensors": ("rebuilt", 3), "tokenizer.json": ("kept", 2)}
