"""RunReport -> model card: what was done to a checkpoint, what it cost, and what that does not show."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from typing import Any

import yaml
from markupsafe import Markup

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.markdown import fence, visible
from sanitizer.pages import template
from sanitizer.report import ApplyReport, BaseRecord, Metric, RunReport, SourceRecord
from sanitizer.source import HubRef

TEMPLATE = "model-card.md.jinja"

PIPELINES = {"classification": "text-classification", "causal": "text-generation"}
AUTO_CLASSES = {"classification": "AutoModelForSequenceClassification", "causal": "AutoModelForCausalLM"}
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
        head_map=fence(head_map(report), "text"),
        loading=fence(loading(report, place), "python"),
        command=fence(command(report, local), "bash"),
        held_out=fence(held_out(report), "python"),
        citation=fence(visible(" ".join(report.recipe.strategy.citation.split())), "text"),
        strategy=report.recipe.strategy,
        budget=report.recipe.budget,
        parameters=_parameters,
        estimate=_estimate,
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


def loading(report: RunReport | ApplyReport, place: str) -> str:
    """Python that opens the result with stock transformers."""
    auto = AUTO_CLASSES[report.source.task]
    first = ["import sanitizer.loading  # teaches transformers to open what it now has fewer heads in", ""]
    return "\n".join(
        [
            *(first if report.needs_loader else []),
            f"from transformers import {auto}, AutoTokenizer",
            "",
            f"tokenizer = AutoTokenizer.from_pretrained({place!r})",
            f"model = {auto}.from_pretrained({place!r})",
        ]
    )


def held_out(report: RunReport) -> str:
    """Python that gives the texts, and labels, that the numbers of this report were measured on."""
    data, seed = report.data, report.recipe.seed
    labels = "table.labels" if data.labels == "given" else "None"
    if data.origin == "embedded":
        return "\n".join(
            [
                "from sanitizer.cleandata import Provenance, split",
                "from sanitizer.texts import calibration_texts",
                "",
                f'held_out = split(Provenance("embedded", ""), calibration_texts(), None, seed={seed}).test',
            ]
        )
    answers = ".with_answers()" if report.source.task == "causal" else ""
    columns = {"text_column": data.text_column, "label_column": data.label_column}
    named = "".join(f", {key}={visible(name)!r}" for key, name in columns.items() if name is not None)
    return "\n".join(
        [
            "from sanitizer.cleandata import split",
            "from sanitizer.hub.dataset import load_texts",
            "",
            f"table = load_texts({visible(data.name)!r}{named}){answers}",
            f"held_out = split(table.provenance, table.texts, {labels}, seed={seed}).test",
        ]
    )


def command(report: RunReport, folder: str) -> str:
    """The command line that runs this recipe again on the same commit, beside the result's folder.

    Strategy, treatments, their parameters and the budget are those of the recipe in that folder.
    """
    recipe, data, source = report.recipe, report.data, report.source
    words = ["sanitize", source.name if source.commit else f"./{source.name}"]
    options = {
        "revision": source.commit,
        "recipe": f"./{folder}/sanitizer/recipe.yaml",
        "base": None if report.base is None else _base(report.base),
        "data": None if data.origin == "embedded" else data.name,
        "text-column": data.text_column,
        "label-column": data.label_column,
        "layout": recipe.layout,
        "dtype": recipe.dtype,
        "batch-size": recipe.batch_size,
        "seed": recipe.seed,
    }
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    return " ".join(shlex.quote(visible(word)) for word in words)


def _base(base: BaseRecord) -> str:
    """The base as a user would type it again."""
    return f"./{base.name}" if base.commit is None else f"hf://{base.name}@{base.commit}"


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
    if metric is None:
        return Markup("—")
    return Markup(f"{metric.value:.4f} [{metric.low:.4f}, {metric.high:.4f}]")  # noqa: S704  numbers


def _parameters(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _number(value: float) -> Markup:
    return Markup(f"{value:.4g}")  # noqa: S704  a number


def _points(share: float) -> Markup:
    return Markup(f"{100 * share:.4g}")  # noqa: S704  a number


def _count(value: int) -> Markup:
    return Markup(f"{value:,}")  # noqa: S704  a number
