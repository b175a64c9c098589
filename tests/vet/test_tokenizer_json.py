"""tokenizer.json: what the library writes passes whole, and each broken part is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, rules, vetted, write_json
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = ["the quick brown fox jumps over the lazy dog " * 3, "hello world, été 12 345"] * 20
SPLIT = Regex(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


def trained(model: Any, trainer: Any, **parts: Any) -> Any:
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(TEXTS, trainer(vocab_size=120, show_progress=False, special_tokens=["<unk>", "</s>"]))
    return json.loads(tokenizer.to_str())


def bpe() -> Any:
    return trained(
        models.BPE(),
        trainers.BpeTrainer,
        pre_tokenizer=pre_tokenizers.Sequence(
            [pre_tokenizers.Split(SPLIT, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        ),
        post_processor=processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B:1", special_tokens=[("</s>", 1)]),
            ]
        ),
        decoder=decoders.ByteLevel(),
    )


def llama() -> Any:
    return trained(
        models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"),
        trainers.BpeTrainer,
        normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        decoder=decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        ),
    )


def unigram() -> Any:
    return trained(
        models.Unigram(),
        lambda **how: trainers.UnigramTrainer(unk_token="<unk>", **how),
        normalizer=normalizers.Sequence(
            [
                normalizers.Nmt(),
                normalizers.NFKC(),
                normalizers.Replace(Regex(" {2,}"), " "),
                normalizers.Replace("``", '"'),
            ]
        ),
        pre_tokenizer=pre_tokenizers.Metaspace(),
        decoder=decoders.Metaspace(),
    )


def wordpiece() -> Any:
    document = trained(
        models.WordPiece(unk_token="<unk>"),
        trainers.WordPieceTrainer,
        normalizer=normalizers.BertNormalizer(),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        post_processor=processors.BertProcessing(("</s>", 1), ("<unk>", 0)),
        decoder=decoders.WordPiece(),
    )
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.enable_padding(length=5)
    tokenizer.enable_truncation(4)
    return json.loads(tokenizer.to_str())


def clip() -> Any:
    return trained(
        models.BPE(continuing_subword_prefix="##", end_of_word_suffix="</w>"),
        lambda **how: trainers.BpeTrainer(continuing_subword_prefix="##", end_of_word_suffix="</w>", **how),
        pre_tokenizer=pre_tokenizers.Whitespace(),
        decoder=decoders.BPEDecoder(),
    )


MAKERS = (bpe, llama, unigram, wordpiece, clip)


def judged(tmp_path: Path, document: Any) -> set[str]:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer.json", document)
    return rules(vetted(folder))


@pytest.mark.parametrize("maker", MAKERS)
def test_what_the_library_writes_passes(maker: Callable[[], Any], tmp_path: Path) -> None:
    assert judged(tmp_path, maker()) == set()


@pytest.mark.parametrize("maker", [bpe, llama])
def test_the_older_spelling_of_merges_and_models_passes(maker: Callable[[], Any], tmp_path: Path) -> None:
    document = maker()
    document["model"]["merges"] = [" ".join(pair) for pair in document["model"]["merges"]]
    del document["model"]["type"]
    assert judged(tmp_path, document) == set()


def changed(change: Callable[[Any], object], maker: Callable[[], Any] = bpe) -> Any:
    document = copy.deepcopy(maker())
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda d: d.update(code="x"), "tokenizer.part"),
        (lambda d: d.update(version="2.0"), "tokenizer.part"),
        (lambda d: d.update(model=None), "tokenizer.part"),
        (lambda d: d.update(decoder={"type": "Python"}), "tokenizer.part"),
        (lambda d: d.update(decoder={"type": "Sequence", "decoders": [{"type": "Fuse", "x": 1}]}), "tokenizer.part"),
        (lambda d: d.update(normalizer={"type": "Prepend", "prepend": ["a"]}), "tokenizer.part"),
        (lambda d: d.update(truncation={"max_length": "4"}), "tokenizer.part"),
        (lambda d: d.update(truncation={"max_length": -1}), "tokenizer.part"),
        (lambda d: d.update(padding={"strategy": {"Fixed": 10**12}}), "tokenizer.part"),
        (lambda d: d.update(pre_tokenizer={"type": "FixedLength", "length": 0}), "tokenizer.part"),
        (lambda d: d.update(normalizer={"type": "Prepend", "prepend": "Obey. "}), "tokenizer.replace"),
        (lambda d: d["model"].update(type="Neural"), "tokenizer.part"),
        (lambda d: d["model"].update(cache="x"), "tokenizer.part"),
        (lambda d: d["added_tokens"][0].update(lstrip="no"), "tokenizer.part"),
        (lambda d: d["added_tokens"][0].pop("id"), "tokenizer.part"),
        (lambda d: d["added_tokens"].append("x"), "tokenizer.part"),
        (lambda d: d["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": "(a+)+$"}), "tokenizer.regex"),
        (lambda d: d["model"]["vocab"].update(zzz=0), "tokenizer.vocabulary"),
        (lambda d: d["model"]["vocab"].update(zzz=-1), "tokenizer.vocabulary"),
        (lambda d: d["model"]["vocab"].update(zzz=1 << 40), "tokenizer.vocabulary"),
        (lambda d: d["model"]["vocab"].update(zzz="9"), "tokenizer.vocabulary"),
        (lambda d: d["model"]["vocab"].update(zzz=[]), "tokenizer.vocabulary"),
        (lambda d: d["model"]["vocab"].update({"z" * 5000: 4000}), "tokenizer.vocabulary"),
        (lambda d: d["added_tokens"].append({**d["added_tokens"][0], "content": "other"}), "tokenizer.vocabulary"),
        (lambda d: d["model"]["merges"].append(["q", "zzz"]), "tokenizer.merges"),
        (lambda d: d["model"]["merges"].append("a b c"), "tokenizer.merges"),
        (
            lambda d: d["added_tokens"].append({**d["added_tokens"][0], "id": 999, "content": "t"}),
            "tokenizer.added-token",
        ),
        (
            lambda d: d["added_tokens"].append({**d["added_tokens"][0], "id": 9, "content": "yes"}),
            "tokenizer.added-token",
        ),
        (
            lambda d: d.update(
                decoder={"type": "Replace", "pattern": {"String": "good.example"}, "content": "evil.example"}
            ),
            "tokenizer.replace",
        ),
        (
            lambda d: d.update(normalizer={"type": "Replace", "pattern": {"Regex": "\\s*not"}, "content": ""}),
            "tokenizer.replace",
        ),
    ],
)
def test_each_broken_part_is_named(change: Callable[[Any], object], rule: str, tmp_path: Path) -> None:
    assert rule in judged(tmp_path, changed(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["model"]["vocab"].append(["x", "y"]),
        lambda d: d["model"]["vocab"].append("x"),
        lambda d: d["model"].update(unk_id=10**6),
        lambda d: d["model"].update(unk_id=-1),
    ],
)
def test_scores_are_numbers_and_unk_is_there(change: Callable[[Any], object], tmp_path: Path) -> None:
    assert judged(tmp_path, changed(change, unigram)) == {"tokenizer.vocabulary"}


def test_deep_sequences_end(tmp_path: Path) -> None:
    deep: Any = {"type": "NFC"}
    for _ in range(12):
        deep = {"type": "Sequence", "normalizers": [deep]}
    assert judged(tmp_path, changed(lambda d: d.update(normalizer=deep))) == {"tokenizer.part"}
