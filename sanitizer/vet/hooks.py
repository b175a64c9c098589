"""Keys by which a JSON file makes a loader fetch or run something that is not in the file.

They are looked for at every depth, whatever their case, and never reach the rebuilt file, hostile or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sanitizer.report import Finding
from sanitizer.vet.rules import Rule

AUTO_MAP = Rule(
    "config.auto-map",
    "high",
    "auto_map names Python code of the repository, to be run on loading",
    "use a model whose architecture is part of transformers",
    why="With trust_remote_code a loader downloads and runs that code; some servers set it for every model.",
    sources=("https://huggingface.co/docs/transformers/custom_models",),
)
TRUST = Rule(
    "config.trust-remote-code",
    "high",
    "the file asks for remote code to be trusted (CVE-2026-5241: a nested key is enough)",
    "no model file has to say this; do not use it",
    why="A config must not grant itself trust: nested keys have been passed on to loaders.",
    sources=("https://nvd.nist.gov/vuln/detail/CVE-2026-5241",),
)
TRUST_OFF = Rule(
    "config.trust-remote-code-off",
    "low",
    "trust_remote_code is mentioned, and is off",
    "it was left out of the rebuilt file; nothing to do",
    why="Harmless as it is; a sign that the file was written by hand or by code that handles remote models.",
)
PIPELINE = Rule(
    "config.custom-code",
    "high",
    "the file names a custom pipeline or generation function: Python code of a repository",
    "use a model that runs with the pipelines of transformers",
    why="The pipeline or generate function is Python of a repository and runs with the rights of whoever calls it.",
    sources=("https://huggingface.co/docs/transformers/custom_models",),
)
IMPLEMENTATION = Rule(
    "config.implementation",
    "high",
    "an implementation is not a plain word: it may name a repository whose code is run (CVE-2026-4372)",
    "no model file has to say this; do not use it",
    why="Names of attention kernels may be Hub repositories, whose code was run even with trust_remote_code off.",
    sources=("https://nvd.nist.gov/vuln/detail/CVE-2026-4372",),
)
BASE_MODEL = Rule(
    "config.base-model",
    "high",
    "the file names another model that would be loaded with it",
    "merge the adapter into its base model first, and vet the result",
    why="PEFT and transformers fetch the base by that name, and its files would not have been vetted.",
)
CLASS_PATH = Rule(
    "config.class-path",
    "high",
    "a class is not a plain name: it may lead into code of a repository",
    "use a model whose classes are part of transformers",
    why="`repo--module.Class` makes a loader fetch code from another repository.",
    sources=("https://huggingface.co/docs/transformers/custom_models",),
)
DTYPE = Rule(
    "config.dtype",
    "high",
    "a dtype is not the name of one: transformers looks the word up among everything that torch has",
    "ask the author for a valid config.json",
    why="transformers reads the word with getattr from the whole of torch, so it can reach what is no dtype.",
)

OTHER_FILE = Rule(
    "config.other-file",
    "high",
    "the file sends its loader to a file that is not one of the model's",
    "remove the entry; a tokenizer and a config are found by their own names",
    why="Loaders open what is named there: a file of the machine, of a server, or another config than was vetted.",
    sources=("https://cwe.mitre.org/data/definitions/73.html",),
)

_VERSIONED = frozenset({"configuration_files", "fast_tokenizer_files"})
"""Other files that transformers takes instead of this one, by its own version."""
# A path on the author's disk says nothing; these lead somewhere on everybody's, or off it.
_ELSEWHERE = re.compile(
    r"\w+://|\\\\|//|~|(?:/|[A-Za-z]:[\\/])?(?:etc|proc|dev|sys|run|var)[\\/]|(?:.*[\\/])?\.\.[\\/]"
    r"|(?:.*[\\/])?\.(?!cache|local|huggingface|/|\\)\w[^\\/]*(?:[\\/]|$)"
)
_PLAIN = re.compile(r"[A-Za-z0-9_]{1,40}(?:\|[A-Za-z0-9_]{1,40})?")  # paged|sdpa is one of transformers' own
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_DTYPE = re.compile(r"(?:torch\.)?(?:float(?:64|32|16|8_\w{1,12})|bfloat16|double|half|float|auto|u?int(?:8|16|32|64))")
_CODE = {"auto_map": AUTO_MAP, "custom_pipelines": PIPELINE, "custom_generate": PIPELINE}
_CLASSES = {"tokenizer_class", "processor_class", "image_processor_type", "feature_extractor_type"}
# Where the file was saved, by what, and paths on the author's disk: they say nothing about the model.
_FORGOTTEN = {"_name_or_path", "name_or_path", "_commit_hash", "transformers_version"}


def screen(document: dict[str, Any], file: str) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """The document without hooks, and a finding for each hook that was set.

    Screening twice changes nothing. Nesting is bounded by whoever parsed it.
    """
    findings: list[Finding] = []

    def cleared(value: Any, place: str) -> Any:
        if isinstance(value, dict):
            kept = {}
            for key, inner in value.items():
                where = f"{place}.{key}" if place else key
                found = _hook(key, inner)
                if isinstance(found, Rule):
                    findings.append(found.finding(file, where))
                elif found:
                    kept[key] = cleared(inner, where)
            return kept
        return [cleared(inner, place) for inner in value] if isinstance(value, list) else value

    return cleared(document, ""), tuple(findings)


def _hook(key: str, value: Any) -> Rule | bool:
    """The rule that this entry breaks, or whether it is carried."""
    name = key.strip().casefold().replace("-", "_")
    if name in _CODE:
        return _CODE[name] if value else False
    if "trust_remote_code" in name:
        return TRUST_OFF if value is None or value is False else TRUST
    if isinstance(value, int | float):  # a label's number, or _attn_implementation_autoset: nothing to fetch or to run
        return True
    if "implementation" in name:
        plain = all(isinstance(word, str) and _PLAIN.fullmatch(word) for word in _words(value))
        return name == "cache_implementation" if plain else IMPLEMENTATION
    if name == "base_model_name_or_path":
        return BASE_MODEL if value else False
    if name in _CLASSES and value is not None:
        return True if isinstance(value, str) and _CLASS.fullmatch(value) else CLASS_PATH
    if name in ("dtype", "torch_dtype") and not all(
        _DTYPE.fullmatch(word) for word in _words(value) if isinstance(word, str)
    ):
        return DTYPE
    if name in _VERSIONED:
        return OTHER_FILE if value else False
    if name.endswith(("_file", "_files")) and any(
        isinstance(word, str) and _ELSEWHERE.match(word) for word in (value if isinstance(value, list) else [value])
    ):
        return OTHER_FILE
    return isinstance(value, dict) or (name not in _FORGOTTEN and not name.endswith(("_file", "_files")))


def _words(value: Any) -> Iterator[Any]:
    """A word, or the words of a mapping from sub-models to words."""
    if isinstance(value, dict):
        yield from value.values()
    elif value is not None:
        yield value
