"""Whatever the documentation tells a reader to type is typed here, by a real bash, offline, on tiny models."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from helpers.blocks import Block, blocks, commands, found_command, misused, named_in_prose
from helpers.hub import TOKEN, LoopbackHub
from helpers.hub_client import environment
from helpers.warm import Shell
from helpers.world import clone, fill_hub, make_world, provide, scripts

from sanitizer.cli import sanitize
from sanitizer.commands.session import QUIET_BARS, QUIET_LOGS
from sanitizer.showcase import DemoResult

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = {page: tuple(blocks(page)) for page in PAGES}
TYPED = ("bash", "console", "python")


def called(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


Scene = tuple[tuple[Block, str], ...]
"""Scripts that follow each other in one folder, as a reader would type them."""


def scenes() -> Iterator[tuple[str, Scene]]:
    """A page is a scene, and each of its lines that stand alone is another."""
    for page in PAGES:
        typed = [block for block in BLOCKS[page] if block.kind in TYPED and not block.not_run]
        whole = tuple((block, block.script) for block in typed if not block.alone)
        if whole:
            yield called(page), whole
        for block in typed:
            for number, line in enumerate(scripts(block) if block.alone else ()):
                yield f"{called(page)}:{block.line}.{number}", ((block, line),)


SCENES = dict(scenes())


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[tuple[Shell, Path]]:
    """A shell whose libraries talk to a Hub on loopback, and the things that scripts may name."""
    place = tmp_path_factory.mktemp("world")
    world = make_world(place / "world")
    with LoopbackHub() as hub:
        fill_hub(hub, world)
        words = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        words |= dict.fromkeys(QUIET_BARS, "1") | dict.fromkeys(QUIET_LOGS, "error")
        words |= {
            "SANITIZER_CACHE": str(cache),
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "120",
            "HF_TOKEN": TOKEN,
            "BROWSER": "true",
        }
        words |= environment(hub.url, place / "hf-home")
        with Shell(words) as made:
            for script in (
                "sanitize ./model --data reviews.tsv --device cpu --quiet",
                "cp model-sanitized/sanitizer/report.json report.json",
            ):
                done = made.run(script, cwd=world)
                assert done.returncode == 0, done.stdout
            yield made, world


@pytest.fixture
def demo(request: pytest.FixtureRequest, scene: str, tmp_path: Path) -> dict[str, str]:
    """Where a reader makes the demo: the one that this session has made already, for the shell to copy."""
    if not any("sanitize demo" in script for _, script in SCENES[scene]):
        return {}
    made: DemoResult = request.getfixturevalue("shown")
    with (tmp_path / "demo").open("wb") as stream:
        pickle.dump(made, stream)
    return {"DEMO_MADE": str(tmp_path / "demo")}


@pytest.mark.parametrize("scene", SCENES)
def test_what_a_page_says_can_be_typed(
    scene: str, shell: tuple[Shell, Path], demo: dict[str, str], tmp_path: Path
) -> None:
    here, world = shell
    folder = tmp_path / "here"
    folder.mkdir()
    if any(" sanitizer/" in script for _, script in SCENES[scene]):
        clone(folder)
    for block, script in SCENES[scene]:
        if block.saved:
            (folder / block.saved).write_text(script)
            continue
        provide(script, world, folder)
        if block.kind == "python":
            (folder / "typed.py").write_text(script)
        done = here.run("python typed.py" if block.kind == "python" else script, cwd=folder, **demo)
        assert done.returncode == block.code, f"{block}: {script}\n{done.stdout}"
        missing = unlike(block.shown, done.stdout)
        assert not missing, f"{block} shows what is not said: {missing}\n{done.stdout}"


def unlike(shown: tuple[str, ...], said: str) -> list[str]:
    """Lines of a console that are not in the output; numbers, maps of heads and the width of a terminal may differ."""
    words = folded(said)
    return [line for line in shown if line.strip() not in ("", "…") and folded(line) not in words]


def test_output_that_a_console_shows_and_nobody_says_is_found() -> None:
    said = "answer      refused (fails on medium findings)\nL0  3 4 x\naccuracy 97.5 % (96.3–98.3)"
    assert unlike(("  answer   refused (fails on medium", "…", "accuracy 1 % (2.0–3.5)", "L0  x x x"), said) == []
    assert unlike(("answer passed",), said) == ["answer passed"]


def folded(text: str) -> str:
    """What is said, without numbers, digests, sizes and rows of a map of heads."""
    for pattern in (r"^L\d+ .*$", r"\b[0-9a-f]{40,64}\b", r"[-+]?\d[\d.,–]*(?:e[-+]?\d+)?"):
        text = re.sub(pattern, "" if pattern[0] == "^" else "#", text, flags=re.M)
    return re.sub(r"# [kMG]?B\b", "# B", " ".join(text.split()))


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_commands_and_options_are_those_of_the_command_line(page: Path) -> None:
    wrong = [
        f"{block}: {why}"
        for block in BLOCKS[page]
        if block.kind in ("bash", "console", "yaml")
        for words in commands(block.script if block.kind != "yaml" else lines_of(block))
        if (why := misused(words, sanitize))
    ]
    wrong += [
        f"{page.name}:{line}: {why}"
        for line, text in named_in_prose(page)
        for words in commands(text.replace("…", "").replace("'", ""))
        if (why := misused(words, sanitize))
    ]
    assert not wrong


def lines_of(block: Block) -> str:
    """Commands in YAML: of CI, whose keys stand before them."""
    return "\n".join(found[0] for found in re.finditer(r"\bsanitize [^\n]*", block.text))


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_what_is_not_run_is_parsed_with_its_values(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in BLOCKS[page]:
        if block.not_run and block.kind in ("bash", "console"):
            for words in commands(block.script):
                command, rest = found_command(words, sanitize)
                for name in rest:
                    if re.fullmatch(r"[\w-]+\.(lock|txt)", name):  # a list of models that the reader has
                        Path(name).touch()
                if not isinstance(command, click.Group):
                    command.make_context(command.name, [*rest])


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_yaml_is_yaml_and_gives_the_action_what_it_takes(page: Path) -> None:
    takes = yaml.safe_load((ROOT / ".github" / "actions" / "vet" / "action.yml").read_text())["inputs"]
    for block in BLOCKS[page]:
        if block.kind == "yaml":
            found = yaml.safe_load(block.text)
            for step in steps(found):
                if "/.github/actions/vet@" in str(step.get("uses", "")):
                    assert step["with"].keys() <= takes.keys(), str(block)


def steps(found: object) -> Iterator[dict[str, object]]:
    if isinstance(found, dict):
        if "uses" in found:
            yield found
        for value in found.values():
            yield from steps(value)
    elif isinstance(found, list):
        for value in found:
            yield from steps(value)


def test_every_shell_block_is_run_or_says_why_not() -> None:
    """A fence without a language is typed by readers as well as any other, and by no test."""
    bare = [str(block) for found in BLOCKS.values() for block in found if block.kind in ("", "sh", "shell", "text")]
    assert not bare
