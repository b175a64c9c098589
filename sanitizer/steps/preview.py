"""`--dry-run`: what a run would read, do and write, from names, sizes and small files; no weights are fetched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sanitizer.auto import AUTO
from sanitizer.checkpoint import Checkpoint
from sanitizer.hub.download import RemoteCheckpoint, peek, resolve
from sanitizer.intake import examine, to_download
from sanitizer.model.stated import task_of
from sanitizer.options import RunOptions
from sanitizer.progress import Progress
from sanitizer.recipe import Recipe
from sanitizer.report import Fate, FileRecord, Preview, VetRecord
from sanitizer.source import HubRef, LocalRef
from sanitizer.steps.sizing import forecast_of
from sanitizer.vet.gate import settled
from sanitizer.vet.inventory import needed, open_local, weight_files
from sanitizer.vet.isolated import Worker
from sanitizer.vet.jsonstrict import parse_object
from sanitizer.vet.judgement import refusal
from sanitizer.vet.tensors import headers

CONFIG = "config.json"
MOST_CONFIG = 1 << 20


@dataclass(frozen=True)
class Looked:
    """What is seen of a model whose weights are not fetched: its files with their fates, its config if it has one.

    `download` are bytes. Of a folder there is the `checkpoint`, and in how many seconds it was vetted.
    """

    source: str
    commit: str | None
    download: int
    record: VetRecord
    config: Mapping[str, Any] | None
    checkpoint: Checkpoint | None
    seconds: float


def look(options: RunOptions, ref: LocalRef | HubRef, *, progress: Progress) -> Looked:
    """Raises what a run would raise at once: RefusedError, UnsupportedError, HubError."""
    checkpoint, vetted, began = None, 0.0, time.monotonic()
    if isinstance(ref, LocalRef):
        with Worker() as worker:
            checkpoint = open_local(ref.path, progress=progress)
            record = settled(examine(worker, checkpoint, {}, options.gate, progress))
        vetted = time.monotonic() - began
        commit, download = None, 0
        config, source = checkpoint.read(CONFIG) if CONFIG in checkpoint.files else b"", ref.path.resolve().name
    else:
        remote = resolve(ref, token=options.token)
        fetched = to_download(
            {name: file.size for name, file in remote.files.items()}, pickles=options.gate.fail_on is not None
        )
        record, commit = _by_name(remote, fetched), remote.commit
        download = sum(remote.files[name].size for name in fetched)
        config = peek(remote, CONFIG, MOST_CONFIG, token=options.token) if CONFIG in remote.files else b""
        source = remote.repo
    refused = refusal(record, options.gate.fail_on) if isinstance(ref, LocalRef) else None
    if refused is not None:
        raise refused
    said = parse_object(config, CONFIG) if config else None
    if said is not None:
        task_of(said)
    return Looked(source, commit, download, record, said, checkpoint, vetted)


def preview_of(options: RunOptions, seen: Looked, recipe: Recipe, output: Path, *, forecast: bool = True) -> Preview:
    """What a run would do with a model that was looked at; `forecast`: and what that would take."""
    record = seen.record
    weights = sum(
        file.size
        for file in record.files
        if file.fate != "dropped" and file.name in weight_files([one.name for one in record.files])
    )
    carried = sum(file.size for file in record.files if file.fate != "dropped")
    return Preview(
        source=seen.source,
        commit=seen.commit,
        files=record.files,
        findings=record.findings,
        download=seen.download,
        disk=2 * carried,
        output=str(output),
        recipe="scan, then what the evidence calls for (auto)"
        if recipe.strategy == AUTO
        else recipe.to_yaml(one_line=True).strip(),
        data=options.data.data or "the dataset the card declares, else embedded texts",
        base=options.base,
        forecast=None
        if seen.config is None or not forecast
        else forecast_of(
            *(options, recipe, seen.config, _shapes(seen.checkpoint) if seen.checkpoint else None, weights, output),
            vetted=seen.seconds,
        ),
    )


def _shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """Of every tensor, from headers."""
    return {name: tensor.shape for header in headers(checkpoint).values() for name, tensor in header.tensors.items()}


def _by_name(remote: RemoteCheckpoint, fetched: frozenset[str]) -> VetRecord:
    """What names alone decide; content is vetted once it is here."""
    carried = needed(remote.files)

    def fate(name: str) -> tuple[Fate, str]:
        if name in carried:
            return "kept", "would be downloaded and vetted"
        looked = "would be downloaded, looked into and left behind"
        return "dropped", looked if name in fetched else "would not be downloaded"

    return VetRecord(
        tuple(
            FileRecord(name, file.size, file.sha256 or "", *fate(name)) for name, file in sorted(remote.files.items())
        ),
        (),
    )
