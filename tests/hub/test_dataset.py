"""Files as people have them, and data sets on a Hub."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.hub import TOKEN, LoopbackHub
from helpers.hub_client import point_datasets

from sanitizer.errors import HubError, UsageError
from sanitizer.hub.dataset import TextTable, load_texts


def put(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", 'text,label\n"one, two",1\nnull,0\n'),
        ("d.tsv", "text\tlabel\none, two\t1\nnull\t0\n"),
        ("d.jsonl", '{"text": "one, two", "label": 1}\n{"text": "null", "label": 0}\n'),
        ("d.json", '[{"text": "one, two", "label": 1}, {"text": "null", "label": 0}]'),
        ("bom.csv", '\ufefftext,label\n"one, two",1\nnull,0\n'),
        ("crlf.csv", 'text,label\r\n"one, two",1\r\nnull,0\r\n'),
        ("UPPER.CSV", 'text,label\n"one, two",1\nnull,0\n'),
    ],
)
def test_every_kind_of_file_says_the_same(tmp_path: Path, name: str, content: str) -> None:
    table = load_texts(put(tmp_path / name, content))
    assert (table.name, table.texts, table.labels) == (name, ("one, two", "null"), (1, 0))
    assert table.notes == ("texts are taken from column 'text'", "labels are taken from column 'label'")


def test_parquet_keeps_the_names_of_classes(tmp_path: Path) -> None:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["bad", "good"], "_type": "ClassLabel"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    data = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]}).replace_schema_metadata(metadata)
    pq.write_table(data, tmp_path / "d.parquet")
    table = load_texts(str(tmp_path / "d.parquet"))
    assert (table.texts, table.labels, table.label_names) == (("a", "b"), (1, 0), ("bad", "good"))


def test_words_that_look_like_nothing_stay_words(tmp_path: Path) -> None:
    words = ("null", "NA", "none", "nan", "N/A", "007", "1.50", "True", '"quoted', "it's")
    assert load_texts(put(tmp_path / "d.tsv", "text\n" + "\n".join(words) + "\n")).texts == words
    plain = tuple(word for word in words if '"' not in word)
    assert load_texts(put(tmp_path / "d.csv", "text\n" + "\n".join(plain) + "\n")).texts == plain


def test_columns_and_limit_are_obeyed(tmp_path: Path) -> None:
    spec = put(tmp_path / "d.csv", "id,a,b\n1,x,yes\n2,y,no\n3,z,yes\n4,w,no\n")
    table = load_texts(spec, text_column="a", label_column="b", limit=2)
    assert (table.texts, table.labels, table.label_names) == (("x", "z"), (1, 1), ("no", "yes"))
    with pytest.raises(UsageError, match="no column 'c'") as caught:
        load_texts(spec, text_column="c")
    assert "id, a, b" in caught.value.hint
    with pytest.raises(UsageError, match="plainly the text") as caught:
        load_texts(spec)
    assert "--text-column" in caught.value.hint


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 50
BAD: list[tuple[str, str | bytes, str]] = [
    ("empty.csv", "", "is empty"),
    ("blank.csv", "\n\n", "is empty"),
    ("empty.jsonl", "", "is empty"),
    ("blank.jsonl", " \n", "is empty"),
    ("empty.parquet", "", "is empty"),
    ("header.csv", "text,label\n", "has no rows"),
    ("header.tsv", "text\tlabel\n", "has no rows"),
    ("array.json", "[]", "no|empty"),
    ("spaces.csv", 'text,label\n" ",1\n"",0\n', "has no texts"),
    ("rubbish.csv", PNG, "not a text file"),
    ("rubbish.tsv", PNG, "not a text file"),
    ("rubbish.jsonl", PNG, "not a text file"),
    ("rubbish.parquet", PNG, "cannot be read"),
    ("zipped.csv", gzip.compress(b"text\n" + b"a\n" * 50), "not a text file"),
    ("latin.csv", "text,label\ncafé,1\n".encode("latin1"), "not a text file in UTF-8"),
    ("latin.jsonl", '{"text": "café"}\n'.encode("latin1"), "not a text file in UTF-8|cannot be read"),
    ("late.csv", b"text\n" + b"a\n" * 70000 + b"caf\xe9\n", "not a text file in UTF-8"),
    ("utf16.csv", "text,label\na,1\n".encode("utf-16"), "not a text file"),
    ("ragged.csv", "text,label\na,1\nb,1,2\n", "cannot be read"),
    ("shifted.csv", "text,label\nb,1,2\na,1,2\n", "cannot be read"),
    ("unclosed.csv", 'text,label\n"a,1\nb,2\n', "cannot be read"),
    ("twice.csv", "text,text\na,b\n", "same name"),
    ("nameless.csv", "text,\na,b\n", "without a name"),
    ("broken.jsonl", '{"text": "a"}\n{"text":\n', "cannot be read"),
    ("words.jsonl", "hello\n", "cannot be read"),
    ("nested.jsonl", '{"text": ["a"]}\n', "plainly the text"),
    ("model.bin", "x", "not of a known kind"),
]


@pytest.mark.parametrize(("name", "content", "says"), BAD, ids=[name for name, _, _ in BAD])
def test_a_bad_file_is_one_line(
    tmp_path: Path, name: str, content: str | bytes, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        load_texts(put(tmp_path / name, content))
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert str(tmp_path / "hf") not in caught.value.message
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "spec",
    ["missing.csv", "./missing", "~/missing.jsonl", "missing", "", "a b", "a/b/c", "org/name#tr ain", "org/na\x1bme"],
)
def test_what_is_not_there(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        load_texts(spec)
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="not a file"):
        load_texts(str(tmp_path))


def test_a_hostile_column_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_texts(put(tmp_path / "d.csv", "a\x1b[2J,b\nx,y\n"))
    assert caught.value.hint.isprintable()
    assert "a?[2J, b" in caught.value.hint


def test_nothing_is_left_behind_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    load_texts(put(tmp_path / "d.csv", "text\na\n"))
    assert list((tmp_path / "scratch").iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_torch_is_not_imported(tmp_path: Path) -> None:
    spec = put(tmp_path / "d.csv", "text\na\n")
    code = (
        f"import sys; from sanitizer.hub.dataset import load_texts as t; t({spec!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


# --- on a Hub -----------------------------------------------------------------------------------------------------

TRAIN, TEST = b"text,label\nnull,1\nb,0\n", b"text,label\nc,1\n"


@pytest.fixture
def datasets_home(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopbackHub:
    point_datasets(monkeypatch, hub.url, tmp_path)
    return hub


def test_a_data_set_of_a_hub(datasets_home: LoopbackHub, capfd: pytest.CaptureFixture[str]) -> None:
    repo = datasets_home.repo("org/data", {"train.csv": TRAIN, "test.csv": TEST}, kind="dataset")
    table: TextTable = load_texts("org/data")
    assert (table.texts, table.labels) == (("null", "b"), (1, 0))
    assert table.name == f"org/data@{repo.refs['main']}:default#train"
    assert "split 'train' of org/data is used" in table.notes
    assert load_texts("hf://datasets/org/data@main:default#test").texts == ("c",)
    with pytest.raises(UsageError, match="no split 'dev'") as caught:
        load_texts("org/data#dev")
    assert "test, train" in caught.value.hint
    with pytest.raises(UsageError, match="no config 'x'"):
        load_texts("org/data:x")
    assert capfd.readouterr() == ("", "")


def test_configs_of_a_data_set(datasets_home: LoopbackHub) -> None:
    card = b"""---
configs:
- config_name: one
  data_files: one.csv
- config_name: two
  data_files: two.csv
---
"""
    datasets_home.repo("org/two", {"README.md": card, "one.csv": TRAIN, "two.csv": TEST}, kind="dataset")
    assert load_texts("org/two:two").texts == ("c",)
    with pytest.raises(UsageError, match="more than one config") as caught:
        load_texts("org/two")
    assert "org/two:one" in caught.value.hint


def test_a_private_data_set_and_one_that_is_not_there(datasets_home: LoopbackHub) -> None:
    datasets_home.repo("org/closed", {"train.csv": TRAIN}, kind="dataset", private=True)
    assert load_texts("org/closed", token=TOKEN).texts == ("null", "b")
    with pytest.raises(HubError, match="has no org/closed"):
        load_texts("org/closed")
    with pytest.raises(HubError, match="no revision v9"):
        load_texts("org/closed@v9", token=TOKEN)


def test_a_gated_data_set_and_a_hub_that_fails_meanwhile(datasets_home: LoopbackHub) -> None:
    datasets_home.repo("org/gated", {"train.csv": TRAIN}, kind="dataset", gated=True)
    with pytest.raises(HubError, match="is gated"):
        load_texts("org/gated")
    datasets_home.repo("org/data", {"train.csv": TRAIN}, kind="dataset")
    datasets_home.fail("GET", "/datasets/org/data/resolve/.*csv", 403, times=99)
    datasets_home.fail("HEAD", "/datasets/org/data/resolve/.*csv", 403, times=99)
    with pytest.raises(HubError):
        load_texts("org/data")


def test_a_folder_never_stands_in_for_the_hub(
    datasets_home: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets_home.repo("org/data", {"train.csv": TRAIN}, kind="dataset")
    (tmp_path / "cwd/org/data").mkdir(parents=True)
    put(tmp_path / "cwd/org/data/train.csv", "text\nother\n")
    monkeypatch.chdir(tmp_path / "cwd")
    for spec in ("org/data", "hf://org/data"):
        with pytest.raises(UsageError, match=r"not a file|in place of the Hub"):
            load_texts(spec)


def test_offline_is_said(datasets_home: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        load_texts("org/data")


@pytest.mark.parametrize("kind", ["script", "pickle"])
def test_nothing_of_a_data_set_is_run(datasets_home: LoopbackHub, tmp_path: Path, kind: str) -> None:
    witness = tmp_path / "ran"
    script = f"open({str(witness)!r}, 'w').close()\n".encode()
    bomb = b"cbuiltins\nexec\n(S" + repr(script.decode()).encode() + b"\ntR."
    files = {"evil.py": script} if kind == "script" else {"train.pkl": bomb}
    card = b"---\nconfigs:\n- config_name: default\n  data_files: train.pkl\n---\n" if kind == "pickle" else b""
    datasets_home.repo("org/evil", {**files, "README.md": card}, kind="dataset")
    with pytest.raises(UsageError):
        load_texts("org/evil")
    assert not witness.exists()
    exec(script)
    assert witness.exists(), "the bait itself must work, or the test above shows nothing"


def test_a_causal_model_is_given_prompts_with_their_answers(tmp_path: Path) -> None:
    rows = [("say a", "it is a"), ("say b ", "b"), ("say a", "another"), ("say c", ""), ("say d", " d")]
    lines = [json.dumps({"prompt": prompt, "completion": answer}) + "\n" for prompt, answer in rows]
    table = load_texts(put(tmp_path / "d.jsonl", "".join(lines)))
    assert table.texts == ("say a", "say b ", "say c", "say d")
    whole = table.with_answers()
    assert whole.texts == ("say a it is a", "say b b", "say d d")
    assert whole.prompts == (5, 6, 5)
    assert whole.sha256 != table.sha256
    assert whole.notes[-2:] == (
        "a causal model is given answers from column 'completion'", "1 row without answer was dropped",
    )  # fmt: skip


@pytest.mark.parametrize("columns", [("text", "answer"), ("prompt", "other"), ("question", "label")])
def test_columns_that_are_no_conversation_have_no_answers(tmp_path: Path, columns: tuple[str, str]) -> None:
    table = load_texts(put(tmp_path / "d.csv", ",".join(columns) + "\na,b\nc,d\n"), text_column=columns[0])
    assert table.answers is None
    assert table.with_answers() is table
