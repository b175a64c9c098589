"""A guard for a serving loop: knows how the heads of one model attend on clean inputs, and flags inputs that differ."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sanitizer.errors import CorruptError, UsageError
from sanitizer.model.alike import chunks
from sanitizer.model.batches import Encoded
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent
from sanitizer.report import HeadShare, InputRecord, PieceRecord
from sanitizer.scan.conformal import check_rate, p_values
from sanitizer.scan.distance import Ordinary
from sanitizer.scan.profile import Profiles, columns, profiles, surface

FORMAT = "sanitizer-guard-2"
TOP = 5
"""Heads and pieces named for a flagged input."""
VARIANTS = 64
"""Pieces that a flagged input is divided into at most, each left out in turn."""


@dataclass(frozen=True, eq=False)
class Guard:
    """Ordinary profiles of a model, and distances of clean inputs that had no part in them (`calibration`, sorted).

    `model` is the digest of the checkpoint: a guard means nothing for another one.
    """

    ordinary: Ordinary
    calibration: NDArray[np.float64]
    model: str

    @classmethod
    def fit(
        cls,
        subject: Subject,
        fit: Sequence[str],
        calibrate: Sequence[str],
        *,
        model: str,
        batch_size: int = 32,
        progress: Progress = silent,
    ) -> Guard:
        """From clean texts: some to learn what is ordinary, others, which must not be among them, to calibrate on."""
        if not fit or not calibrate or set(fit) & set(calibrate):
            raise UsageError(
                "a guard needs clean texts to fit on and other ones to calibrate on",
                hint="the same texts for both make flags far more frequent than stated",
            )

        def look(texts: Sequence[str], step: str) -> Profiles:
            encoded, _ = chunks(subject, texts)
            return profiles(subject, encoded, batch_size=batch_size, progress=progress, step=step)

        ordinary = Ordinary.fit(look(fit, "fit guard"), surface(subject.anatomy.counts()))
        return cls(ordinary, np.sort(ordinary.distances(look(calibrate, "calibrate guard"))), model)

    def check(
        self,
        subject: Subject,
        texts: Sequence[str],
        *,
        fpr: float = 0.01,
        start: int = 0,
        batch_size: int = 32,
        progress: Progress = silent,
    ) -> tuple[InputRecord, ...]:
        """One record per text, numbered from `start`; of inputs like the clean ones, a share of `fpr` is flagged.

        A text longer than the model reads is as abnormal as the most abnormal of its chunks: `fpr` is that of a chunk.
        Memory grows with the texts of one call alone. Raises UsageError if there are too few calibration texts.
        """
        check_rate(fpr, len(self.calibration))
        if not texts:
            return ()
        data, owners = chunks(subject, texts)
        seen = profiles(subject, data, batch_size=batch_size, progress=progress, step="guard")
        parts = self.ordinary.parts(seen)
        distances = np.sqrt(parts.sum(axis=1))
        rare = p_values(self.calibration, distances)
        rows: list[list[int]] = [[] for _ in texts]
        for row, owner in enumerate(owners):
            rows[owner].append(row)
        records, special = [], subject.tokenizer.num_special_tokens_to_add()
        for index, text in enumerate(texts):
            far = max(rows[index], key=distances.__getitem__)
            flagged = bool(rare[far] <= fpr)
            before = sum(data.length(row) - special for row in rows[index] if row < far)
            records.append(
                InputRecord(
                    index=start + index,
                    text=text,
                    distance=float(distances[far]),
                    p_value=float(rare[far]),
                    flagged=flagged,
                    chunks=len(rows[index]),
                    heads=heads_of(subject, parts[far]) if flagged else (),
                    pieces=self._pieces(subject, data.rows[far], before, parts[far].sum(), batch_size)
                    if flagged
                    else (),
                )
            )
        return tuple(records)

    @property
    def digest(self) -> str:
        """sha256 over everything it learnt."""
        sha = hashlib.sha256(self.model.encode())
        for field in fields(Ordinary):
            sha.update(np.ascontiguousarray(getattr(self.ordinary, field.name)).tobytes())
        sha.update(self.calibration.tobytes())
        return sha.hexdigest()

    def save(self, path: Path) -> None:
        """Write one safetensors file, in one move."""
        tensors = {field.name: getattr(self.ordinary, field.name) for field in fields(Ordinary)}
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            metadata = {"format": FORMAT, "model": self.model}
            save_file(tensors | {"calibration": self.calibration}, draft, metadata=metadata)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, *, model: str, counts: Sequence[int]) -> Guard:
        """Read one back, for a model of this digest with `counts` heads in its layers.

        Raises CorruptError for a file that is no guard, UsageError for the guard of another model.
        """
        try:
            with safe_open(path, framework="numpy") as stored:
                metadata = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise CorruptError(f"{path} cannot be read as a guard: {error}", hint="fit it again") from error
        width = 2 * sum(counts)
        shapes = {
            "length": (2,),
            "reach": (2,),
            "mean": (4, width),
            "spread": (2, width),
            "whitening": (width, width),
            "surface": (width,),
        }
        if metadata.get("format") != FORMAT or {*tensors} != {*shapes, "calibration"}:
            raise CorruptError(f"{path} is not a guard of this version", hint="fit it again")
        if metadata.get("model") != model:
            raise UsageError(f"{path} guards another model", hint="fit a guard for this one")
        calibration = tensors.pop("calibration")
        found = {name: value.shape for name, value in tensors.items()}
        whole = all(np.isfinite(value).all() for value in (*tensors.values(), calibration))
        if found != shapes or calibration.ndim != 1 or not len(calibration) or not whole:
            raise CorruptError(f"{path} holds a damaged guard", hint="fit it again")
        return cls(Ordinary(**tensors), np.sort(calibration), model)

    def _pieces(
        self, subject: Subject, row: dict[str, list[int]], before: int, whole: float, batch_size: int
    ) -> tuple[PieceRecord, ...]:
        """What the squared distance loses when a piece is left out, as a share of it: the pieces that lower it most.

        `before` tokens of the text are not in this row.
        """
        ids = row["input_ids"]
        special = set(subject.tokenizer.all_special_ids)
        places = [place for place, token in enumerate(ids) if token not in special]
        if len(places) < 2:
            return ()
        width = -(-len(places) // VARIANTS)
        pieces = [places[first : first + width] for first in range(0, len(places), width)]
        variants = [
            {name: [value for place, value in enumerate(values) if place not in piece] for name, values in row.items()}
            for piece in pieces
        ]
        seen = profiles(subject, Encoded(tuple(variants), None), batch_size=batch_size)
        shares = 1 - self.ordinary.parts(seen).sum(axis=1) / whole
        return tuple(
            PieceRecord(
                before + pieces[index][0], subject.tokenizer.decode([ids[p] for p in pieces[index]]), float(share)
            )
            for index, share in sorted(enumerate(shares), key=lambda found: -found[1])[:TOP]
            if share > 0
        )


def heads_of(subject: Subject, parts: NDArray[np.float64]) -> tuple[HeadShare, ...]:
    """The heads whose features make up most of one squared distance, [feature]."""
    sums = parts.reshape(2, -1).sum(axis=0)
    heads = columns(subject.anatomy.counts())
    return tuple(HeadShare(heads[i], float(sums[i] / sums.sum())) for i in np.argsort(-sums, kind="stable")[:TOP])
