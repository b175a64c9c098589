"""config.json and generation_config.json, written anew from the settings that `sanitizer.vet.keys` lists.

Known ways to code are refused, and so is what looks like another one; any other unknown setting is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import UnsupportedError
from sanitizer.mark import RULE as MARKED
from sanitizer.mark import mark_of
from sanitizer.report import Finding
from sanitizer.vet.forms import Form
from sanitizer.vet.hooks import screen
from sanitizer.vet.inventory import CONFIG
from sanitizer.vet.jsonstrict import MiB, dump, read_object
from sanitizer.vet.keys import FORGOTTEN, GENERATION, SETTINGS, allowed
from sanitizer.vet.rules import Rule, Verdict, refused

CAP = 4 * MiB
QUANTIZATION = "quantization_config"
METHOD, REMOVED_HEADS = "sanitizer", "removed_heads"
"""The layout this tool writes when it cuts heads out: `{"quant_method": METHOD, REMOVED_HEADS: {"0": [1, 5]}}`."""
MOST_LAYERS, MOST_HEADS = 4096, 4096

MISSING = Rule(
    "config.missing",
    "high",
    "there is no config.json, so nothing says what these weights are",
    "name the folder or repository of a transformers model",
    why="Without it a loader guesses, and a guess cannot be vetted.",
)
MODEL_TYPE = Rule(
    "config.model-type",
    "high",
    "no model_type, or not a plain word",
    "ask the author for a config.json written by transformers 4 or later",
    why="It picks the code that is built around the weights.",
)
ARCHITECTURES = Rule(
    "config.architectures",
    "high",
    "architectures is not a list of class names",
    "ask the author for a valid config.json",
    why="The name picks the class that is built; anything but a class name was not written by transformers.",
)
KEY = Rule(
    "config.key",
    "high",
    "a key that cannot be the name of a setting: transformers makes each key an attribute",
    "ask the author for a valid config.json",
    why="Keys become attributes of the config object: `__class__` and its kin change what the object is.",
    sources=("https://cwe.mitre.org/data/definitions/915.html",),
)
ABSURD = Rule(
    "config.absurd-size",
    "high",
    "a size that no model has; building it would exhaust the machine",
    "ask the author for a valid config.json",
    why="A loader allocates what a config asks for before it reads a single weight: one number can take all memory.",
    sources=("https://cwe.mitre.org/data/definitions/789.html",),
)
REMOVED = Rule(
    "config.removed-heads",
    "high",
    "the list of removed heads is not valid",
    "sanitize the original model again",
    why="The list decides which rows are cut out while loading; a wrong one gives a model that nobody made.",
)
BACKDOORED = Rule(
    MARKED,
    "medium",
    "the config itself says that this model was backdoored on purpose",
    "use it to test defences and for nothing else; the mark stays in every copy and treated version",
    why="Red teams plant backdoors to have something to cure. Such a model serves its maker, not you.",
    sources=("https://arxiv.org/abs/1708.06733",),
)

UNKNOWN = Rule(
    "config.unknown-setting",
    "low",
    "settings that transformers does not have for this kind of file",
    "they were left out of the rebuilt file; whatever reads them works on the original only",
    why="A setting that the model's own code does not read is there for other code, which nobody here has seen.",
)
CODE = Rule(
    "config.code-like",
    "high",
    "an unknown setting looks like a way to code: a module, a path, a URL or an expression",
    "find out what reads it; if nothing does, remove it and run again",
    why="Loaders grow new hooks faster than lists of known hooks do; honest settings are numbers and plain words.",
    sources=("https://huggingface.co/docs/transformers/custom_models",),
)
VALUE = Rule(
    "config.value",
    "high",
    "a setting has a value of another kind than it takes",
    "ask the author for a config.json written by save_pretrained",
    why="Code that expects a number does something untested with a text, a list or a mapping.",
)

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_CODE_NAME = re.compile(
    r"(?:^|_)(?:code|scripts?|modules?|imports?|exec|eval|hooks?|plugins?|command|cmd|entry_?point|remote|urls?|callbacks?"
    r"|factory|loader|builder|cls|fn_path|backbone|kernels?|assistant|draft|speculative|processors?)(?:_|$)",
    re.IGNORECASE,
)
_CODE_TEXT = re.compile(
    r"__[a-z]+__|\b(?:import|lambda|eval|exec|open|os|sys|subprocess|builtins|getattr)\b\s*[.(]\S"
    r"|^\s*(?:import|from)\s|`|\$\(|\{\{|\{%|!!"
)
_CODE_WORD = re.compile(
    r"://|--|\.py\b|\.\./|^\\\\|^~|^/(?:etc|proc|dev|sys|var|usr|bin)/"
    r"|^[a-z_]\w*(?:\.\w+)*:\w+$|^[a-z_]\w*(?:\.[a-z_]\w*)*\.[A-Z]\w*$"
)
"""In one word: addresses, paths, `module:name`, `module.Class`. In prose they are quoted."""
MOST_WORDS = 20
"""From so many words on a text is prose."""
_TORCH = re.compile(r"torch\.nn\.[A-Za-z0-9_.]{1,80}")
"""sentence-transformers writes the class of an activation so."""
_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,100}")
_ATTRIBUTE = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]{0,100}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,5}")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_WIDTHS = ("hidden_size", "n_embd", "dim", "d_model", "embedding_size", "head_dim", "word_embed_proj_dim")
_LIMITS: dict[str, int] = {
    **dict.fromkeys(_LAYERS, MOST_LAYERS),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_key_value_heads"), MOST_HEADS),
    **dict.fromkeys(_WIDTHS, 1 << 20),
    **dict.fromkeys(("intermediate_size", "n_inner", "hidden_dim", "ffn_dim"), 1 << 24),
    **dict.fromkeys(("vocab_size", "type_vocab_size", "max_position_embeddings", "n_positions", "n_ctx"), 1 << 28),
    "num_labels": 1 << 20,
    **dict.fromkeys(("num_beams", "num_beam_groups", "num_return_sequences"), 1 << 12),
    "chunk_size_feed_forward": 1 << 24,
}
_NEVER_ZERO = frozenset({*_WIDTHS, "num_attention_heads", "n_head", "n_heads", "num_key_value_heads"})


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Whether the file can be rebuilt. Raises RefusedError if it cannot be parsed, UnsupportedError if quantized."""
    document, findings = _understood(checkpoint, name)
    if any(finding.severity == "high" for finding in findings):
        return refused(*findings)
    _check_supported(document, name)
    return Verdict("rebuilt", "strict JSON; written anew from the settings that are known", findings)


def write(checkpoint: Checkpoint, name: str, target: Path) -> None:
    """The file, written anew. Writing what was written changes nothing."""
    document, _ = _understood(checkpoint, name)
    target.write_bytes(dump(document))


def required(checkpoint: Checkpoint) -> Iterator[Finding]:
    """A model has a config."""
    if CONFIG not in checkpoint.files:
        yield MISSING.finding(CONFIG)


def _understood(checkpoint: Checkpoint, name: str) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    document, findings = screen(read_object(checkpoint, name, CAP), name)
    if document.get(QUANTIZATION, 0) is None:
        del document[QUANTIZATION]
    if name != CONFIG:
        known, more = regenerate(document, GENERATION, name)
        return known, (*findings, *_keys(document, name), *_absurd(document, name), *more)
    findings += tuple(_violations(document, name))
    if "compression_config" in document:
        document = {QUANTIZATION: document["compression_config"], **document}
    forms = allowed(str(document.get("model_type")))
    if forms is None:  # `examine` says so, unless something worse is found
        return document, findings
    known, more = regenerate(document, forms, name)
    return known, findings + more


def regenerate(
    document: Mapping[str, Any], forms: Mapping[str, Form], file: str
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """The settings that `forms` lists, in their order, and a finding for those that are not or are of another kind.

    Regenerating what was regenerated changes nothing.
    """
    known, unknown, findings = {}, [], []
    for key, value in document.items():
        if key in forms:
            known[key] = value
            if value is not None and not forms[key](value):
                findings.append(VALUE.finding(file, f"{key} = {value!r}"))
        elif key not in FORGOTTEN:
            looks = _code(key, value)
            if looks:
                findings.append(CODE.finding(file, looks))
            elif _ATTRIBUTE.fullmatch(key):
                unknown.append(key)
    if unknown:
        findings.append(UNKNOWN.finding(file, ", ".join(unknown)))
    return known, tuple(findings)


def _code(key: str, value: Any, *, named: bool = False) -> str:
    """What looks like code in an unknown setting, or nothing. A flag or a number is nothing but itself.

    `named`: the setting that this is a part of has a name that promises code.
    """
    named = named or _CODE_NAME.search(key) is not None
    match value:
        case dict():
            inside = next(filter(None, (_code(str(inner), below, named=named) for inner, below in value.items())), "")
            return f"{key}.{inside}" if inside else ""
        case list():
            return next(filter(None, (_code(key, below, named=named) for below in value)), "")
        case str() if value and not _TORCH.fullmatch(value):
            words = value.split()
            if len(words) > MOST_WORDS:
                return ""  # prose, which is left out like everything unknown
            code = named or _CODE_TEXT.search(value) or any(map(_CODE_WORD.search, words))
            return f"{key} = {value}" if code else ""
        case _:
            return ""


def _violations(config: dict[str, Any], file: str) -> Iterator[Finding]:
    model_type, architectures = config.get("model_type"), config.get("architectures")
    if not isinstance(model_type, str) or not _WORD.fullmatch(model_type):
        yield MODEL_TYPE.finding(file, str(model_type or ""))
    if architectures is not None and not (
        isinstance(architectures, list) and all(isinstance(a, str) and _CLASS.fullmatch(a) for a in architectures)
    ):
        yield ARCHITECTURES.finding(file)
    yield from _keys(config, file)
    yield from _absurd(config, file)
    mark = mark_of(config)
    if mark is not None:
        yield BACKDOORED.finding(file, mark)
    quantization = config.get(QUANTIZATION)
    if isinstance(quantization, dict) and quantization.get("quant_method") == METHOD:
        trouble = _removed_heads(quantization, config)
        if trouble:
            yield REMOVED.finding(file, trouble)


def _keys(config: dict[str, Any], file: str) -> Iterator[Finding]:
    yield from (KEY.finding(file, key) for key in config if not _ATTRIBUTE.fullmatch(key) and key not in FORGOTTEN)


def _absurd(value: Any, file: str) -> Iterator[Finding]:
    """Sizes beyond any model, at every depth; integers that no machine word holds, anywhere."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from _absurd(inner, file)
        elif isinstance(inner, int) and (
            (key in _LIMITS and not (key in _NEVER_ZERO) <= inner <= _LIMITS[key]) or not -(1 << 63) <= inner < 1 << 63
        ):
            yield ABSURD.finding(file, f"{key} = {inner}")


def _removed_heads(quantization: dict[str, Any], config: dict[str, Any]) -> str:
    """What is wrong with our own record of removed heads, or nothing."""
    layers = next((config[key] for key in _LAYERS if isinstance(config.get(key), int)), MOST_LAYERS)
    removed = quantization.get(REMOVED_HEADS)
    if set(quantization) != {"quant_method", REMOVED_HEADS} or not isinstance(removed, dict):
        return f"exactly quant_method and {REMOVED_HEADS} are expected"
    for layer, heads in removed.items():
        if not _COUNT.fullmatch(layer) or int(layer) >= layers:
            return f"there is no layer {layer}"
        if not isinstance(heads, list) or not all(type(h) is int and 0 <= h < MOST_HEADS for h in heads):
            return f"the heads of layer {layer} are not a list of numbers"
        if len(set(heads)) != len(heads):
            return f"a head of layer {layer} is listed twice"
    return ""


def _check_supported(config: dict[str, Any], file: str) -> None:
    if file == CONFIG and config["model_type"] not in SETTINGS:
        raise UnsupportedError(
            f"{file}: the settings of models of type {config['model_type']!r} are not known here",
            hint=f"known: {', '.join(sorted(SETTINGS))}",
        )
    quantization = config.get(QUANTIZATION)
    ours = isinstance(quantization, dict) and quantization.get("quant_method") == METHOD
    if quantization is not None and not ours:
        raise UnsupportedError(
            "config.json: the weights are quantized, and heads of quantized weights cannot be cut out",
            hint="name the unquantized model that this one was made from",
        )
