"""Files that no text model needs and that other loaders pick up by name: read, for what they would fetch or run.

They are left behind in any case. Which names: configs of processors, adapters, sub-models, sentence-transformers and
diffusers, indexes of other weights, templates, safetensors. Other JSON (logs, results) is not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sanitizer.errors import CorruptError, RefusedError
from sanitizer.report import Finding
from sanitizer.vet import foreign
from sanitizer.vet.hooks import BASE_MODEL, screen
from sanitizer.vet.jsonstrict import SIZE, MiB, parse
from sanitizer.vet.leftovers import ADAPTER_CONFIG
from sanitizer.vet.rules import Rule
from sanitizer.vet.safetensors import read_header
from sanitizer.vet.shards import BASENAME
from sanitizer.vet.template import LONGEST, judge, judge_all

CAP = 64 * MiB

CLASS = Rule(
    "files.class-path",
    "high",
    "a module of the model is a class of some other package, or of the repository itself",
    "use a model whose modules are part of the library that loads it",
    why="sentence-transformers and diffusers import the classes that these files name.",
    sources=("https://huggingface.co/docs/transformers/custom_models",),
)

_LOADED = re.compile(
    r"(?:.+[_.])?config(?:\.[0-9.]+)?\.json|config_sentence_transformers\.json|modules\.json|model_index\.json"
    r"|special_tokens_map\.json|chat_template\.json|.+\.index(?:\.[\w-]+)?\.json"
)
_LOGGED = re.compile(r"(?:train\w*|eval\w*|run|experiment|lora|sft|data|dataset|wandb|sweep)[_.-]config\.json")
_SENTENCE = re.compile(r"(?:sentence_transformers|pylate|torch\.nn)(?:\.\w+)+")
_LIBRARIES = frozenset(
    {"diffusers", "transformers", "onnxruntime", "optimum", "flax", "safety_checker", "stable_diffusion"}
)
_BASES = re.compile(r"(?:transformers(?:\.models)?|sentence_transformers|diffusers|torch\.nn)(?:\.\w+)*")
_IMPORTED = ("activation_function", "activation_fn", "default_activation_function", "loss_fct")


def is_sidecar(name: str) -> bool:
    """Whether it is JSON that a loader picks up by its name."""
    last = PurePosixPath(name).name
    return _LOADED.fullmatch(last) is not None and _LOGGED.fullmatch(last) is None


def doubts(path: Path, name: str) -> Iterator[Finding]:
    """What a loader that follows this file would fetch or run. Raises nothing of what a stranger could write."""
    suffix = PurePosixPath(name).suffix.lower()
    reader = _READERS.get(suffix) or foreign.READERS.get(suffix)
    if reader is None:
        return
    try:
        yield from reader(path, name)
    except RefusedError as error:
        yield from error.findings
    except CorruptError:  # cut off: nothing can be loaded from it
        return


def _json(path: Path, name: str) -> Iterator[Finding]:
    if not is_sidecar(name):
        return
    if path.stat().st_size > CAP:
        yield SIZE.finding(name, f"{path.stat().st_size} bytes")
        return
    document = parse(path.read_bytes(), name)
    last = PurePosixPath(name).name
    _, findings = screen({"": document}, name)
    # Adapters are named as what they are; their base is part of that.
    yield from (finding for finding in findings if last != ADAPTER_CONFIG or finding.rule != BASE_MODEL.id)
    if isinstance(document, dict):
        yield from judge_all(document, name)[0]
        yield from _index(document.get("weight_map"), name)
        yield from _activation(document, name)
        yield from _mapping(document.get("auto_mapping"), name)
        if last == "model_index.json":
            yield from _pipeline(document, name)
    elif last == "modules.json" and isinstance(document, list):
        yield from _modules(document, name)


def _mapping(value: Any, name: str) -> Iterator[Finding]:
    """PEFT imports the library that an adapter says its base's class is from."""
    if isinstance(value, dict) and not _BASES.fullmatch(str(value.get("parent_library"))):
        yield CLASS.finding(name, f"parent_library = {value.get('parent_library')}")


def _index(places: Any, name: str) -> Iterator[Finding]:
    if isinstance(places, dict):
        for shard in sorted(set(map(str, places.values()))):
            if shard != PurePosixPath(shard).name or "\\" in shard or not shard.isprintable() or shard in ("", ".."):
                yield BASENAME.finding(name, shard)


def _activation(document: Mapping[str, Any], name: str) -> Iterator[Finding]:
    for key in _IMPORTED:
        value = document.get(key)
        if isinstance(value, str) and "." in value and not _SENTENCE.fullmatch(value):
            yield CLASS.finding(name, f"{key} = {value}")


def _modules(document: list[Any], name: str) -> Iterator[Finding]:
    for module in document:
        of, place = (module.get("type"), module.get("path")) if isinstance(module, dict) else (None, None)
        if not isinstance(of, str) or not _SENTENCE.fullmatch(of):
            yield CLASS.finding(name, str(of))
        if place is not None and (not isinstance(place, str) or not re.fullmatch(r"[\w-]*(?:/[\w-]+)*", place)):
            yield BASENAME.finding(name, str(place))


def _pipeline(document: Mapping[str, Any], name: str) -> Iterator[Finding]:
    """`{"_class_name": "X", "unet": ["diffusers", "Y"]}`; a class of the repository is a list too."""
    for key, value in document.items():
        if isinstance(value, list) and value and (key == "_class_name" or value[0] not in (None, *_LIBRARIES)):
            yield CLASS.finding(name, f"{key}: {value[0]}")


def _template(path: Path, name: str) -> Iterator[Finding]:
    text = path.read_bytes()[: 4 * LONGEST + 1].decode("utf-8", "replace")
    yield from (finding for finding in judge(text, name, "")[0] if finding.severity == "high")


def _tensors(path: Path, name: str) -> Iterator[Finding]:
    if foreign.is_pointer(path):
        return
    with path.open("rb") as stream:
        read_header(stream, path.stat().st_size, name)
    yield from ()


_READERS: Mapping[str, Callable[[Path, str], Iterator[Finding]]] = {
    ".json": _json,
    ".jinja": _template,
    ".jinja2": _template,
    ".j2": _template,
    ".safetensors": _tensors,
}
