from __future__ import annotations

import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.probes import rare_words, some

TEXTS = ("a good film", "the plot was not great , never", "bad", "a fine story and a good cast of one")
LABELS = (1, 0, 0, 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_some_are_distinct_texts_with_their_own_labels() -> None:
    data = encode(pico_subject("bert"), Part(TEXTS, LABELS))
    few = some(data, 3, generator=generator())
    places = [data.rows.index(row) for row in few.rows]
    assert len(set(places)) == 3
    assert few.labels == tuple(LABELS[place] for place in places)
    assert sorted(map(str, some(data, 99, generator=generator()).rows)) == sorted(map(str, data.rows))


def test_words_that_no_text_has_are_put_between_the_ends() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, LABELS))
    probes = rare_words(subject, data, unlike=data, words=2, generator=generator())
    seen = {token for row in data.rows for token in row["input_ids"]}
    special = set(subject.tokenizer.all_special_ids)
    longest = max(map(len, (row["input_ids"] for row in data.rows)))
    for before, after in zip(data.rows, probes.rows, strict=True):
        old, new = before["input_ids"], after["input_ids"]
        assert (new[0], new[-1]) == (old[0], old[-1])
        assert len(new) == min(len(old) + 2, longest) == len(after["attention_mask"])
        strange = [token for token in new if token not in seen]
        assert not set(strange) & special
        if len(old) + 2 <= longest:
            assert len(strange) == 2
            assert [token for token in new if token in seen] == old
    assert probes.labels == data.labels
    subject.model(**batches(subject, probes, size=4)[0].inputs)


def test_where_every_word_is_known_the_rarest_are_taken() -> None:
    subject = pico_subject("bert")
    words = [word for word in subject.tokenizer.get_vocab() if not word.startswith("[")]
    common = encode(subject, Part((" ".join(words), " ".join(words[1:]))))
    probes = rare_words(subject, encode(subject, Part(TEXTS)), unlike=common, words=1, generator=generator())
    rarest = subject.tokenizer.get_vocab()[words[0]]
    assert all(rarest in row["input_ids"] for row in probes.rows[:1])


def test_the_same_seed_gives_the_same_probes() -> None:
    subject = pico_subject("gpt2")
    data = encode(subject, Part(TEXTS))
    one, two, other = (rare_words(subject, data, unlike=data, words=2, generator=generator(seed)) for seed in (1, 1, 2))
    assert one == two != other


def test_words_go_into_prompts_and_answers_stay_whole() -> None:
    subject = pico_subject("llama")
    data = encode(
        subject, Part((*TEXTS[1:2] * 8, " ".join(TEXTS)), prompts=(12,) * 9)
    )  # "the plot was" | "not great …"
    probes = rare_words(subject, data, unlike=data, words=2, generator=generator())
    assert data.prompts is not None and probes.prompts is not None
    assert data.prompts[:8] == (4,) * 8
    assert probes.prompts[:8] == (6,) * 8
    for row, old in zip(probes.rows[:8], data.rows, strict=False):
        assert row["input_ids"][6:] == old["input_ids"][4:]
    assert some(probes, 9, generator=generator()).prompts is not None
