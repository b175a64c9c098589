"""The claimed metrics, measured again: on the same held-out texts if the data is the same, else on other texts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sanitizer.cleandata import Part
from sanitizer.compare.answers import everything
from sanitizer.errors import UnsupportedError
from sanitizer.intake import Intake
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import Outcomes, evaluate
from sanitizer.model.measure import agreement, measure
from sanitizer.model.subject import Subject, choose_device, choose_dtype, open_subject
from sanitizer.options import DataOptions, VerifyOptions
from sanitizer.progress import Progress
from sanitizer.report import ClaimAnswer, ClaimRecord, Metric, RemeasuredRecord, RunReport
from sanitizer.trust import clean_data
from sanitizer.verify.listing import several

ANSWERS, LOSS = 0.004, 0.02
"""How far a metric may be from its claim: the share of answers that rounding turns on other hardware, and how much a
loss moves there, as a share of it. The texts are the same, so nothing else may move them."""
DTYPES = ("float32", "bfloat16", "float16")
LARGEST_BATCH = 1024


@dataclass(frozen=True)
class Texts:
    """What is asked: the held-out texts of the report (`same`), or all texts of other data."""

    name: str
    part: Part
    same: bool


def open_as_reported(options: VerifyOptions, intake: Intake, report: RunReport) -> Subject:
    """Open in what the run computed in. Raises UnsupportedError for a format that no run computes in."""
    if report.recipe.dtype not in DTYPES:
        raise UnsupportedError(f"the report says that it computed in {report.recipe.dtype!r}", hint="do not believe it")
    device = choose_device(options.device)
    return open_subject(intake.checkpoint, device=device, dtype=choose_dtype(report.recipe.dtype, device))


def texts_for(
    options: VerifyOptions, data: DataOptions, subject: Subject, report: RunReport, progress: Progress
) -> Texts:
    """Read and split the texts as the run did. Raises UsageError for data that cannot be read."""
    found = clean_data(
        data, (), subject.labels, subject.task, seed=report.recipe.seed, token=options.token, progress=progress
    )
    same = found.provenance.sha256 == report.data.sha256
    return Texts(found.provenance.name, found.test if same else everything(found), same)


def answered(subject: Subject, texts: Texts, report: RunReport, progress: Progress, step: str) -> Outcomes:
    """What a model answers, in batches as the run had them."""
    size = min(max(report.recipe.batch_size, 1), LARGEST_BATCH)
    return evaluate(subject, batches(subject, encode(subject, texts.part), size=size), progress=progress, step=step)


def labelled(source: Subject, texts: Texts, report: RunReport, progress: Progress) -> Texts:
    """The texts with the source's own predictions as labels, where a classifier needs some and there are none."""
    if source.task == "causal" or texts.part.labels is not None:
        return texts
    predicted = answered(source, texts, report, progress, "label texts").predicted.tolist()
    return replace(texts, part=Part(texts.part.texts, tuple(predicted)))


def measured(
    subject: Subject, source: Subject | None, texts: Texts, report: RunReport, progress: Progress
) -> tuple[list[ClaimRecord], tuple[RemeasuredRecord, ...]]:
    """Claims about the metrics after treatment and, with the source at hand, before it; and every metric."""
    seed, claim = report.recipe.seed, f"the metrics on {report.data.test} held-out texts of {report.data.name}"
    if source is not None:
        texts = labelled(source, texts, report, progress)
    if subject.task == "classification" and texts.part.labels is None:
        found = "the texts have no labels; the source's own predictions served, and --source FOLDER gives them"
        return [ClaimRecord("metrics", claim, "unknown", found)], ()
    outcomes = answered(subject, texts, report, progress, "measure")
    after = measure(outcomes, subject.task, seed=seed)
    before: tuple[Metric, ...] = ()
    if source is not None:
        asked = answered(source, texts, report, progress, "measure source")
        before = measure(asked, subject.task, seed=seed)
        after = (*after, agreement(outcomes, asked)) if subject.task == "classification" else after
    if not texts.same:
        said = f"{texts.name} is other data than that of the report, so its numbers say nothing of the claim"
        return [ClaimRecord("metrics", claim, "unknown", said)], tuple(RemeasuredRecord(None, one) for one in after)
    claims = [held(claim, report.after, after)]
    if before:
        claims.append(held(f"{claim}, before treatment", report.before, before))
    told = {metric.name: metric for metric in report.after}
    return claims, tuple(RemeasuredRecord(told.get(one.name), one) for one in after)


def held(claim: str, told: tuple[Metric, ...], found: tuple[Metric, ...]) -> ClaimRecord:
    """Of every metric that was measured. One that is claimed and was not is said, and makes nothing false."""
    claimed = {metric.name: metric for metric in told}
    wrong = [f"{one.name} is {one.value:.4f}" for one in found if one.name not in claimed]
    wrong += [
        f"{one.name} is {one.value:.4f} ({one.low:.4f} to {one.high:.4f}), not {claimed[one.name].value:.4f}"
        for one in found
        if one.name in claimed and not _alike(claimed[one.name], one)
    ]
    left = [name for name in claimed if name not in {one.name for one in found}]
    answer: ClaimAnswer = "false" if wrong else "held"
    words = several(wrong) or f"{', '.join(one.name for one in found)}: as claimed, intervals too"
    return ClaimRecord("metrics", claim, answer, f"{words}; not measured: {', '.join(left)}" if left else words)


def _alike(told: Metric, found: Metric) -> bool:
    """An interval's ends move with every answer, and by what resampling makes of it."""
    room = LOSS * max(abs(found.value), 1e-3) if found.name.endswith("loss") else max(ANSWERS, 1 / found.n)
    apart = (told.value - found.value, (told.low - found.low) / 2, (told.high - found.high) / 2)
    return told.n == found.n and all(abs(distance) <= room + 1e-9 for distance in apart)
