"""What the gate's readers are held against, byte by byte: what they accept means to others what it means to us.

Each target takes any bytes and raises AssertionError for a disagreement, or what a reader raises that it should not.
`run.py` feeds them for as long as one likes, `test_targets.py` for a moment.
"""

from __future__ import annotations

import io
import json
import pickletools
import zipfile
from collections.abc import Callable, Mapping

import jinja2
import safetensors
import torch
from helpers.bins import bin_file, dict_of, number, tensor
from helpers.checkpoints import CONFIG, WEIGHTS, entry, packed
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet import keys
from sanitizer.vet.config import regenerate
from sanitizer.vet.hooks import screen
from sanitizer.vet.jinja import doubts
from sanitizer.vet.jsonstrict import dump, parse_object
from sanitizer.vet.legacy.archive import check_sums, read_archive, read_member
from sanitizer.vet.legacy.machine import run
from sanitizer.vet.legacy.opcodes import instructions
from sanitizer.vet.legacy.trace import trace
from sanitizer.vet.safetensors import read_header

REFUSALS = (RefusedError, CorruptError)


def header(data: bytes) -> None:
    """Our reader of safetensors against the library: the same names, shapes, dtypes and bytes."""
    try:
        ours = read_header(data, len(data))
    except REFUSALS:
        return
    theirs = dict(safetensors.deserialize(data))
    assert ours.tensors.keys() == theirs.keys()
    for name, info in ours.tensors.items():
        assert list(info.shape) == theirs[name]["shape"]
        assert info.dtype == theirs[name]["dtype"]
        assert data[ours.begin + info.start : ours.begin + info.end] == bytes(theirs[name]["data"])


def archive(data: bytes) -> None:
    """Our reader of archives against zipfile and torch's own: the same members with the same content."""
    stream = io.BytesIO(data)
    try:
        ours = read_archive(stream, len(data), "f")
        check_sums(stream, ours, "f")
    except REFUSALS:
        return
    content = {name: read_member(stream, member, len(data), "f") for name, member in ours.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as theirs:
        found = {name.partition("/")[2]: theirs.read(name) for name in theirs.namelist()}
    assert content == found
    records = torch._C.PyTorchFileReader(io.BytesIO(data))
    assert {name: records.get_record(name) for name in content} == content


def pickle(data: bytes) -> None:
    """Our instructions against pickletools; and what the machine takes, the follower understands as well."""
    try:
        ours = [(step.name, step.argument, step.position) for step in instructions(data, "f")]
    except REFUSALS:
        ours = []
    if ours:
        theirs = [(code.name, argument, position) for code, argument, position in pickletools.genops(data)]
        assert [(name, position) for name, _, position in ours] == [(name, position) for name, _, position in theirs]
        assert repr([step[1] for step in ours]) == repr([step[1] for step in theirs])  # NaN is not itself
    followed = trace(data)
    try:
        run(data, "f")
    except REFUSALS:
        return
    assert followed.ended
    assert followed.length == len(data)


def config(data: bytes) -> None:
    """A config is written anew, and writing that anew changes nothing."""
    try:
        document, _ = screen(parse_object(data, "config.json"), "config.json")
    except REFUSALS:
        return
    forms = keys.allowed(str(document.get("model_type"))) or keys.GENERATION
    once, _ = regenerate(document, forms, "config.json")
    assert set(once) <= set(forms)
    again, findings = regenerate(once, forms, "config.json")
    assert again == once
    assert {finding.rule for finding in findings} <= {"config.value"}
    assert parse_object(dump(once), "config.json") == once


def template(data: bytes) -> None:
    """A template without a doubt parses, and in transformers' sandbox reaches for nothing that is forbidden there."""
    text = data.decode("utf-8", "replace")
    if next(doubts(text), None) is not None:
        return
    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    environment.globals |= {"raise_exception": str, "strftime_now": str}
    try:
        environment.from_string(text).render(messages=MESSAGES, tools=[{"function": {"name": "f"}}], bos_token="<s>")
    except SecurityError:
        raise AssertionError(text) from None
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
        return  # what is written there goes wrong, as in honest templates with other messages


MESSAGES = [{"role": "user", "content": "a", "parts": ["b"]}, {"role": "assistant", "content": "c"}]
LLAMA = {**CONFIG, "model_type": "llama", "rope_scaling": {"factor": 2.0}, "x": "evil.py", "auto_map": {"a": "b.C"}}
TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "header": header,
    "archive": archive,
    "pickle": pickle,
    "config": config,
    "template": template,
}
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "header": (
        WEIGHTS,
        packed({"b": entry(0, 4, "F16", (1, 2)), "a": entry(4, 12)}, bytes(12)),
        packed({"x": entry(0, 0)}),
    ),
    "archive": (bin_file(), bin_file(dict_of(a=tensor(), b=number(3)))),
    "pickle": (
        bin_file()[bin_file().index(b"\x80\x02") :][:200],
        b"\x80\x02}X\x01\x00\x00\x00aK\x01s.",
        b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00}\x8c\x01aNs.",
    ),
    "config": (json.dumps(CONFIG).encode(), json.dumps(LLAMA).encode(), b'{"max_length": 20, "eos_token_id": [1]}'),
    "template": (
        b"{% for m in messages %}{{ m['role'] + ': ' + m.content | trim }}{% if loop.last %}x{% endif %}{% endfor %}",
        b"{% set ns = namespace(x='') %}{% for m in messages %}{% set ns.x = ns.x ~ m.content %}{% endfor %}{{ ns.x }}",
        b"{% macro f(a) %}{{ a | tojson }}{% endmacro %}{{ f(tools) }}{{ messages | map(attribute='role') | list }}",
    ),
}
WORDS: Mapping[str, tuple[bytes, ...]] = {
    "header": (
        b'"__metadata__":{"a":"b"},',
        b"F32",
        b'"shape":[',
        b"9223372036854775807",
        b"\\u0061",
        b" ",
        b"{",
        b"]",
    ),
    "archive": (
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x06\x06",
        b"FB\x02\x00ZZ",
        b"data/1",
        b"\xff\xff\xff\xff",
    ),
    "pickle": (
        b"cos\nsystem\n",
        b"\x93",
        b"R",
        b"b",
        b"(",
        b"t",
        b"\x85",
        b"\x94",
        b"h\x00",
        b"q\x00",
        b"\x8a\x01\x01",
        b".",
    ),
    "config": (b'"auto_map":', b"null", b'"__x__"', b"[[", b"-1", b"1e9", b'"id2label":{"0":"a"},', b'"\\ud800"'),
    "template": (
        b"__class__",
        b"|attr(",
        b"{% set ",
        b"['",
        b"~",
        b".mro",
        b"range(",
        b"{{",
        b"}}",
        b"namespace",
        b"|map(",
    ),
}
