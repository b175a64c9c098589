"""A suite: which victims are treated by which recipes with which seeds, and on which texts that is measured.

As YAML, with paths relative to the file::

    data: train.tsv            # clean texts that defenders draw theirs from
    texts: 1000                # so many per run, another draw for each seed; left out: all
    test: test.tsv             # clean texts for the accuracy, which no run sees
    control: clean-model       # a model without backdoor, for the benign floor
    victims:
      - {name: badnets, model: badnets, triggered: badnets.tsv, target: 1}
      - {name: sentence, plant: addsent}     # or one that is planted on the spot: in the control, learned from `data`,
      - name: verses                         # triggered texts made from `test`; all of these words may be given
        plant: {attack: style, settings: {paraphrases: verses.tsv}, model: mine, data: mine.tsv, test: new.tsv, seed: 1}
    recipes:                   # what --recipe takes, `auto`, or a recipe with a name
      - pure
      - auto
      - mine.yaml
      - {name: heads-only, strategy: gradient, treatments: [remove]}
      - {name: auto-with-base, strategy: auto, base: base-model}  # the folder that --base gets
    seeds: [0, 1, 2]
    timeout: 7200              # seconds for one run or one plant; may be left out, as may `name`

The files have the columns text and label (true labels, from 0); `target` is the label that the attack wants. With
`plant` it is what the attack wants, and `triggered` may be given or not: with it, held-out texts for the record of the
plant come out of its `data`, unless it has a `test` of its own. `sanitize redteam attacks` lists attacks and settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from sanitizer import catalog
from sanitizer.auto import AUTO, STRATEGIES, TREATMENTS
from sanitizer.benchmark.plant import Plant, read_plant
from sanitizer.benchmark.reading import (
    MOST_SEED,
    check_keys,
    check_twins,
    file_at,
    listed,
    model_at,
    name_of,
    number,
)
from sanitizer.cleandata import LEAST
from sanitizer.errors import UsageError
from sanitizer.recipe import Recipe
from sanitizer.recipes import find

KEYS = ("name", "data", "texts", "test", "control", "victims", "recipes", "seeds", "timeout")
NEEDED = ("data", "test", "control", "victims", "recipes", "seeds")
VICTIM_KEYS = ("name", "model", "triggered", "target")
PLANTED_KEYS = ("name", "plant", "triggered")
TIMEOUT = 7200
_UNDECIDED = Recipe(AUTO, treatments=())


@dataclass(frozen=True)
class Victim:
    """A backdoored model (a local folder), the triggered texts with their true labels, and the label they aim at.

    `plant` says how it was planted, if it was for this suite.
    """

    name: str
    model: Path
    triggered: Path
    target: int
    plant: Plant | None = None


@dataclass(frozen=True)
class Unplanted:
    """A victim that is to be planted first; without `triggered` texts, those that the attack makes are its own."""

    name: str
    plant: Plant
    triggered: Path | None = None


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
    victims: tuple[Victim | Unplanted, ...]
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
    check_keys("suite key", words, KEYS, NEEDED)
    here = path.parent
    data, test = (file_at(here, words[name], name) for name in ("data", "test"))
    control = model_at(here, words["control"], "control")
    suite = Suite(
        name=name_of(words.get("name", _stem(path)), "the suite's name"),
        data=data,
        texts=None if words.get("texts") is None else number(words["texts"], "texts", least=LEAST),
        test=test,
        control=control,
        victims=tuple(
            _victim(here, entry, model=control, data=data, test=test) for entry in listed(words["victims"], "victims")
        ),
        recipes=tuple(_entry(here, entry) for entry in listed(words["recipes"], "recipes")),
        seeds=tuple(number(seed, "a seed", most=MOST_SEED) for seed in listed(words["seeds"], "seeds")),
        timeout=number(words.get("timeout", TIMEOUT), "timeout", least=1),
    )
    check_twins("name", [*(victim.name for victim in suite.victims), *(entry.name for entry in suite.recipes)])
    check_twins("seed", [str(seed) for seed in suite.seeds])
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


def _victim(here: Path, words: object, *, model: Path, data: Path, test: Path) -> Victim | Unplanted:
    """What a plant leaves out is the suite's."""
    if not isinstance(words, dict):
        raise UsageError(
            f"{words!r} is no victim",
            hint=f"a victim is a mapping with {', '.join(VICTIM_KEYS)}, or with {', '.join(PLANTED_KEYS[:2])}",
        )
    if "plant" in words:
        check_keys("key of a planted victim", words, PLANTED_KEYS, PLANTED_KEYS[:2])
        name = name_of(words["name"], "a victim's name")
        triggered = file_at(here, words["triggered"], "triggered") if "triggered" in words else None
        held = test if triggered is None else None
        return Unplanted(name, read_plant(here, words["plant"], model=model, data=data, test=held), triggered)
    check_keys("victim key", words, VICTIM_KEYS, VICTIM_KEYS)
    return Victim(
        name=name_of(words["name"], "a victim's name"),
        model=model_at(here, words["model"], "model"),
        triggered=file_at(here, words["triggered"], "triggered"),
        target=number(words["target"], "target"),
    )


def _entry(here: Path, words: object) -> Entry:
    match words:
        case str() if words.endswith((".yaml", ".yml")):
            entry = Entry(name_of(Path(words).stem, "a recipe's name"), Recipe.from_file(here / words))
        case str():
            entry = Entry(name_of(words, "a recipe's name"), _UNDECIDED if words == AUTO else find(words))
        case dict() if "name" in words:
            rest = {key: value for key, value in words.items() if key not in ("name", "base")}
            name = name_of(words["name"], "a recipe's name")
            base = model_at(here, words["base"], "base") if "base" in words else None
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


def _stem(path: Path) -> str:
    return path.resolve().parent.name if path.stem == "suite" else path.stem
