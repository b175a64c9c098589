"""A suite: which victims are treated by which recipes with which seeds, and on which texts that is measured.

As YAML, with paths relative to the file::

    data: train.tsv            # clean texts that defenders draw theirs from
    texts: 1000                # so many per run, another draw for each seed; left out: all
    test: test.tsv             # clean texts for the accuracy, which no run sees
    control: clean-model       # a model without backdoor, for the benign floor
    victims:
      - {name: badnets, model: badnets, triggered: badnets.tsv, target: 1}
    recipes:                   # what --recipe takes, `auto`, or a recipe with a name
      - pure
      - auto
      - mine.yaml
      - {name: heads-only, strategy: gradient, treatments: [remove]}
      - {name: auto-with-base, strategy: auto, base: base-model}  # the folder that --base gets
    seeds: [0, 1, 2]
    timeout: 7200              # seconds for one run; may be left out, as may `name`

The files have the columns text and label (true labels, from 0); `target` is the label that the attack wants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sanitizer import catalog
from sanitizer.auto import AUTO, STRATEGIES, TREATMENTS
from sanitizer.cleandata import LEAST
from sanitizer.errors import UsageError
from sanitizer.plugins import unknown
from sanitizer.recipe import Recipe
from sanitizer.recipes import find

KEYS = ("name", "data", "texts", "test", "control", "victims", "recipes", "seeds", "timeout")
NEEDED = ("data", "test", "control", "victims", "recipes", "seeds")
VICTIM_KEYS = ("name", "model", "triggered", "target")
TIMEOUT = 7200
MOST_SEED = 2**32 - 1
_UNDECIDED = Recipe(AUTO, treatments=())
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._/+-]{0,63}")


@dataclass(frozen=True)
class Victim:
    """A backdoored model (a local folder), the triggered texts with their true labels, and the label they aim at."""

    name: str
    model: Path
    triggered: Path
    target: int


@dataclass(frozen=True)
class Entry:
    """A recipe under the name that the table gives it, and the folder of the base that it is told of.

    The strategy `auto` stands for whatever a run chooses by evidence.
    """

    name: str
    recipe: Recipe
    base: Path | None = None


@dataclass(frozen=True)
class Suite:
    """A suite as read: names are unique, every path exists, every recipe names strategies and treatments there are."""

    name: str
    data: Path
    texts: int | None
    test: Path
    control: Path
    victims: tuple[Victim, ...]
    recipes: tuple[Entry, ...]
    seeds: tuple[int, ...]
    timeout: int = TIMEOUT


def read_suite(path: Path) -> Suite:
    """Raises UsageError naming what is wrong with the suite or with what it points at."""
    try:
        words = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"suite {path} cannot be read: {why}", hint="`sanitize benchmark demo` needs none") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is no YAML: {str(error).splitlines()[0]}", hint="`sanitize benchmark -h`") from error
    if not isinstance(words, dict):
        raise UsageError(f"{path} is no suite", hint=f"it is a mapping with {', '.join(NEEDED)}")
    _check_keys("suite key", words, KEYS, NEEDED)
    here = path.parent
    suite = Suite(
        name=_name(words.get("name", _stem(path)), "the suite's name"),
        data=_file(here, words["data"], "data"),
        texts=None if words.get("texts") is None else _number(words["texts"], "texts", least=LEAST),
        test=_file(here, words["test"], "test"),
        control=_model(here, words["control"], "control"),
        victims=tuple(_victim(here, entry) for entry in _list(words["victims"], "victims")),
        recipes=tuple(_entry(here, entry) for entry in _list(words["recipes"], "recipes")),
        seeds=tuple(_number(seed, "a seed", most=MOST_SEED) for seed in _list(words["seeds"], "seeds")),
        timeout=_number(words.get("timeout", TIMEOUT), "timeout", least=1),
    )
    _check_twins("name", [*(victim.name for victim in suite.victims), *(entry.name for entry in suite.recipes)])
    _check_twins("seed", [str(seed) for seed in suite.seeds])
    return suite


def plugins_of(recipe: Recipe) -> tuple[catalog.Entry, ...]:
    """The strategy and the treatments, described: all that `auto` may take. Raises UsageError for one not there."""
    auto, steps = recipe.strategy == AUTO, (*recipe.prepare, *recipe.treatments)
    strategies = STRATEGIES if auto else (recipe.strategy,)
    treatments = TREATMENTS if auto else tuple(step.name for step in steps)
    return (
        *(catalog.describe("sanitizer.strategies", name) for name in strategies),
        *(catalog.describe("sanitizer.treatments", name) for name in treatments),
    )


def _victim(here: Path, words: object) -> Victim:
    if not isinstance(words, dict):
        raise UsageError(f"{words!r} is no victim", hint=f"a victim is a mapping with {', '.join(VICTIM_KEYS)}")
    _check_keys("victim key", words, VICTIM_KEYS, VICTIM_KEYS)
    return Victim(
        name=_name(words["name"], "a victim's name"),
        model=_model(here, words["model"], "model"),
        triggered=_file(here, words["triggered"], "triggered"),
        target=_number(words["target"], "target"),
    )


def _entry(here: Path, words: object) -> Entry:
    match words:
        case str() if words.endswith((".yaml", ".yml")):
            entry = Entry(_name(Path(words).stem, "a recipe's name"), Recipe.from_file(here / words))
        case str():
            entry = Entry(_name(words, "a recipe's name"), _UNDECIDED if words == AUTO else find(words))
        case dict() if "name" in words:
            rest = {key: value for key, value in words.items() if key not in ("name", "base")}
            name = _name(words["name"], "a recipe's name")
            base = _model(here, words["base"], "base") if "base" in words else None
            text = yaml.safe_dump(rest, sort_keys=False)
            undecided = rest == {"strategy": AUTO}
            entry = Entry(name, _UNDECIDED if undecided else Recipe.from_yaml(text, name=f"recipe {name}"), base)
        case _:
            raise UsageError(
                f"{words!r} is no recipe",
                hint="write a recipe's name, a file, or a mapping such as {name: mine, strategy: gradient}",
            )
    plugins_of(entry.recipe)
    return entry


def _check_keys(kind: str, words: Mapping[Any, Any], known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    for key in words:
        if key not in known:
            raise unknown(kind, str(key), known)
    for key in needed:
        if key not in words:
            raise UsageError(f"{kind} {key!r} is missing", hint=f"needed: {', '.join(needed)}")


def _check_twins(kind: str, words: list[str]) -> None:
    for word in words:
        if words.count(word) > 1:
            raise UsageError(f"the {kind} {word} is there twice", hint="victims and recipes share one set of names")


def _stem(path: Path) -> str:
    return path.resolve().parent.name if path.stem == "suite" else path.stem


def _name(word: object, what: str) -> str:
    if not isinstance(word, str) or not _NAME.fullmatch(word):
        raise UsageError(f"{what} cannot be {word!r}", hint="a letter first, then letters, digits and any of . _ / + -")
    return word


def _number(word: object, what: str, *, least: int = 0, most: int | None = None) -> int:
    good = isinstance(word, int) and not isinstance(word, bool) and word >= least and (most is None or word <= most)
    if not good:
        upper = "" if most is None else f" to {most}"
        raise UsageError(f"{what} cannot be {word!r}", hint=f"a whole number from {least}{upper}")
    return int(str(word))


def _list(words: object, what: str) -> list[object]:
    if not isinstance(words, list) or not words:
        raise UsageError(f"{what} must be a list with something in it", hint=f"write `{what}:` and lines with dashes")
    return words


def _path(here: Path, word: object, what: str) -> Path:
    if not isinstance(word, str):
        raise UsageError(f"{what} cannot be {word!r}", hint="a path, relative to the suite's file")
    return (here / Path(word).expanduser()).resolve()


def _file(here: Path, word: object, what: str) -> Path:
    path = _path(here, word, what)
    if not path.is_file():
        raise UsageError(f"{what}: there is no file {word}", hint=f"paths are relative to {here.resolve()}")
    return path


def _model(here: Path, word: object, what: str) -> Path:
    path = _path(here, word, what)
    if not (path / "config.json").is_file():
        raise UsageError(
            f"{what}: {word} is no folder with a model",
            hint=f"paths are relative to {here.resolve()}; download models of a Hub first",
        )
    return path
