"""Texts the user trusts: a local file, or a data set of a Hub. Data is read; nothing of it is ever run.

`datasets` 5 has no loading scripts and refuses pickles; both are held by tests.
"""

from __future__ import annotations

import csv
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from huggingface_hub import constants
from huggingface_hub.hf_api import HfApi

from sanitizer.errors import HubError, SanitizerError, UsageError
from sanitizer.hub.failures import explain, hub_failures, patiently
from sanitizer.hub.texts import Column, TextTable, answer_column, answered, build, choose_columns, printable
from sanitizer.progress import Progress, silent
from sanitizer.source import HubRef

if TYPE_CHECKING:
    from datasets import Dataset, Features

__all__ = ["TextTable", "load_texts"]

JSON_SUFFIXES = (".jsonl", ".json", ".ndjson")
SUFFIXES = (".csv", ".tsv", *JSON_SUFFIXES, ".parquet")
FORMS = "give a csv, tsv, jsonl, json or parquet file, or a Hub data set as org/name[@revision][:config][#split]"
_HUB = re.compile(r"(?P<repo>[^@:#]+)(?:@(?P<revision>[^:#]+))?(?::(?P<config>[^#]+))?(?:#(?P<split>[\w.-]+))?")


def load_texts(
    spec: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    limit: int | None = None,
    token: str | None = None,
    progress: Progress = silent,
) -> TextTable:
    """Read `spec`: a csv, tsv, jsonl, json or parquet file, or `org/name[@revision][:config][#split]` on a Hub.

    A path that exists wins; `hf://org/name` always means the Hub. Without `#split` the split `train` is taken, or the
    only one there is. Columns are inferred when they are not named, and a note says which were taken. A tsv file has
    no quoting, a csv file the usual one; words such as `null` or `NA` stay words.

    Raises UsageError for a file, column, config or split that is not there and for data that cannot be read as a
    table of texts, HubError for what the Hub does.
    """
    if not spec.strip() or not spec.isprintable():
        raise UsageError(f"{spec!r} is no data", hint=FORMS)
    progress("read data", 0, 1)
    path = Path(spec).expanduser()
    origin: tuple[str, ...] = ()
    commit: str | None = None
    if not spec.startswith("hf://") and (
        spec.startswith((".", "/", "~")) or path.exists() or path.suffix.lower() in SUFFIXES
    ):
        name, data = path.name, read_file(path)
    else:
        name, data, commit, origin = read_hub(spec, token)
    columns = {column: column_of(feature) for column, feature in data.features.items()}
    text, label, notes = choose_columns(columns, text_column, label_column)
    answer = answer_column(columns, text)
    with as_usage(name):
        rows = data.select_columns(list(dict.fromkeys(filter(None, (text, label, answer)))))[:]
    table = build(
        name,
        rows[text],
        None if label is None else rows[label],
        class_names=() if label is None else columns[label].class_names,
        limit=limit,
        notes=(*origin, *notes),
    )
    if answer is not None and answer != label:
        table = answered(table, rows[text], rows[answer], answer)
    progress("read data", 1, 1)
    return replace(table, origin="hub" if commit else "file", commit=commit, text_column=text, label_column=label)


def column_of(feature: object) -> Column:
    """The kind of a column, and the names of its classes."""
    names = getattr(feature, "names", None)
    return Column(str(getattr(feature, "dtype", type(feature).__name__)), tuple(names or ()))


def read_file(path: Path) -> Dataset:
    """All rows of a local file. Raises UsageError."""
    if not path.exists():
        raise UsageError(f"there is no file {path}", hint=FORMS)
    if not path.is_file():
        raise UsageError(f"{path} is not a file", hint=FORMS)
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise UsageError(f"{path.name} is not of a known kind", hint=FORMS)
    if not path.stat().st_size:
        raise UsageError(f"{path.name} is empty", hint="name a file with at least one text")
    from datasets import Dataset

    with tempfile.TemporaryDirectory() as scratch, _quiet(), as_usage(path.name):
        how: dict[str, Any] = {"cache_dir": scratch, "keep_in_memory": True}
        if kind == ".parquet":
            return Dataset.from_parquet(str(path), **how)
        if kind in JSON_SUFFIXES:
            _demand_text(path)
            return Dataset.from_json(str(path), **how)
        tsv: dict[str, Any] = {"sep": "\t", "quoting": csv.QUOTE_NONE} if kind == ".tsv" else {}
        return Dataset.from_csv(str(path), features=_all_strings(path, tsv), **_VERBATIM, **tsv, **how)


# index_col: else a row with one cell too many shifts every column by one, silently.
_VERBATIM: dict[str, Any] = {"keep_default_na": False, "na_filter": False, "index_col": False}


def _all_strings(path: Path, tsv: dict[str, Any]) -> Features:
    """Every column as the characters it is written with: `007` and `1.0` are not rewritten on the way."""
    from datasets import Features, Value

    _demand_text(path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = next(
            csv.reader(stream, delimiter=tsv.get("sep", ","), quoting=tsv.get("quoting", csv.QUOTE_MINIMAL)), []
        )
    if len(set(header)) < len(header) or not all(name.strip() for name in header):
        raise UsageError(
            f"{path.name} has columns without a name or two of the same name", hint="give each column its own name"
        )
    return Features({name: Value("string") for name in header})


def _demand_text(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(1 << 16)
    if b"\0" in start:
        raise UsageError(f"{path.name} is not a text file in UTF-8", hint="save it as UTF-8")
    if not start.removeprefix(b"\xef\xbb\xbf").strip():
        raise UsageError(f"{path.name} is empty", hint="name a file with at least one text")


@contextmanager
def as_usage(name: str) -> Iterator[None]:
    """What pandas, pyarrow and datasets raise at bad data, as one line: the first reason there was."""
    try:
        yield
    except SanitizerError:
        raise
    except Exception as error:
        reasons = list(_chain(error))
        for reason in reasons:
            if isinstance(reason, (httpx2.HTTPError, ConnectionError)):
                raise explain(reason, name) from error
        if type(error).__name__ == "DatasetNotFoundError":  # it exists: its commit was just asked for
            raise HubError(f"{name} may not be read: it is gated", hint="ask for access, then pass --token") from error
        if any(isinstance(reason, UnicodeDecodeError) for reason in reasons):
            raise UsageError(f"{name} is not a text file in UTF-8", hint="save it as UTF-8") from error
        if "corresponds to no data" in str(error):
            raise UsageError(f"{name} has no rows", hint="name a file with at least one text") from error
        why = printable(" ".join(str(reasons[-1]).split()), 120) or type(reasons[-1]).__name__
        raise UsageError(f"{name} cannot be read as its suffix says: {why}", hint=FORMS) from error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def read_hub(spec: str, token: str | None) -> tuple[str, Dataset, str | None, tuple[str, ...]]:
    """The name (with the commit), the rows, the commit and a note. Everything is asked by commit."""
    match = _HUB.fullmatch(spec.removeprefix("hf://").removeprefix("datasets/"))
    if match is None or (not spec.startswith("hf://") and "/" not in match["repo"]):
        raise UsageError(f"there is no file {spec}, and no Hub names a data set so", hint=FORMS)
    ref = HubRef(match["repo"], match["revision"])
    if Path(ref.repo).exists():
        raise UsageError(
            f"a folder {ref.repo} lies here, and the datasets library would read it in place of the Hub's",
            hint="run from another folder, or name a file in it",
        )
    if constants.is_offline_mode():
        raise HubError(f"HF_HUB_OFFLINE forbids to fetch {ref.repo}", hint="unset it, or give a local file as data")
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    with hub_failures(ref.repo, ref.revision):
        info = patiently(lambda: api.dataset_info(ref.repo, revision=ref.revision, expand=["sha"], timeout=20))
    from datasets import load_dataset, load_dataset_builder
    from datasets.packaged_modules.csv.csv import CsvConfig

    with _quiet(), hub_failures(ref.repo, ref.revision), as_usage(ref.repo):
        config = _one_of(ref.repo, "config", match["config"], _configs(ref.repo, info.sha, token), ("default",))
        builder = load_dataset_builder(ref.repo, config, revision=info.sha, token=token)
        split = _one_of(ref.repo, "split", match["split"], [str(s) for s in builder.config.data_files], ("train",))
        verbatim = _VERBATIM if isinstance(builder.config, CsvConfig) else {}
        data = load_dataset(ref.repo, config, split=split, revision=info.sha, token=token, **verbatim)
    return f"{ref.repo}@{info.sha}:{config}#{split}", data, info.sha, (f"split {split!r} of {ref.repo} is used",)


def _configs(repo: str, commit: str | None, token: str | None) -> list[str]:
    from datasets import get_dataset_config_names

    return list(get_dataset_config_names(repo, revision=commit, token=token))


def _one_of(repo: str, what: str, asked: str | None, there: list[str], preferred: tuple[str, ...]) -> str:
    mark = {"config": ":", "split": "#"}[what]
    if asked is None:
        for name in (*preferred, *there):
            if name in there and (name in preferred or len(there) == 1):
                return name
    elif asked in there:
        return asked
    problem = f"{repo} has more than one {what}" if asked is None else f"{repo} has no {what} {asked!r}"
    has, example = printable(", ".join(sorted(there))), printable(min(there, default=what))
    raise UsageError(problem, hint=f"it has {has}: write {repo}{mark}{example}")


@contextmanager
def _quiet() -> Iterator[None]:
    """No bars and no log lines of `datasets`; a row of csv with too many cells is an error and not a warning."""
    import datasets
    from pandas.errors import ParserWarning

    bars, level = not datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ParserWarning)
        warnings.filterwarnings("ignore", message="Cannot (dis|en)able progress bars", category=UserWarning)
        if bars:
            datasets.disable_progress_bars()
        try:
            yield
        finally:
            datasets.logging.set_verbosity(level)
            if bars:
                datasets.enable_progress_bars()
