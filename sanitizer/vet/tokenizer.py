"""The smaller files of a tokenizer: settings, written anew from a list; vocabularies and merges, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.config import KEY as CONFIG_KEY
from sanitizer.vet.config import regenerate
from sanitizer.vet.forms import Form, anything, count, flag, mapping, number, text, token, word, words
from sanitizer.vet.hooks import screen
from sanitizer.vet.jsonstrict import MiB, dump, read_object
from sanitizer.vet.rules import Verdict, refused
from sanitizer.vet.template import KEY, judge_all
from sanitizer.vet.text import CAP, read_text
from sanitizer.vet.tokenizer_forms import LONGEST_WORD, content
from sanitizer.vet.vocabulary import MERGES, MOST_WORDS, VOCABULARY, halves, vocabulary

SETTINGS_CAP = 32 * MiB
TEMPLATES = "chat_template.json"

_TOKEN_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}_token")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,7}")


def special(value: Any) -> bool:
    """A token: its text, or a mapping of the text and how it is matched."""
    return content(value) or (
        isinstance(value, dict)
        and all(
            (key == "content" and content(inner))
            or (key == "__type" and inner == "AddedToken")
            or (key in ("single_word", "lstrip", "rstrip", "normalized", "special") and flag(inner))
            for key, inner in value.items()
        )
    )


def specials(value: Any) -> bool:
    """Several tokens, named or not."""
    if isinstance(value, dict):
        return all(word(key) and special(inner) for key, inner in value.items())
    return isinstance(value, list) and all(map(special, value))


def numbered(value: Any) -> bool:
    """added_tokens_decoder: numbers (as JSON keys) to tokens."""
    return isinstance(value, dict) and all(_NUMBER.fullmatch(key) and special(inner) for key, inner in value.items())


def pieces_settings(value: Any) -> bool:
    """sp_model_kwargs, which go to the sentencepiece library: never a file."""
    known = {"add_bos", "add_eos", "reverse", "enable_sampling", "nbest_size", "alpha", "emit_unk_piece"}
    return isinstance(value, dict) and set(value) <= known and all(flag(v) or number(v) for v in value.values())


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(map(text, value))


_SETTINGS: Mapping[str, Form] = MappingProxyType(
    {
        **dict.fromkeys(
            "do_lower_case strip_accents tokenize_chinese_chars do_basic_tokenize clean_up_tokenization_spaces "
            "add_prefix_space trim_offsets add_bos_token add_eos_token legacy use_default_system_prompt "
            "spaces_between_special_tokens split_special_tokens use_fast from_slow keep_accents do_split_by_punc "
            "add_dummy_prefix_space add_dummy_prefix remove_space lowercase do_word_tokenize do_subword_tokenize "
            "is_local local_files_only fix_mistral_regex return_token_type_ids add_special_tokens".split(),
            flag,
        ),
        **dict.fromkeys(
            "model_max_length max_length stride pad_to_multiple_of pad_token_type_id max_len vocab_size "
            "max_input_chars_per_word".split(),
            number,
        ),
        **dict.fromkeys(
            "tokenizer_class processor_class padding_side truncation_side truncation_strategy truncation padding "
            "errors backend tokenizer_type return_tensors".split(),
            lambda value: word(value) or flag(value),
        ),
        **dict.fromkeys("bos_token_id eos_token_id pad_token_id unk_token_id".split(), token),
        **dict.fromkeys(
            "additional_special_tokens extra_special_tokens model_specific_special_tokens".split(), specials
        ),
        "added_tokens_decoder": numbered,
        "model_input_names": words,
        "never_split": lambda value: _names(value) or mapping(value),
        "sp_model_kwargs": pieces_settings,
        "unk_id": count,
        KEY: anything,
    }
)


def examine_settings(checkpoint: Checkpoint, name: str, *, templates: bool = True) -> Verdict:
    """tokenizer_config.json and its kin. Raises RefusedError if it cannot be parsed."""
    document, findings = _understood(checkpoint, name)
    doubts, records = judge_all(document, name)
    findings += doubts if templates else ()
    if any(finding.severity == "high" for finding in findings):
        return refused(*findings)
    reason = "strict JSON; written anew from the settings that are known"
    return Verdict("rebuilt", reason, findings, tuple(replace(record, carried=templates) for record in records))


def write_settings(checkpoint: Checkpoint, name: str, target: Path, *, templates: bool = True) -> None:
    """The settings, written anew. Writing what was written changes nothing."""
    document, _ = _understood(checkpoint, name)
    if not templates:
        document.pop(KEY, None)
    target.write_bytes(dump(document))


def examine_vocabulary(checkpoint: Checkpoint, name: str) -> Verdict:
    """vocab.json and added_tokens.json: words to numbers. Raises RefusedError for what is not strict JSON."""
    findings = tuple(vocabulary(read_object(checkpoint, name, CAP), name))
    return refused(*findings) if findings else Verdict("kept", "strict JSON, words to numbers of their own")


def examine_words(checkpoint: Checkpoint, name: str) -> Verdict:
    """vocab.txt: one word in each line. merges.txt: two. Raises RefusedError for what is not text."""
    lines = read_text(checkpoint, name).split("\n")
    findings = tuple(_lines(lines, name))
    if findings:
        return refused(*findings)
    return Verdict("kept", "UTF-8 text, a word or a merge in each line")


def _understood(checkpoint: Checkpoint, name: str) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    document, findings = screen(read_object(checkpoint, name, SETTINGS_CAP), name)
    findings += tuple(
        CONFIG_KEY.finding(name, key) for key in document if key.startswith("__") or not key.isprintable()
    )
    forms = {KEY: anything} if name == TEMPLATES else _SETTINGS
    tokens = {key: special for key in document if _TOKEN_NAME.fullmatch(key)} if name != TEMPLATES else {}
    known, more = regenerate(document, {**tokens, **forms}, name)
    return known, findings + more


def _lines(lines: list[str], file: str) -> Iterator[Finding]:
    if len(lines) > MOST_WORDS or max(map(len, lines)) > 2 * LONGEST_WORD:
        yield VOCABULARY.finding(file, "more or longer lines than a vocabulary has")
    elif file == "merges.txt":
        merges = (line.rstrip("\r") for line in lines[1:] if line) if lines[0].startswith("#") else filter(None, lines)
        broken = next((merge for merge in merges if halves(merge) is None), None)
        if broken is not None:
            yield MERGES.finding(file, broken)
