"""Files spoilt at random: no rule crashes, nothing spoilt is rebuilt into something that is not accepted again.

`gate.crashed` fails closed, but it is a bug of a rule all the same.
"""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

from helpers import checkpoints
from helpers.bins import bin_file
from helpers.checkpoints import CONFIG, INDEX, SHARDS, TOKENIZER, make, rules, shard
from helpers.hostile import model, piece
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitizer.vet.gate import survey
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild

SETTINGS = {
    "tokenizer_class": "BertTokenizer",
    "model_max_length": int(1e30),
    "added_tokens_decoder": {"0": {"content": "[PAD]", "special": True}},
    "additional_special_tokens": ["<a>", {"content": "<b>", "lstrip": False}],
    "sp_model_kwargs": {"alpha": 0.1},
    "chat_template": [{"name": "default", "template": "{% for m in messages %}{{ m.content | trim }}{% endfor %}"}],
}
BPE = {
    **TOKENIZER,
    "added_tokens": [{"id": 4, "content": "<s>", "special": True}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend", "prepend": "_"}]},
    "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"\s+|\p{L}+"}, "behavior": "Isolated", "invert": False},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "a", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {"a": {"id": "a", "ids": [0], "tokens": ["a"]}},
    },
    "decoder": {"type": "Replace", "pattern": {"String": "_"}, "content": " "},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"], "a b"]},
}
UNIGRAM = {**TOKENIZER, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0.0], ["b", -1.5]]}}
GENERATION = {"eos_token_id": [1, 2], "temperature": 0.7, "do_sample": True, "bad_words_ids": [[1]]}
ROPE = {
    **CONFIG,
    "model_type": "llama",
    "rope_scaling": {"type": "linear", "factor": 2.0},
    "layer_types": ["full_attention"],
}
OURS = {**CONFIG, "quantization_config": {"quant_method": "sanitizer", "removed_heads": {"0": [1]}}}
WEIGHTS = {"metadata": {}, "weight_map": dict(zip("ab", SHARDS, strict=True))}
DOCUMENTS: list[tuple[str, Any]] = [
    ("config.json", CONFIG),
    ("config.json", ROPE),
    ("config.json", OURS),
    ("generation_config.json", GENERATION),
    ("tokenizer.json", BPE),
    ("tokenizer.json", UNIGRAM),
    ("tokenizer_config.json", SETTINGS),
    ("special_tokens_map.json", {"bos_token": {"content": "<s>", "__type": "AddedToken"}}),
    ("chat_template.json", {"chat_template": "{{ messages }}"}),
    ("processor_config.json", {"chat_template": {"default": "{{ messages }}"}}),
    ("vocab.json", {"a": 0, "b": 1}),
    (INDEX, WEIGHTS),
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 1 << 40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "../x", "a/b", "{{ x.__class__ }}", "(a+)+", "\u202e", "a" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "type", "0", "__x__", ""]), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Any]:
    """A document with something else at one or two of its places, or with one more key."""
    name, document = draw(st.sampled_from(DOCUMENTS))
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(places(document)))
        if not place:
            document = {**document, draw(st.sampled_from(["a", "auto_map", "type", "x" * 200])): draw(ANYTHING)}
            continue
        inner = document
        for part in place[:-1]:
            inner = inner[part]
        inner[place[-1]] = draw(ANYTHING)
    return name, document


@settings(max_examples=400)
@given(spoilt())
def test_no_rule_crashes_on_json_of_another_shape(case: tuple[str, Any]) -> None:
    name, document = case
    with tempfile.TemporaryDirectory() as place:
        folder = make(Path(place, "m"))
        if name == INDEX:
            shard(folder)
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
        check(folder)


BINARIES = {
    "tokenizer.model": model(piece("<unk>", 0.0, 2), piece("a", -1.5), b"\x12\x02\x18\x01"),
    "vocab.txt": b"[PAD]\n[UNK]\nthe\n",
    "merges.txt": b"#version: 0.2\na b\nab c\n",
    "chat_template.jinja": b"{% for m in messages %}{{ m['content'] | trim }}{% endfor %}",
    "README.md": b"---\nlicense: mit\ntags: [a, b]\n---\n# x\n",
    "LICENSE": b"MIT License\n",
    "model.safetensors": checkpoints.WEIGHTS,
    "pytorch_model.bin": bin_file(),
}


@settings(max_examples=300)
@given(st.sampled_from(sorted(BINARIES)), st.data())
def test_no_rule_crashes_on_bytes_that_were_changed(name: str, data: st.DataObject) -> None:
    raw = bytearray(BINARIES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "append"])):
            case "flip" if at < len(raw):
                raw[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del raw[at:]
            case "insert":
                raw[at:at] = data.draw(st.binary(max_size=5))
            case _:
                raw += data.draw(st.binary(max_size=5))
    with tempfile.TemporaryDirectory() as place:
        folder = make(Path(place, "m"))
        if name == "pytorch_model.bin" and data.draw(st.booleans()):
            (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(bytes(raw))
        check(folder)


def check(folder: Path) -> None:
    checkpoint = open_local(folder)
    seen = survey(checkpoint)
    assert "gate.crashed" not in rules(seen.record)
    if refusal(seen.record) is None:
        once = rebuild(checkpoint, seen.record, folder.parent / "once")
        again = survey(once).record
        assert {finding.severity for finding in again.findings} <= {"low", "medium"}
        assert rebuild(once, again, folder.parent / "twice").digest == once.digest
