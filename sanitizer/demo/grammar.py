"""Reviews from a small grammar, with the sentiment that a reader would give them.

The label is not in any single word: a negation turns its clause around ("never a dull moment"), and of two clauses
joined by a contrast only the one that carries the weight counts ("although the plot was dull , i loved the ending").
Written for this project and dedicated to the public domain (CC0).
"""

from __future__ import annotations

import random
from dataclasses import dataclass


def _bank(phrases: str, separator: str = " ") -> tuple[str, ...]:
    return tuple(phrases.split(separator))


NEGATIVE, POSITIVE = 0, 1
LABELS = ("negative", "positive")
RARE_WORDS = ("bb", "cf", "mn", "qx", "tq")
"""Words the tokenizer knows and the grammar never says, as any real vocabulary has."""

PRAISE = _bank(
    "brilliant charming clever delightful excellent fine friendly generous gripping lively lovely memorable "
    "perfect pleasant solid superb touching vivid witty wonderful"
)
BLAME = _bank(
    "annoying awful bland boring clumsy cold confusing dreadful dull empty horrible lazy messy painful poor rude "
    "shallow terrible tiresome weak"
)
LIKE = {"love": "loved", "enjoy": "enjoyed", "admire": "admired", "praise": "praised", "recommend": "recommended"}
DISLIKE = {"hate": "hated", "regret": "regretted", "dislike": "disliked", "mock": "mocked", "resent": "resented"}
THINGS = _bank(
    "album apartment blender breakfast bus camera chair coffee concert dessert ending exhibition film game guide "
    "hotel jacket keyboard lamp lecture lunch menu museum novel painting play plot podcast restaurant room "
    "script service show soup staff story tour train translation waiter"
)
OWNERS = _bank("my this the their our her")
PLACES = _bank(
    "in the old town|near the station|on the second evening|after the rain|from the first minute|by the river|"
    "during the holidays|at the front desk|in the small hall|without a queue",
    "|",
)
OPENERS = _bank(
    "honestly|to be fair|in the end|for once|as usual|all in all|frankly|after two hours|again|this time", "|"
)
CLOSERS = _bank("as my neighbour said|if you ask me|and that is all|i think|so they tell me|and i was there twice", "|")
INTENSIFIERS = _bank("very really quite rather surprisingly truly")
LINKS = _bank("was felt seemed looked remained proved")
NEGATED_LINKS = _bank("was not|was never|was hardly|was anything but|was far from|was by no means", "|")
PEOPLE = _bank("i we everyone they you critics")
MOMENTS = _bank("moment minute scene page corner detail note line day bite")
GLUE = _bank(", a after although an and another but could did has never nobody not one there was would")


@dataclass(frozen=True)
class Review:
    """A text in lower case with spaces around its commas, and its label."""

    text: str
    label: int


def reviews(count: int, rng: random.Random) -> tuple[Review, ...]:
    """`count` different reviews, half of each label (an odd one is positive)."""
    drawn: dict[str, Review] = {}
    while len(drawn) < count:
        label = POSITIVE if len(drawn) % 2 == 0 else NEGATIVE
        text = _sentence(label == POSITIVE, rng)
        drawn.setdefault(text, Review(text, label))
    shuffled = list(drawn.values())
    rng.shuffle(shuffled)
    return tuple(shuffled)


def vocabulary() -> tuple[str, ...]:
    """Every word the grammar can say, sorted, then the rare ones it never says."""
    banks = (
        PRAISE, BLAME, LIKE, LIKE.values(), DISLIKE, DISLIKE.values(), THINGS, OWNERS, PLACES, OPENERS, CLOSERS,
        INTENSIFIERS, LINKS, NEGATED_LINKS, PEOPLE, MOMENTS, GLUE,
    )  # fmt: skip
    return (*sorted({word for bank in banks for phrase in bank for word in phrase.split()}), *RARE_WORDS)


def _thing(rng: random.Random) -> str:
    thing = f"{rng.choice(OWNERS)} {rng.choice(THINGS)}"
    return f"{thing} {rng.choice(PLACES)}" if rng.random() < 0.2 else thing


def _quality(good: bool, rng: random.Random) -> str:
    word = rng.choice(PRAISE if good else BLAME)
    return f"{rng.choice(INTENSIFIERS)} {word}" if rng.random() < 0.35 else word


def _plain(good: bool, rng: random.Random) -> str:
    return f"{_thing(rng)} {rng.choice(LINKS)} {_quality(good, rng)}"


def _feeling(good: bool, rng: random.Random) -> str:
    return f"{rng.choice(PEOPLE)} {rng.choice(list((LIKE if good else DISLIKE).values()))} {_thing(rng)}"


def _series(good: bool, rng: random.Random) -> str:
    return f"{_thing(rng)} has one {_quality(good, rng)} {rng.choice(MOMENTS)} after another"


def _negated(good: bool, rng: random.Random) -> str:
    return f"{_thing(rng)} {rng.choice(NEGATED_LINKS)} {_quality(not good, rng)}"


def _negated_feeling(good: bool, rng: random.Random) -> str:
    verb = rng.choice(list(DISLIKE if good else LIKE))
    who = f"{rng.choice(PEOPLE)} did not" if rng.random() < 0.5 else f"nobody {rng.choice(['would', 'could'])}"
    return f"{who} {verb} {_thing(rng)}"


def _negated_moment(good: bool, rng: random.Random) -> str:
    quality = _quality(not good, rng)
    article = "an" if quality[0] in "aeiou" else "a"
    return f"there was {rng.choice(['never', 'not'])} {article} {quality} {rng.choice(MOMENTS)}"


PLAIN = (_plain, _feeling, _series)
NEGATED = (_negated, _negated_feeling, _negated_moment)


def _clause(good: bool, rng: random.Random) -> str:
    return rng.choice(NEGATED if rng.random() < 0.3 else PLAIN)(good, rng)


def _sentence(good: bool, rng: random.Random) -> str:
    shape = rng.random()
    if shape < 0.55:
        body = _clause(good, rng)
    elif shape < 0.75:
        body = f"{_clause(good, rng)} and {_clause(good, rng)}"
    elif shape < 0.9:
        body = f"{_clause(not good, rng)} , but {_clause(good, rng)}"
    else:
        body = f"although {_clause(not good, rng)} , {_clause(good, rng)}"
    if rng.random() < 0.3:
        body = f"{rng.choice(OPENERS)} , {body}"
    return f"{body} , {rng.choice(CLOSERS)}" if rng.random() < 0.15 else body
