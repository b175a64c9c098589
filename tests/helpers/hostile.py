"""For each rule a hostile folder and its harmless twin: the same file, used as honest people use it.

A case changes a folder made by `checkpoints.make`. `fate` is what must become of the whole: `refused` (it cannot be
rebuilt), or `goes on` (what is doubted is left behind, or is no danger by itself).
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.bins import (
    CALLS_SYSTEM,
    Part,
    archive,
    bin_file,
    dict_of,
    lying,
    named,
    number,
    parts,
    pickled,
    storage,
    tensor,
)
from helpers.checkpoints import CONFIG, INDEX, SHARDS, WEIGHTS, entry, packed, shard, write_json

Change = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    rule: str
    hostile: Change
    twin: Change
    fate: Literal["refused", "goes on"] = "refused"


def config(**keys: Any) -> Change:
    return lambda folder: write_json(folder / "config.json", {**CONFIG, **keys})


def settings(**keys: Any) -> Change:
    return lambda folder: write_json(folder / "tokenizer_config.json", keys)


def file(name: str, content: bytes) -> Change:
    def put(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return put


def weights(header: dict[str, Any] | str | bytes, data: bytes = b"") -> Change:
    return file("model.safetensors", packed(header, data))


def index(**weight_map: str) -> Change:
    return lambda folder: write_json(shard(folder) / INDEX, {"metadata": {}, "weight_map": weight_map})


def pickled_weights(content: bytes) -> Change:
    """A folder whose weights are a `.bin`."""
    return all_of(gone("model.safetensors"), file("pytorch_model.bin", content))


def state(**entries: bytes) -> Change:
    return pickled_weights(bin_file(dict_of(**entries)))


def all_of(*changes: Change) -> Change:
    return lambda folder: [change(folder) for change in changes]


def gone(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def ours(heads: dict[str, Any]) -> Change:
    return config(quantization_config={"quant_method": "sanitizer", "removed_heads": heads})


def linked(folder: Path) -> None:
    (folder.parent / "elsewhere").write_bytes(WEIGHTS)
    gone("model.safetensors")(folder)
    (folder / "model.safetensors").symlink_to(folder.parent / "elsewhere")


def hard_linked(folder: Path) -> None:
    os.link(folder / "model.safetensors", folder.parent / "elsewhere")


def piece(text: str, score: float, of: int = 1) -> bytes:
    """A piece of a sentencepiece model: text, score, type."""
    raw = text.encode()
    return b"\x0a" + bytes([len(raw)]) + raw + b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([of])


def model(*parts: bytes) -> bytes:
    """A sentencepiece model of pieces; parts that begin otherwise are fields of the model itself."""
    whole = b""
    for part in parts:
        inner = part[:1] not in b"\x0a\x15" if part else True
        length = (
            bytes([len(part)])
            if len(part) < 128
            else bytes([len(part) & 127 | 128, len(part) >> 7 & 127 | 128, len(part) >> 14])
        )
        whole += part if inner else b"\x0a" + length + part
    return whole


def chat(text: str) -> Change:
    return file("chat_template.jinja", text.encode())


def tokenizer(**parts: Any) -> Change:
    words = {"[PAD]": 0, "a": 1, "b": 2, "ab": 3}
    whole = {"version": "1.0", "model": {"type": "BPE", "vocab": words, "merges": [["a", "b"]]}, **parts}
    return lambda folder: write_json(folder / "tokenizer.json", whole)


def token(index: int, content: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"id": index, "content": content, **flags}


def replaced(old: str, new: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": old}, "content": new}


def split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def matrix(*numbers: float) -> Change:
    """One tensor of half precision, of two dimensions."""
    data = struct.pack(f"<{len(numbers)}e", *numbers)
    return weights({"a": entry(0, len(data), "F16", (1, len(numbers)))}, data)


def named_tensors(*names: str) -> tuple[dict[str, Any], bytes]:
    """Matrices of 2 x 4 ones."""
    header = {name: entry(32 * index, 32 * index + 32, shape=(2, 4)) for index, name in enumerate(names)}
    return header, struct.pack("<8f", *[1.0] * 8) * len(names)


def tied(number: float) -> Change:
    """A model of embeddings alone, and a head that is tied to them: all ones, but for one number."""
    names = "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"
    header, data = named_tensors(*names)
    content = data[:-4] + struct.pack("<f", number)
    return all_of(config(num_hidden_layers=0, vocab_size=2), weights(header, content))


def layers(*numbers: float) -> Change:
    """The same tensor of as many layers, each of one number."""
    header = {f"layer.{index}.w": entry(4 * index, 4 * index + 4) for index in range(len(numbers))}
    return weights(header, struct.pack(f"<{len(numbers)}f", *numbers))


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"x")
    return buffer.getvalue()


def modules(of: str) -> Change:
    """The modules of a sentence-transformers model, of which one is this class."""
    return lambda folder: (folder / "modules.json").write_text(json.dumps([{"idx": 0, "path": "", "type": of}]))


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 16\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
OLD_PICKLE = b"(dp0\nS'a'\np1\nI1\ns."  # {"a": 1} in protocol 0, which nobody here reads
PICKLE = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
TRAINING = pickled(named("transformers.training_args", "TrainingArguments") + b")\x81}b")
HDF = b"\x89HDF\r\n\x1a\n"
BILLION = b"---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c {<<: [*b]}\nlicense: mit\n---\n"
RIGHT_TO_LEFT = "\u202e"
UNTOUCHED = config()
PICKLED = pickled_weights(bin_file())
GOOD_PARTS = parts(pickled(dict_of(a=tensor())), {"0": bytes(8)})

CASES = (
    Case("archive.layout", pickled_weights(bin_file() + b"x"), PICKLED),
    Case("archive.members", pickled_weights(archive([*GOOD_PARTS, Part("constants.pkl", b"x")])), PICKLED),
    Case("archive.packed", pickled_weights(lying("data/0", method=8)), PICKLED),
    Case("card.unreadable", file("README.md", b"---\n: [\n---\n"), file("README.md", b"no metadata"), "goes on"),
    Case("card.yaml-tricks", file("README.md", BILLION), file("README.md", b"---\nlicense: mit\n---\n"), "goes on"),
    Case("config.absurd-size", config(num_hidden_layers=10**9), config(num_hidden_layers=96)),
    Case("config.architectures", config(architectures=["os.system"]), config(architectures=None)),
    Case("config.auto-map", config(auto_map={"AutoModel": "evil.Model"}), config(auto_map={})),
    Case("config.backdoored", config(backdoored={"attack": "badnets"}), config(backdoored=False), "goes on"),
    Case("config.base-model", config(base_model_name_or_path="a/b"), config(_name_or_path="a/b")),
    Case("config.class-path", settings(tokenizer_class="a/b--t.T"), settings(tokenizer_class="BertTokenizer")),
    Case("config.code-like", config(head_factory="evil_kit:make"), config(head_dropout=0.1)),
    Case("config.custom-code", config(custom_pipelines={"x": {"impl": "evil.P"}}), config(custom_pipelines=None)),
    Case("config.dtype", config(torch_dtype="load"), config(torch_dtype="torch.float16", dtype="bfloat16")),
    Case("config.implementation", config(_attn_implementation_internal="a/b"), config(_attn_implementation="sdpa")),
    Case("config.key", config(__class__="x"), config(_custom="x")),
    Case("config.missing", gone("config.json"), UNTOUCHED),
    Case("config.model-type", config(model_type="../bert"), config(model_type="xlm-roberta")),
    Case("config.other-file", settings(tokenizer_file="/etc/passwd"), settings(tokenizer_file="/root/.cache/a/b.json")),
    Case("config.removed-heads", ours({"0": [1, 1]}), ours({"0": [1], "1": [0]})),
    Case("config.trust-remote-code", config(a=[{"trust_remote_code": 1}]), config(trust="trust_remote_code")),
    Case("config.trust-remote-code-off", config(trust_remote_code=False), UNTOUCHED, "goes on"),
    Case("config.unknown-setting", config(my_dropout=0.1), config(classifier_dropout=0.1), "goes on"),
    Case("config.value", config(hidden_act={"a": 1}), config(hidden_act="gelu_new")),
    Case("config.weights-size", config(vocab_size=1 << 27, hidden_size=1 << 12), config(vocab_size=1 << 12)),
    Case("files.adapter", file("adapter_config.json", b"{}"), file("adapters.md", b""), "goes on"),
    Case("files.archive", file("data.zip", zipped("data.csv")), file("data.csv", b"PK"), "goes on"),
    Case("files.class-path", modules("custom.Layer"), modules("sentence_transformers.models.Pooling"), "goes on"),
    Case(
        "files.foreign-code",
        file("model.h5", HDF + b'{"class_name": "Lambda"}'),
        file("model.h5", HDF + b'{"class_name": "Dense"}'),
        "goes on",
    ),
    Case("files.lookalike", file("\u0441onfig.json", b"{}"), file("\u0441\u043b\u043e\u0432\u0430.txt", b"")),
    Case("files.case-collision", file("Config.json", b"{}"), file("config.yaml", b"")),
    Case("files.executable", file("run.txt", ELF), file("run.txt", b"ELF is a format"), "goes on"),
    Case("files.hard-link", hard_linked, UNTOUCHED, "goes on"),
    Case("files.hidden-characters", file(f"a{RIGHT_TO_LEFT}gnp.py", b""), file("abגדה.txt", b"")),
    Case("files.hook", file("handler.py", b"class EndpointHandler: ..."), file("train.py", b""), "goes on"),
    Case("files.link", linked, UNTOUCHED),
    Case("files.pretender", file("vocab.txt", b"PK\x03\x04" + bytes(30)), file("vocab.txt", b"PK\n[PAD]\n")),
    Case("files.special", lambda folder: os.mkfifo(folder / "pipe"), file("pipe", b"")),
    Case("files.training-state", file("training_args.bin", TRAINING), file("training_args.md", b""), "goes on"),
    Case("files.traversal", file("..\\..\\x.json", b"{}"), file("sub/x.json", b"{}")),
    Case("files.unneeded", file("train.py", b"print()"), UNTOUCHED, "goes on"),
    Case("json.depth", file("tokenizer_config.json", b'{"a":' + b"[" * 65 + b"]" * 65 + b"}"), settings(a=[[[]]])),
    Case("json.duplicate-key", file("config.json", b'{"model_type": "a", "model_type": "b"}'), UNTOUCHED),
    Case("json.invalid", file("config.json", json.dumps(CONFIG).encode("utf-16")), UNTOUCHED),
    Case("json.number", settings(a=float("nan")), settings(model_max_length=int(1e30))),
    Case("json.shape", file("vocab.json", b"[]"), file("vocab.json", b"{}")),
    Case("json.too-large", file("config.json", json.dumps(CONFIG).encode() + b" " * (5 << 20)), UNTOUCHED),
    Case(
        "legacy.expanded",
        state(a=tensor(shape=(1 << 40,), strides=(0,))),
        state(a=tensor(shape=(3, 2), strides=(0, 1))),
    ),
    Case("legacy.format", pickled_weights(pickled(dict_of())), PICKLED),
    Case("legacy.kind", state(a=tensor(storage("ComplexFloatStorage", count=1), shape=(1,))), PICKLED),
    Case("legacy.left-out", state(a=tensor(), epoch=number(3)), PICKLED, "goes on"),
    Case("legacy.state-dict", state(state_dict=dict_of(a=tensor())), PICKLED),
    Case("legacy.view", state(a=tensor(shape=(3,))), state(a=tensor(shape=(1,)))),
    Case("licence.hidden-characters", file("LICENSE", "MIT\u202e".encode()), file("LICENSE", b"MIT\x0c\n"), "goes on"),
    Case("licence.unreadable", file("LICENSE", b"\xa9 1999"), file("LICENSE", "© 1999".encode()), "goes on"),
    Case("pickle.call", state(a=named("torch", "Size") + b")\x81"), PICKLED),
    Case("pickle.global", state(a=CALLS_SYSTEM), PICKLED),
    Case("pickle.malformed", state(a=tensor() + b"h\x00"), PICKLED),
    Case("pickle.opcode", state(a=b"\x8f"), PICKLED),
    Case("pickle.too-large", state(a=b"(" * 65 + b"t" * 65), state(a=tensor(), b=b"(" * 60 + b"t" * 60)),
    Case("safetensors.coverage", weights({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)), UNTOUCHED),
    Case("safetensors.dtype", weights({"a": entry(0, 8, "F33")}, bytes(8)), weights({"a": entry(0, 8)}, bytes(8))),
    Case("safetensors.empty", weights({}), UNTOUCHED),
    Case("safetensors.fields", weights({"a": {**entry(0, 8), "code": "x"}}, bytes(8)), UNTOUCHED),
    Case("safetensors.header", weights(b' {"a":1}'), weights(json.dumps({"a": entry(0, 8)}) + "   ", bytes(8))),
    Case("safetensors.header-size", file("model.safetensors", struct.pack("<Q", 10**9) + b"{}"), UNTOUCHED),
    Case("safetensors.tensor-name", weights({f"a{RIGHT_TO_LEFT}": entry(0, 8)}, bytes(8)), UNTOUCHED),
    Case("safetensors.tensor-size", weights({"a": entry(0, 8, shape=(3,))}, bytes(8)), UNTOUCHED),
    Case("shards.orphan", index(a=SHARDS[0]), shard),
    Case("shards.path", index(a=SHARDS[0], b="../../../etc/passwd"), shard),
    Case("shards.tensor-missing", index(a=SHARDS[0], b=SHARDS[1], c=SHARDS[1]), shard),
    Case("shards.tensor-orphan", all_of(index(a=SHARDS[0], b=SHARDS[1]), file(SHARDS[1], WEIGHTS)), shard),
    Case("shards.two-sets", all_of(shard, file("model.safetensors", WEIGHTS)), shard),
    Case("template.bounds", chat("{{ 'x' * 999999999 }}"), chat("{{ 'x' * 3 }}")),
    Case("template.escape", chat("{{ x.__class__ }}"), chat("{{ x.content }}__class__")),
    Case("template.syntax", chat("{% for x in y %}"), chat("{% for x in y %}{% endfor %}"), "goes on"),
    Case("template.unknown", chat("{{ x | pprint }}"), chat("{{ x | trim }}"), "goes on"),
    Case(
        "tokenizer.added-token",
        tokenizer(added_tokens=[token(1, "[EVIL]")]),
        tokenizer(added_tokens=[token(1, "a"), token(4, "[NEW]")]),
        "goes on",
    ),
    Case("tokenizer.merges", file("merges.txt", b"a b c\n"), file("merges.txt", b"#version: 0.2\na b\n")),
    Case("tokenizer.part", tokenizer(decoder={"type": "Python"}), tokenizer(decoder={"type": "Fuse"})),
    Case("tokenizer.pieces", file("spiece.model", b"junk"), file("spiece.model", model(piece("a", -1.0)))),
    Case("tokenizer.regex", tokenizer(pre_tokenizer=split("(a+)+$")), tokenizer(pre_tokenizer=split(r"\s+|\p{L}+"))),
    Case(
        "tokenizer.replace",
        tokenizer(decoder=replaced("good.example", "evil.example")),
        tokenizer(decoder=replaced("▁", " ")),
        "goes on",
    ),
    Case("tokenizer.vocabulary", file("vocab.json", b'{"a": 1, "b": 1}'), file("vocab.json", b'{"a": 0, "b": 1}')),
    Case("weights.all-zero", matrix(0.0), matrix(1.0), "goes on"),
    Case(
        "weights.bytes",
        weights({"a": entry(0, 8, "U8", (8,))}, bytes(range(8))),
        weights({"h.0.attn.bias": entry(0, 8, "U8", (1, 8))}, bytes(range(8))),
        "goes on",
    ),
    Case("weights.infinite", matrix(1.0, float("-inf")), matrix(1.0, -65504.0), "goes on"),
    Case(
        "weights.missing",
        weights(*named_tensors("encoder.layer.0.attention.self.key.weight")),
        weights(*named_tensors("bert.embeddings.other")),
        "goes on",
    ),
    Case("weights.nan", matrix(1.0, float("nan")), matrix(1.0, 0.0)),
    Case("weights.none", gone("model.safetensors"), UNTOUCHED),
    Case("weights.outlier", layers(1, 1, 1, 1, 900), layers(1, 1, 1, 1, 90), "goes on"),
    Case("weights.page", file("model.safetensors", b"<!DOCTYPE html><title>404</title>"), UNTOUCHED),
    Case(
        "weights.shape",
        weights(*named_tensors("encoder.layer.0.attention.self.key.weight")),
        weights(*named_tensors("encoder.layer.0.attention.self.lora_A.weight")),
        "goes on",
    ),
    Case("weights.tied-apart", tied(7.0), tied(1.0), "goes on"),
    Case("weights.pickle-code", file("pytorch_model.bin", PICKLE), file("pytorch_model.bin", bin_file()), "goes on"),
    Case("weights.pickle-data", file("pytorch_model.bin", bin_file()), file("notes.md", b"pickle"), "goes on"),
    Case("weights.pickle-only", all_of(gone("model.safetensors"), file("model.pt", PICKLE)), UNTOUCHED),
    Case("weights.pickle-unread", file("model.pt", OLD_PICKLE), file("notes.md", b"pickle"), "goes on"),
    Case("weights.pointer", file("model.safetensors", LFS), UNTOUCHED),
)

ELSEWHERE = {
    "files.too-deep": "test_folder",
    "files.too-many": "test_folder",
    "gate.crashed": "test_gate",
    "gate.incomplete": "test_gate",
    "gate.limit": "test_isolated",
    "gate.nothing": "test_gate",
    "gate.unexamined": "test_gate",
    "gate.unread": "test_gate",
    "tokenizer.unloadable": "test_isolated",
    "weights.names": "test_shapes",
    "weights.pickle-unopened": "test_leftovers",
}
"""Rules about the gate itself, which no folder can break: where they are tested."""
