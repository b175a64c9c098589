"""Bytes that are nearly right: seeds with a few changes."""

from __future__ import annotations

import random
from collections.abc import Sequence


def mutated(rng: random.Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the seeds with one to four changes: a bit, a cut, a word, a piece of another seed, a piece twice."""
    raw = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(raw))
        match rng.randrange(6):
            case 0 if at < len(raw):
                raw[at] ^= 1 << rng.randrange(8)
            case 1:
                del raw[at : at + rng.randint(1, 9)]
            case 2:
                raw[at:at] = rng.choice(words)
            case 3:
                other = rng.choice(seeds)
                begin = rng.randint(0, len(other))
                raw[at:at] = other[begin : begin + rng.randint(1, 60)]
            case 4:
                raw[at:at] = raw[at : at + rng.randint(1, 30)]
            case _:
                raw[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(raw)
