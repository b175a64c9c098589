"""RunReport -> model card: what was done to a checkpoint, what it cost, and what that does not show."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import Any

import yaml
from markupsafe import Markup

from sanitizer.cardparts import BEGIN, END
from sanitizer.catalog import describe
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.html.cost import changed, fewer
from sanitizer.markdown import fence, visible
from sanitizer.numbers import estimate, held, leaning, named, percent, span
from sanitizer.pages import template
from sanitizer.report import ApplyReport, LeaningRecord, MemoryRecord, Metric, RunReport, SourceRecord
from sanitizer.snippets import again_by, held_out, loading
from sanitizer.source import HubRef

TEMPLATE = "model-card.md.jinja"
FIGURE = "sanitizer/heads.svg"
"""Where the card's figure lies beside it."""
PIPELINES = {"classification": "text-classification", "causal": "text-generation"}
MOST_ROWS = 50
"""Rows of a table of findings or files; the report has them all."""

# The Hub refuses a push whose card has another spelling of these two.
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}|multilingual|code")


def render_card(report: RunReport, *, repo_name: str | None, folder: str | None = None) -> str:
    """The card as Markdown with YAML front matter; `repo_name` is where it will be published, None if nowhere.

    `folder` is the name of the result's folder, if it is not the one that a run gives by itself.

    The same report gives the same card. Values from the checkpoint and the data appear as code spans only.
    """
    local = folder or f"{_short(report.source.name)}-sanitized"
    place = repo_name or f"./{local}"
    again = report.scan_after
    front = yaml.safe_dump(metadata(report, repo_name=repo_name), sort_keys=False, width=2**31)
    return template(TEMPLATE).render(
        report=report,
        front=Markup(front),  # noqa: S704  YAML, quoted by its own writer
        title=repo_name or local,
        outcomes=Counter(record.outcome for record in report.heads),
        fates=Counter(record.fate for record in report.vetting.files),
        touched=[record for record in report.vetting.files if record.fate != "kept"],
        most=MOST_ROWS,
        pairs=_pairs(report),
        scans=() if again is None else report.scan.similarity_beside(again),
        flips=() if again is None else report.scan.flips_beside(again),
        leanings=() if again is None else report.scan.leaning_beside(again),
        head_map=fence(head_map(report), "text"),
        loading=fence(loading(report, place), "python"),
        figure=Markup(f"![{_described(report)}]({FIGURE})"),  # noqa: S704  words and numbers of ours
        begin=Markup(BEGIN),  # noqa: S704  a constant
        end=Markup(END),  # noqa: S704  a constant
        command=fence(again_by(report, local, repo_name), "bash"),
        held_out=fence(held_out(report), "python"),
        citations=fence("\n".join(cited), "text") if (cited := citations(report)) else None,
        strategy=report.recipe.strategy,
        budget=report.recipe.budget,
        fewer=Markup(fewer(report) or "none"),  # noqa: S704  a number
        seconds=sum(timing.seconds for timing in report.timings),
        parameters=_parameters,
        observed=_observed,
        estimate=_estimate,
        changed=_changed,
        named=named,
        leaning=_leaning,
        percent=_percent,
        held=_held,
        span=_span,
        number=_number,
        points=_points,
        count=_count,
    )


def metadata(report: RunReport, *, repo_name: str | None) -> dict[str, Any]:
    """The front matter. What a Hub would refuse of the upstream card is left out of it (the report has it)."""
    source, data = report.source, report.data
    found = about(source)
    pruned = ["pruned"] if report.heads else []
    found["tags"] = [
        "sanitizer",
        "backdoor-defense",
        *pruned,
        *(visible(f"sanitizer-{name}") for name in report.methods),
    ]
    # A dataset's name says which commit, config and split: `org/name@commit:config#split`.
    dataset = _hub_name(data.name.partition(f"@{data.commit}")[0]) if data.origin == "hub" else None
    if dataset is not None:
        found["datasets"] = [dataset]
    if report.after:
        result = {
            "task": {"type": PIPELINES[source.task]},
            "dataset": {"name": visible(data.name), "type": dataset or data.origin},
            "metrics": [
                {"type": visible(metric.name), "value": metric.value, "name": visible(metric.name)}
                for metric in report.after
            ],
        }
        name = (repo_name or f"{_short(source.name)}-sanitized").rpartition("/")[2]
        found["model-index"] = [{"name": visible(name), "results": [result]}]
    return found


def about(source: SourceRecord) -> dict[str, Any]:
    """What the front matter of any treated copy says of the model that it was made from."""
    found: dict[str, Any] = {}
    # A folder's card names the model it was made from; what is made of the folder was made from that.
    named = (source.name,) if source.commit is not None else source.base_models
    bases = [base for name in named if (base := _hub_name(name)) is not None]
    if bases:
        found |= {"base_model": bases[0] if len(bases) == 1 else bases, "base_model_relation": "finetune"}
    found |= {"library_name": "transformers", "pipeline_tag": PIPELINES[source.task]}
    if source.license is not None and _LICENSE.fullmatch(source.license):
        found["license"] = source.license
    if languages := [language for language in source.language if _LANGUAGE.fullmatch(language)]:
        found["language"] = languages
    return found


def head_map(report: RunReport | ApplyReport) -> str:
    """Layers down, heads across: `.` kept, `x` cut out, `0` every weight zero."""
    marks = {record.head: {"removed": "x", "zeroed": "0"}[record.outcome] for record in report.heads}
    rows = [
        " ".join(marks.get(HeadId(layer, head), ".") for head in range(heads))
        for layer, heads in enumerate(report.source.heads)
    ]
    return "\n".join(f"layer {layer:>3}  {row}" for layer, row in enumerate(rows))


def citations(report: RunReport) -> list[str]:
    """What is followed: the strategy's paper, where heads were scored to be taken away, and those of the treatments."""
    strategy = report.recipe.strategy
    found = {} if report.recipe.budget.max_heads == 0 else {strategy.name: strategy.citation}
    for record in (*report.prepare, *report.treatments):
        with suppress(UsageError):  # a treatment of another version
            found[record.name] = _reference(describe("sanitizer.treatments", record.name).source)
    return [visible(f"{name}: {' '.join(source.split())}") for name, source in found.items() if source]


def _reference(source: str) -> str:
    """The first sentence, or what is before its colon if that names a year or paper: the rest says what is taken."""
    sentence = re.split(r"(?<! al)\. (?=[A-Z])", source, maxsplit=1)[0]
    before = sentence.partition(": ")[0]
    return before if re.search(r"\d{4}", before) else sentence


def _described(report: RunReport) -> str:
    """The figure in words, for who cannot see it: no value of a stranger is in it."""
    gone = Counter(record.outcome for record in report.heads)
    return (
        f"Map of {sum(report.source.heads)} attention heads in {report.source.layers} layers, of which "
        f"{gone['removed']} were removed and {gone['zeroed']} zeroed; below it each metric before and after "
        "the treatment with 95 % intervals, as in the tables of this card."
    )


def _hub_name(name: str) -> str | None:
    try:
        return HubRef(name).repo
    except UsageError:  # a name no Hub has would get the whole card refused; the body still says it
        return None


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _pairs(report: RunReport) -> list[tuple[str, Metric | None, Metric | None]]:
    """Metrics by name, before and after, in the order of the report."""
    before = {metric.name: metric for metric in report.before}
    after = {metric.name: metric for metric in report.after}
    return [(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]


def _estimate(metric: Metric | None) -> Markup:
    return Markup("—" if metric is None else estimate(metric))  # noqa: S704  numbers


def _changed(before: Metric | None, after: Metric | None) -> Markup:
    return Markup("—" if before is None or after is None else changed(before, after))  # noqa: S704  numbers


def _parameters(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _observed(values: dict[str, Any]) -> str:
    """Whole numbers whole, others in four digits; the report has them in full."""
    return _parameters({name: _short_number(value) for name, value in values.items()})


def _short_number(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"


def _number(value: float) -> Markup:
    return Markup(f"{value:.4g}")  # noqa: S704  a number


def _points(share: float) -> Markup:
    return Markup(f"{100 * share:.4g}")  # noqa: S704  a number


def _count(value: int) -> Markup:
    return Markup(f"{value:,}")  # noqa: S704  a number


def _percent(metric: Metric) -> Markup:
    return Markup(percent(metric))  # noqa: S704  numbers


def _leaning(record: LeaningRecord) -> Markup:
    return Markup(leaning(record))  # noqa: S704  numbers


def _held(memory: MemoryRecord) -> Markup:
    return Markup(held(memory))  # noqa: S704  numbers


def _span(seconds: float) -> Markup:
    return Markup(span(seconds))  # noqa: S704  a number
