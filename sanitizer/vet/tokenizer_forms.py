"""The parts that the tokenizers library has, and what kind of value each setting of theirs takes.

Source: https://huggingface.co/docs/tokenizers/components. A part or a setting that is not here is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sanitizer.vet.forms import Form, count, flag, number, word

LONGEST_WORD = 4096
MOST_PARTS = 1000
LARGEST_SIZE = 1 << 24
"""Tokens: what texts are cut or padded to."""

Parts = Mapping[str, Mapping[str, Form]]
"""Part -> setting -> what it takes."""


def content(value: Any) -> bool:
    """The text of a token, which may be of invisible characters alone."""
    return isinstance(value, str) and len(value) <= LONGEST_WORD


def _list(value: Any, form: Form, most: int = MOST_PARTS) -> bool:
    return isinstance(value, list) and len(value) <= most and all(map(form, value))


def _pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and content(value[0]) and count(value[1])


def pattern(value: Any) -> bool:
    """`{"String": "a"}` or `{"Regex": "a+"}`."""
    return (
        isinstance(value, dict) and len(value) == 1 and set(value) <= {"String", "Regex"} and content(*value.values())
    )


def piece(value: Any) -> bool:
    """A step of a template: `{"SpecialToken": {"id": "[CLS]", "type_id": 0}}`."""
    match value:
        case {"SpecialToken": {"id": str(name), "type_id": int(), **more}, **others} if not more and not others:
            return content(name)
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
            and content(entry["id"])
            and _list(entry["ids"], count)
            and _list(entry["tokens"], content)
            for entry in value.values()
        )
    )


def _size(value: Any) -> bool:
    return count(value) and 0 <= value <= LARGEST_SIZE


_BYTE_LEVEL: Mapping[str, Form] = {"add_prefix_space": flag, "trim_offsets": flag, "use_regex": flag}
_METASPACE: Mapping[str, Form] = {
    **dict.fromkeys(("add_prefix_space", "split"), flag),
    **dict.fromkeys(("replacement", "str_rep"), content),
    "prepend_scheme": word,
}
_REPLACE: Mapping[str, Form] = {"pattern": pattern, "content": content}
NORMALIZERS: Parts = MappingProxyType(
    {
        **{name: {} for name in ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents", "ByteLevel")},
        "BertNormalizer": dict.fromkeys(("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"), flag),
        "Strip": {"strip_left": flag, "strip_right": flag},
        "Prepend": {"prepend": content},
        "Precompiled": {"precompiled_charsmap": lambda value: isinstance(value, str) and len(value) <= 1 << 22},
        "Replace": _REPLACE,
    }
)
PRE_TOKENIZERS: Parts = MappingProxyType(
    {
        **{name: {} for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts")},
        "ByteLevel": _BYTE_LEVEL,
        "Metaspace": _METASPACE,
        "Split": {"pattern": pattern, "behavior": word, "invert": flag},
        "Digits": {"individual_digits": flag},
        "Punctuation": {"behavior": word},
        "CharDelimiterSplit": {"delimiter": content},
        "FixedLength": {"length": lambda value: count(value) and value > 0},
    }
)
PROCESSORS: Parts = MappingProxyType(
    {
        "BertProcessing": {"sep": _pair, "cls": _pair},
        "RobertaProcessing": {"sep": _pair, "cls": _pair, "trim_offsets": flag, "add_prefix_space": flag},
        "ByteLevel": _BYTE_LEVEL,
        "TemplateProcessing": {
            "single": lambda value: _list(value, piece),
            "pair": lambda value: _list(value, piece),
            "special_tokens": _template_tokens,
        },
    }
)
DECODERS: Parts = MappingProxyType(
    {
        **{name: {} for name in ("Fuse", "ByteFallback")},
        "ByteLevel": _BYTE_LEVEL,
        "WordPiece": {"prefix": content, "cleanup": flag},
        "Metaspace": _METASPACE,
        "BPEDecoder": {"suffix": content},
        "CTC": {"pad_token": content, "word_delimiter_token": content, "cleanup": flag},
        "Replace": _REPLACE,
        "Strip": {"content": content, "start": count, "stop": count},
    }
)
SECTIONS: Mapping[str, Parts] = MappingProxyType(
    {"normalizer": NORMALIZERS, "pre_tokenizer": PRE_TOKENIZERS, "post_processor": PROCESSORS, "decoder": DECODERS}
)
_WORDS: Mapping[str, Form] = {"vocab": lambda value: isinstance(value, dict), "unk_token": content}
MODELS: Parts = MappingProxyType(
    {
        "BPE": {
            **_WORDS,
            **dict.fromkeys(("continuing_subword_prefix", "end_of_word_suffix"), content),
            **dict.fromkeys(("fuse_unk", "byte_fallback", "ignore_merges"), flag),
            "dropout": number,
            "merges": lambda value: isinstance(value, list),
        },
        "WordPiece": {**_WORDS, "continuing_subword_prefix": content, "max_input_chars_per_word": count},
        "WordLevel": _WORDS,
        "Unigram": {"vocab": lambda value: isinstance(value, list), "unk_id": count, "byte_fallback": flag},
    }
)
TOKEN: Mapping[str, Form] = {
    "id": count,
    "content": content,
    **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), flag),
}
TRUNCATION: Mapping[str, Form] = {"direction": word, "max_length": _size, "strategy": word, "stride": _size}
PADDING: Mapping[str, Form] = {
    "strategy": lambda value: (
        word(value) or (isinstance(value, dict) and set(value) == {"Fixed"} and _size(value["Fixed"]))
    ),
    "direction": word,
    "pad_token": content,
    **dict.fromkeys(("pad_to_multiple_of", "pad_id", "pad_type_id"), _size),
}
