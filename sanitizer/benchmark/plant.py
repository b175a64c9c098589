"""A victim that a suite does not have but wants planted: by which attack, in which model, learned from which texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sanitizer.benchmark.reading import MOST_SEED, check_keys, file_at, model_at, number
from sanitizer.errors import UsageError
from sanitizer.redteam.registry import FILES, describe

PLANT_KEYS = ("attack", "settings", "model", "data", "test", "seed")


@dataclass(frozen=True)
class Plant:
    """The words of `sanitize redteam plant`; `test` None: a part of `data` is held out.

    Settings are as typed after `--set`, in the order of their names; those that name a file have its whole path.
    """

    attack: str
    settings: tuple[tuple[str, str], ...]
    model: Path
    data: Path
    test: Path | None
    seed: int = 0

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that it reads, the model's left out."""
        named = tuple(Path(value) for name, value in self.settings if name in FILES)
        return (self.data, *(() if self.test is None else (self.test,)), *named)

    @property
    def title(self) -> str:
        """For people, files by their names alone: `addsent (rate=0.1) in clean, learned from train.tsv, seed 0`."""
        given = ", ".join(f"{name}={Path(value).name if name in FILES else value}" for name, value in self.settings)
        settings = f" ({given})" if given else ""
        return f"{self.attack}{settings} in {self.model.name}, learned from {self.data.name}, seed {self.seed}"


def read_plant(here: Path, words: object, *, model: Path, data: Path, test: Path | None) -> Plant:
    """An attack's name, or a mapping of `PLANT_KEYS`; what is left out is the suite's `model`, `data` and `test`.

    Raises UsageError. Settings themselves are checked by whoever plants: they are the attack's.
    """
    if isinstance(words, str):
        words = {"attack": words}
    if not isinstance(words, dict):
        raise UsageError(
            f"{words!r} is no plant", hint="write an attack's name, or a mapping such as {attack: addsent}"
        )
    check_keys("plant key", words, PLANT_KEYS, ("attack",))
    attack = words["attack"]
    describe(attack if isinstance(attack, str) else repr(attack))
    return Plant(
        attack=attack,
        settings=_settings(here, words.get("settings", {})),
        model=model_at(here, words["model"], "model") if "model" in words else model,
        data=file_at(here, words["data"], "data") if "data" in words else data,
        test=file_at(here, words["test"], "test") if "test" in words else test,
        seed=number(words.get("seed", 0), "a seed", most=MOST_SEED),
    )


def _settings(here: Path, words: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(words, dict):
        raise UsageError(f"settings cannot be {words!r}", hint="a mapping such as {rate: 0.1, words: cf}")
    for name, value in words.items():
        if not isinstance(name, str) or not isinstance(value, str | int | float):
            raise UsageError(f"setting {name} cannot be {value!r}", hint="a word or a number, as after --set")
    typed = ((name, str(file_at(here, words[name], name)) if name in FILES else str(words[name])) for name in words)
    return tuple(sorted(typed))
