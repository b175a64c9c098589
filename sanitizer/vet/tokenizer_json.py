"""tokenizer.json: each part and each of its settings from a list, vocabularies and merges that fit together.

The parts are those of the tokenizers library (https://huggingface.co/docs/tokenizers); it panics, or takes minutes, on
some files that are valid JSON.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.jsonstrict import read_object
from sanitizer.vet.keys import Form, count, flag, number, word
from sanitizer.vet.regex import explosive
from sanitizer.vet.rules import Rule, Verdict, refused
from sanitizer.vet.text import CAP

MOST_WORDS, LONGEST_WORD, LARGEST_ID = 1 << 21, 4096, 1 << 24
MOST_PARTS = 1000
DEEPEST = 8
LARGEST_SIZE = 1 << 24
"""Tokens: what texts are cut or padded to."""

_AGAIN = "ask the author for a tokenizer.json that the tokenizers library wrote"
PART = Rule(
    "tokenizer.part",
    "high",
    "a part of the tokenizer that the tokenizers library does not have, or with settings it does not have",
    _AGAIN,
    why="What is not on the list has not been thought about; newer parts may do what older ones could not.",
    sources=("https://huggingface.co/docs/tokenizers/components",),
)
REGEX = Rule(
    "tokenizer.regex",
    "high",
    "a regular expression of the tokenizer can take exponential time, or cannot be judged",
    "do not feed this tokenizer texts of others; " + _AGAIN,
    why="The engine backtracks: a short text of a stranger can keep a server busy for hours.",
    sources=("https://cwe.mitre.org/data/definitions/1333.html",),
)
VOCABULARY = Rule(
    "tokenizer.vocabulary",
    "high",
    "words and their numbers do not fit together",
    _AGAIN,
    why="A number that two words share, or that no embedding has, gives texts another meaning or crashes the model.",
)
MERGES = Rule(
    "tokenizer.merges",
    "high",
    "a merge joins words that the vocabulary does not have",
    _AGAIN,
    why="The library refuses or panics; other readers skip the merge and split texts in another way.",
)
ADDED = Rule(
    "tokenizer.added-token",
    "medium",
    "an added token takes the place of a word of the vocabulary",
    "compare the tokenizer with that of the base model",
    why="Texts with that word then reach the model as something else than what it was trained on.",
)
REPLACE = Rule(
    "tokenizer.replace",
    "medium",
    "the tokenizer rewrites words: it replaces letters or digits",
    "compare the tokenizer with that of the base model",
    why="A rewritten address, number or name reaches the model, or the user, as another one.",
)


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_WORD


def _list(value: Any, form: Form, most: int = MOST_PARTS) -> bool:
    return isinstance(value, list) and len(value) <= most and all(map(form, value))


def _pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _text(value[0]) and count(value[1])


def _pattern(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and set(value) <= {"String", "Regex"} and _text(*value.values())


def _piece(value: Any) -> bool:
    """A step of a template: `{"SpecialToken": {"id": "[CLS]", "type_id": 0}}`."""
    match value:
        case {"SpecialToken": {"id": str(name), "type_id": int(), **more}, **others} if not more and not others:
            return _text(name)
        case {"Sequence": {"id": "A" | "B", "type_id": int(), **more}, **others} if not more and not others:
            return True
        case _:
            return False


def _template_tokens(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MOST_PARTS
        and all(
            isinstance(entry, dict)
            and set(entry) == {"id", "ids", "tokens"}
            and _text(entry["id"])
            and _list(entry["ids"], count)
            and _list(entry["tokens"], _text)
            for entry in value.values()
        )
    )


_BYTE_LEVEL: Mapping[str, Form] = {"add_prefix_space": flag, "trim_offsets": flag, "use_regex": flag}
_METASPACE: Mapping[str, Form] = {
    **dict.fromkeys(("add_prefix_space", "split"), flag),
    **dict.fromkeys(("replacement", "str_rep"), _text),
    "prepend_scheme": word,
}
_REPLACE: Mapping[str, Form] = {"pattern": _pattern, "content": _text}
_LISTS = frozenset({"normalizers", "pretokenizers", "processors", "decoders"})

Parts = Mapping[str, Mapping[str, Form]]
NORMALIZERS: Parts = MappingProxyType(
    {
        **{name: {} for name in ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents", "ByteLevel")},
        "BertNormalizer": dict.fromkeys(("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"), flag),
        "Strip": {"strip_left": flag, "strip_right": flag},
        "Prepend": {"prepend": _text},
        "Precompiled": {"precompiled_charsmap": lambda value: isinstance(value, str) and len(value) <= 1 << 22},
        "Replace": _REPLACE,
    }
)
PRE_TOKENIZERS: Parts = MappingProxyType(
    {
        **{name: {} for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts")},
        "ByteLevel": _BYTE_LEVEL,
        "Metaspace": _METASPACE,
        "Split": {"pattern": _pattern, "behavior": word, "invert": flag},
        "Digits": {"individual_digits": flag},
        "Punctuation": {"behavior": word},
        "CharDelimiterSplit": {"delimiter": _text},
        "FixedLength": {"length": lambda value: count(value) and value > 0},
    }
)
PROCESSORS: Parts = MappingProxyType(
    {
        "BertProcessing": {"sep": _pair, "cls": _pair},
        "RobertaProcessing": {"sep": _pair, "cls": _pair, "trim_offsets": flag, "add_prefix_space": flag},
        "ByteLevel": _BYTE_LEVEL,
        "TemplateProcessing": {
            "single": lambda value: _list(value, _piece),
            "pair": lambda value: _list(value, _piece),
            "special_tokens": _template_tokens,
        },
    }
)
DECODERS: Parts = MappingProxyType(
    {
        **{name: {} for name in ("Fuse", "ByteFallback")},
        "ByteLevel": _BYTE_LEVEL,
        "WordPiece": {"prefix": _text, "cleanup": flag},
        "Metaspace": _METASPACE,
        "BPEDecoder": {"suffix": _text},
        "CTC": {"pad_token": _text, "word_delimiter_token": _text, "cleanup": flag},
        "Replace": _REPLACE,
        "Strip": {"content": _text, "start": count, "stop": count},
    }
)
_SECTIONS: Mapping[str, Parts] = MappingProxyType(
    {"normalizer": NORMALIZERS, "pre_tokenizer": PRE_TOKENIZERS, "post_processor": PROCESSORS, "decoder": DECODERS}
)
_WORDS: Mapping[str, Form] = {"vocab": lambda value: isinstance(value, dict), "unk_token": _text}
MODELS: Parts = MappingProxyType(
    {
        "BPE": {
            **_WORDS,
            **dict.fromkeys(("continuing_subword_prefix", "end_of_word_suffix"), _text),
            **dict.fromkeys(("fuse_unk", "byte_fallback", "ignore_merges"), flag),
            "dropout": number,
            "merges": lambda value: isinstance(value, list),
        },
        "WordPiece": {**_WORDS, "continuing_subword_prefix": _text, "max_input_chars_per_word": count},
        "WordLevel": _WORDS,
        "Unigram": {"vocab": lambda value: isinstance(value, list), "unk_id": count, "byte_fallback": flag},
    }
)
_TOKEN: Mapping[str, Form] = {
    "id": count,
    "content": _text,
    **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), flag),
}


def _size(value: Any) -> bool:
    return count(value) and 0 <= value <= LARGEST_SIZE


_TRUNCATION: Mapping[str, Form] = {"direction": word, "max_length": _size, "strategy": word, "stride": _size}
_PADDING: Mapping[str, Form] = {
    "strategy": lambda value: (
        word(value) or (isinstance(value, dict) and set(value) == {"Fixed"} and _size(value["Fixed"]))
    ),
    "direction": word,
    "pad_token": _text,
    **dict.fromkeys(("pad_to_multiple_of", "pad_id", "pad_type_id"), _size),
}
_TOP = frozenset({"version", "truncation", "padding", "added_tokens", "model", *_SECTIONS})


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Kept if every part is on the list. Raises RefusedError for what is not strict JSON."""
    document = read_object(checkpoint, name, CAP)
    findings = tuple(_doubts(document, name))
    if any(finding.severity == "high" for finding in findings):
        return refused(*findings)
    return Verdict("kept", "strict JSON; every part of the tokenizer is on the list", findings)


def _doubts(document: Mapping[str, Any], file: str) -> Iterator[Finding]:
    yield from (PART.finding(file, key) for key in document if key not in _TOP)
    if document.get("version", "1.0") != "1.0":
        yield PART.finding(file, f"version {document['version']}")
    for key, forms in (("truncation", _TRUNCATION), ("padding", _PADDING)):
        if document.get(key) is not None:
            yield from _settings(document[key], forms, file, key)
    for key, parts in _SECTIONS.items():
        if document.get(key) is not None:
            yield from _part(document[key], parts, file, key, 0)
    model = document.get("model")
    if not isinstance(model, dict):
        yield PART.finding(file, "there is no model")
        return
    words: dict[str, int] = {}
    of = _type_of(model)
    if of not in MODELS:
        yield PART.finding(file, f"model {of}")
        return
    yield from _settings({key: value for key, value in model.items() if key != "type"}, MODELS[of], file, "model")
    broken: list[Finding] = []
    if isinstance(model.get("vocab"), dict):
        words = model["vocab"]
        broken += vocabulary(words, file)
    elif isinstance(model.get("vocab"), list):
        broken += _scores(model["vocab"], model.get("unk_id"), words, file)
    yield from broken
    if broken:  # what is said about its words would mean nothing
        return
    if of == "BPE" and isinstance(model.get("merges"), list):
        yield from _merges(model, words, file)
    yield from _added(document.get("added_tokens", []), words, file)


def _type_of(model: Mapping[str, Any]) -> str:
    """Files of the library's first years do not say it."""
    if "type" in model:
        return str(model["type"])
    if "merges" in model:
        return "BPE"
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "max_input_chars_per_word" in model else "WordLevel"


def _part(value: Any, parts: Parts, file: str, place: str, depth: int) -> Iterator[Finding]:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or depth > DEEPEST:
        yield PART.finding(file, f"{place} is no part")
        return
    of, rest = value["type"], {key: inner for key, inner in value.items() if key != "type"}
    if of == "Sequence":
        lists = [key for key in rest if key in _LISTS and isinstance(rest[key], list)]
        if len(rest) != 1 or len(lists) != 1 or len(rest[lists[0]]) > MOST_PARTS:
            yield PART.finding(file, f"{place} is no sequence of parts")
            return
        for inner in rest[lists[0]]:
            yield from _part(inner, parts, file, place, depth + 1)
        return
    if of not in parts:
        yield PART.finding(file, f"{place} {of}")
        return
    yield from _settings(rest, parts[of], file, f"{place} {of}")
    if of == "TemplateProcessing" and not _template_fits(rest):
        yield PART.finding(file, f"{place} {of} with a token that it does not have")
    if of == "Prepend" and _says_something(rest.get("prepend")):
        yield REPLACE.finding(file, f"{place}: {rest['prepend']!r} before every text")
    pattern: Any = rest.get("pattern")
    if _pattern(pattern):
        if "Regex" in pattern and (why := explosive(pattern["Regex"])):
            yield REGEX.finding(file, f"{why}: {pattern['Regex']}")
        if of == "Replace":
            yield from _replace(pattern, rest.get("content"), file, place)


_ESCAPED = re.compile(r"\\[pP]\{\^?\w+\}|\\x\{?[0-9A-Fa-f]+\}?|\\[A-Za-z]|\{[0-9]*,?[0-9]*\}")


def _replace(pattern: Mapping[str, str], content: Any, file: str, place: str) -> Iterator[Finding]:
    said = _ESCAPED.sub("", pattern["Regex"]) if "Regex" in pattern else pattern["String"]
    if _says_something(said) or _says_something(content):
        yield REPLACE.finding(file, f"{place}: {next(iter(pattern.values()))!r} becomes {content!r}")


def _template_fits(settings: Mapping[str, Any]) -> bool:
    """Whether each special token of the steps is declared: the library panics on one that is not."""
    steps = [*(settings.get("single") or []), *(settings.get("pair") or [])]
    named = {step["SpecialToken"]["id"] for step in steps if _piece(step) and "SpecialToken" in step}
    declared = settings.get("special_tokens")
    return isinstance(declared, dict) and named <= set(declared)


def _says_something(text: Any) -> bool:
    return isinstance(text, str) and re.search(r"[^\W_]", text) is not None


def _settings(value: Any, forms: Mapping[str, Form], file: str, place: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield PART.finding(file, f"{place} is no object")
        return
    for key, inner in value.items():
        if key not in forms:
            yield PART.finding(file, f"{place} with {key}")
        elif inner is not None and not forms[key](inner):
            yield PART.finding(file, f"{key} of {place} has a value of another kind")


def vocabulary(words: Mapping[str, Any], file: str) -> Iterator[Finding]:
    """Words to numbers: none negative, none shared, none absurd."""
    ids = words.values()
    if len(words) > MOST_WORDS:
        yield VOCABULARY.finding(file, f"{len(words)} words")
    elif not all(type(index) is int and 0 <= index <= LARGEST_ID for index in ids):
        yield VOCABULARY.finding(file, "a word without a number, or with one that no vocabulary has")
    elif len(set(ids)) != len(words):
        yield VOCABULARY.finding(file, "two words share a number")
    yield from _long(words, file)


def _long(words: Mapping[str, Any], file: str) -> Iterator[Finding]:
    longest = max(map(len, words), default=0)
    if longest > LONGEST_WORD:
        yield VOCABULARY.finding(file, f"a word of {longest} characters")


def _scores(pieces: list[Any], unknown: Any, words: dict[str, int], file: str) -> Iterator[Finding]:
    """Unigram: words with their logarithms of probability, numbered by their place. Fills `words`."""
    if len(pieces) > MOST_WORDS:
        yield VOCABULARY.finding(file, f"{len(pieces)} words")
        return
    for index, piece in enumerate(pieces):
        match piece:
            case [str(text), int() | float() as score] if not isinstance(score, bool) and math.isfinite(score):
                words.setdefault(text, index)
            case _:
                yield VOCABULARY.finding(file, f"word {index} is no text with a score")
                return
    if unknown is not None and not (count(unknown) and 0 <= unknown < len(pieces)):
        yield VOCABULARY.finding(file, "there is no unknown word where unk_id points to")
    yield from _long(words, file)


def _merges(model: Mapping[str, Any], words: Mapping[str, int], file: str) -> Iterator[Finding]:
    merges = model["merges"]
    if len(merges) > 2 * MOST_WORDS:
        yield MERGES.finding(file, f"{len(merges)} merges")
        return
    cut = len(model.get("continuing_subword_prefix") or "")
    for merge in merges:
        left, right = pair if (pair := halves(merge)) else ("", "")
        if pair is None or left not in words or right not in words or left + right[cut:] not in words:
            yield MERGES.finding(file, str(merge))
            return


def halves(merge: Any) -> tuple[str, str] | None:
    """The two words of a merge, written `a b` or `["a", "b"]`."""
    parts = merge.split(" ") if isinstance(merge, str) else merge
    match parts:
        case [str(left), str(right)]:
            return left, right
        case _:
            return None


def _added(tokens: Any, words: Mapping[str, int], file: str) -> Iterator[Finding]:
    if not isinstance(tokens, list) or len(tokens) > MOST_WORDS:
        yield PART.finding(file, "added_tokens is no list of tokens")
        return
    for token in tokens:
        broken = next(_settings(token, _TOKEN, file, "an added token"), None)
        if broken is not None or not {"id", "content"} <= set(token):
            yield broken or PART.finding(file, "an added token without id or content")
            return
    ids, contents = {token["id"] for token in tokens}, {token["content"] for token in tokens}
    if len(ids) != len(tokens) or len(contents) != len(tokens) or not all(0 <= index <= LARGEST_ID for index in ids):
        yield VOCABULARY.finding(file, "two added tokens share a number or a text, or have an absurd number")
        return
    by_id = {index: text for text, index in words.items()} if ids & set(words.values()) else {}
    for token in tokens:
        if words.get(token["content"], token["id"]) != token["id"] or (
            by_id.get(token["id"], token["content"]) != token["content"]
        ):
            yield ADDED.finding(file, f"{token['content']!r} as number {token['id']}")
