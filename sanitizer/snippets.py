"""What a reader of a card may paste: Python that opens the result, and the commands that made and check it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from sanitizer.markdown import visible
from sanitizer.report import ApplyReport, BaseRecord, RunReport

AUTO_CLASSES = {"classification": "AutoModelForSequenceClassification", "causal": "AutoModelForCausalLM"}


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
    return _line(words)


def again_by(report: RunReport, folder: str, repo_name: str | None) -> str:
    """The lines that run this recipe again, and that hold the result against what it says of itself.

    The recipe is fetched first where the card lies in a repository.
    """
    place = repo_name or f"./{folder}"
    fetch = ["hf", "download", place, "--include", "sanitizer/*", "--local-dir", f"./{folder}"]
    data = [] if report.data.origin == "embedded" else ["--data", report.data.name]
    check = ["sanitize", "verify", place, *data]
    return "\n".join(
        [
            *([_line(fetch)] if repo_name else []),
            command(report, folder),
            "",
            "# what was made, held to its report",
            _line(check),
        ]
    )


def _base(base: BaseRecord) -> str:
    """The base as a user would type it again."""
    return f"./{base.name}" if base.commit is None else f"hf://{base.name}@{base.commit}"


def _line(words: Iterable[str]) -> str:
    return " ".join(shlex.quote(visible(word)) for word in words)
