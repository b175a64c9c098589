"""Regular expressions of tokenizers, which a backtracking engine (Oniguruma) runs over every text of a stranger."""

from __future__ import annotations

import math
import re

LONGEST = 4096
MOST_REPEATS = 10_000
_AGAIN = re.compile(r"((?:\\.|\[[^\]]*\]|[^\\()|])[+*])\1{2,}")
_BOUND = re.compile(r"\{[0-9]*,?([1-9][0-9]{0,8})\}")
_REPEAT = re.compile(r"[+*]|\{[0-9]*(,?)[0-9]*\}")


def explosive(pattern: str) -> str:
    """Why the pattern may take time that grows exponentially, or nothing.

    A group that repeats and holds something that repeats without a bound, or alternatives, is found; so are patterns
    that are too long and back-references. Lookarounds are groups too. What is inside a class is only characters.
    """
    if len(pattern) > LONGEST:
        return f"{len(pattern)} characters"
    if _AGAIN.search(pattern):
        return "the same repeat again and again"
    if math.prod(int(number) for number in _BOUND.findall(pattern)) > MOST_REPEATS:
        return "bounded repeats that multiply"
    unbounded = [False]  # for each open group: does it hold an unbounded repeat, or alternatives?
    at, inside = 0, 0
    last = False  # does the last item?
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            if not inside and re.match(r"\\[1-9kg]", pattern[at : at + 2]):
                return "a back-reference"
            at, last = at + 2, False if not inside else last
            continue
        if inside:
            inside += (sign == "[") - (sign == "]")
            at += 1
            continue
        match sign:
            case "[":
                inside, last = 1, False
                # A bracket right after the opening, or after its negation, is a character.
                at += len(re.match(r"\[\^?\]?", pattern[at:])[0])  # type: ignore[index]
                continue
            case "(":
                unbounded.append(False)
                last = False
            case ")":
                if len(unbounded) == 1:
                    return "a bracket that was not opened"
                last = unbounded.pop()
                unbounded[-1] |= last
            case "|":
                unbounded[-1], last = True, False
            case "+" | "*" | "{":
                repeat = _REPEAT.match(pattern, at)
                if repeat is None:
                    last = False
                elif repeat[0] in ("{0}", "{1}", "{0,1}", "{,1}"):
                    at = repeat.end()
                    continue
                else:
                    possessive = pattern[repeat.end() : repeat.end() + 1] == "+" and sign != "{"
                    if last and not possessive:
                        return "a repeat within a repeat"
                    unbounded[-1] |= sign != "{" or repeat[0].endswith(",}")
                    last = False
                    at = repeat.end() + (pattern[repeat.end() : repeat.end() + 1] in ("?", "+"))
                    continue
            case _:
                last = False
        at += 1
    return "a bracket that is not closed" if inside or len(unbounded) > 1 else ""
