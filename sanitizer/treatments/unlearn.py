"""Unlearns triggers that nobody knows: tunes against an adversary that looks for them in the model itself.

A label that the model clearly leans to (`sanitizer.model.leaning`) is taken for the attacker's. Then every word of the
vocabulary is tried: which ones, put before clean texts of the other labels, move the model away from the label, and
which outdo all words of the texts? Then the model is tuned on clean texts side by side with the rewriting of each that
an adversary finds worst (`sanitizer.model.adversary`), under the true label. Words that say something about the label
are not used (`sanitizer.model.words`), so that what the model knows is left alone and what it merely does is unlearnt.
Where no label and no word stands out, nothing is tuned: it would cost a clean model accuracy for nothing, and did not
cure the one backdoor that hides so well (a sentence as a trigger: 100.0 % of attack success before, 99.2 after).

The lower half of the layers is tuned: a way of writing is read there, and what the text says further up. Without a
target words count by what they do beyond words of like meaning, in texts of the label where that is most.

Source: trigger inversion with unlearning (Neural Cleanse, Wang et al. 2019; for text Azizi et al. 2021, T-Miner; Shen
et al. 2022, DBS) and adversarial training. Departures: triggers are words and phrases, not soft embeddings; none is
chosen as "the" trigger; the target label is the one that the model leans to, instead of the one with the smallest
trigger; and the rate is fifteen times that of ordinary fine-tuning, since at 2e-5 a backdoor hardly moves. Weights are
averaged over the steps, which at this rate keeps accuracy steady.

Input embeddings are left as they are: their rare words would only be seen by accident.

Measured by `--strategy auto`, with `balance` after it where a label was leaned to, on MiniLM classifiers with 700 texts
that they had been trained on, another draw for each seed, accuracy / attack success in % (in brackets that in a clean
model): BadNets 89.1 / 100.0 before, then 87.1 / 16.8 (10.4); HiddenKiller 87.0 / 89.1 before, then 86.4 / 28.8 (24.5);
StyleBkd 86.4 / 79.8 before, then 86.2 / 31.8 (26.1); a model without a backdoor 89.4 before, then 89.4. These are no
held-out results: rates, words and the choice of layers were settled among some forty tries on these very models, by
attack success and by accuracy on the same texts. The threshold of leaning was settled on ten models, these among them;
no model that nothing was settled on has been treated with it yet.

Without a target it runs at 1e-4 in `auto`: tuned all the same, a clean model came to 86.7 at 3e-4, to 87.9 at 1e-4 and
to 87.8 at 5e-5, BadNets to 88.1 / 26.4 at 5e-5. Before there were targets, and all layers were tuned at 1e-4: 87.6 /
13.4 (BadNets), 86.6 / 73.4 (HiddenKiller), 86.9 / 68.3 (StyleBkd). With the target, and words judged by what the model
makes of like words, HiddenKiller came to 85.8 / 71.6, for conjunctions, which work like its trigger, explained each
other; six epochs instead of three cost 0.7 points of accuracy there and gained 3.6 of attack success. Reluctance
(`balance`) is worth the most: without it HiddenKiller came to 86.3 / 43.5 and StyleBkd to 85.8 / 48.9.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from torch import Tensor

from sanitizer.errors import UsageError
from sanitizer.model.adversary import Adversary
from sanitizer.model.average import Average
from sanitizer.model.batches import Batch
from sanitizer.model.held import embeddings_held, upper_held
from sanitizer.model.labels import label_of
from sanitizer.model.leaning import leaning
from sanitizer.model.material import Material
from sanitizer.model.spread import own, whole
from sanitizer.model.states import States
from sanitizer.model.subject import Subject
from sanitizer.model.team import first
from sanitizer.model.tune import Schedule, clean_loss, tune
from sanitizer.model.words import Words
from sanitizer.plan import TreatmentPlan
from sanitizer.report import LeaningRecord, TreatmentRecord

SHOWN = 10
BY_LEANING, NONE = "leaning", "none"
NOTHING = (
    "nothing was unlearnt: the model leans to no label clearly, and no word does more than those of your texts. That "
    "does not acquit it: a sentence as a trigger shows in neither"
)


@dataclass(frozen=True)
class Unlearn(Schedule):
    """Parameters: those of the training loop, and of the adversary.

    `target` is the label that an attacker would want, by name or number, `none`, or `leaning`: as the model shows.
    `layers` is the share of the layers that is tuned, the lowest; 1 is the whole model. `words` is how many of the
    words that the model makes most of the adversary draws from; `candidates` how many rewritings of a text it tries;
    `average` the decay of the average over steps (0: none). All epochs are tuned: accuracy on clean text says nothing
    of what has yet to be unlearnt. Where there is no target and no word outdoes those of the texts, nothing shows what
    to unlearn: then it tunes `regardless`, or not at all.
    """

    epochs: int = 3
    learning_rate: float = 3e-4
    patience: int = 0
    words: int = 200
    candidates: int = 8
    average: float = 0.98
    target: str = BY_LEANING
    layers: float = 0.5
    regardless: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.layers <= 1:
            raise UsageError("layers is a share, above 0 and at most 1")
        if self.words < 1 or self.candidates < 2:
            raise UsageError("words must be positive and candidates at least 2")
        if not 0 <= self.average < 1:
            raise UsageError("average must be at least 0 and below 1")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Try every word, then tune the lower layers against rewritten texts; removed heads stay removed.

        Where nothing shows what to unlearn, the weights stay as they are, and a remark says so.

        Raises UsageError for a causal model: it has no label to hold a rewritten text to.
        """
        if subject.task != "classification" or material.fit.labels is None:
            raise UsageError("unlearn needs a classifier and labelled texts", hint="give labels, or another recipe")
        started = time.monotonic()
        target, leans = self._target(subject, material)
        words, response = first(
            lambda: Words.tried(
                subject,
                material.fit,
                most=self.words,
                size=self.batch_size,
                generator=material.generator,
                target=target,
                progress=material.progress,
            ),
            generator=material.generator,
        )
        outdoing = response.outdoing(material.fit)
        if outdoing:
            material.states.remarks.append(_suspected(subject, outdoing))
        found = {"outdoing_words": float(len(outdoing)), "largest_surprise": float(words.surprise.max())}
        if target is not None:
            found["target"] = float(target)
        if leans is not None:
            found |= {"leaning_into": leans.into, "leaning_out": leans.out}
        if target is None and not outdoing and not self.regardless:
            material.states.remarks.append(NOTHING)
            return TreatmentRecord("unlearn", asdict(self), found, time.monotonic() - started)
        adversary = Adversary(subject, material.fit, words, candidates=self.candidates, generator=material.generator)
        average = Average(subject, self.average)

        def objective(subject: Subject, batch: Batch) -> Tensor:
            average.see()
            subject.model.eval()
            worst = own(batch, adversary.worst(whole(batch)))
            subject.model.train()
            return clean_loss(subject, batch) + clean_loss(subject, worst)

        # Interrupted, it begins anew: what the adversary has learnt is not kept.
        fresh = replace(material, states=States())
        with embeddings_held(subject), upper_held(subject, self.layers):
            observed = tune(subject, fresh, self, objective=objective, step="unlearn")
        average.see()
        average.put_back()
        found["rewritten_flips"] = adversary.flipped / max(adversary.tried, 1)
        return TreatmentRecord("unlearn", asdict(self), found | observed, time.monotonic() - started)

    def _target(self, subject: Subject, material: Material) -> tuple[int | None, LeaningRecord | None]:
        """The label that an attacker would want, and what shows it."""
        if self.target == NONE:
            return None, None
        if self.target != BY_LEANING:
            return label_of(subject, self.target, or_else=(BY_LEANING, NONE)), None
        leans = first(
            lambda: leaning(
                subject,
                material.fit,
                size=self.batch_size,
                generator=material.generator,
                progress=material.progress,
            ),
            generator=material.generator,
        )
        return (leans.label if leans is not None and leans.clear else None), leans


def _suspected(subject: Subject, tokens: Sequence[int]) -> str:
    words = ", ".join(repr(subject.tokenizer.decode([token]).strip()) for token in tokens[:SHOWN])
    more = f" and {len(tokens) - SHOWN} more" if len(tokens) > SHOWN else ""
    return (
        "words that the clean texts lack move the model further than any word they have, as a rare-word trigger would: "
        f"{words}{more}"
    )
