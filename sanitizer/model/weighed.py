"""What the weights of all heads look like, looked at once, layer by layer: two layers are held at a time, however many
there are. Where weights are in half precision, on an accelerator or on disk, looking at them makes copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from sanitizer.heads import Grid
from sanitizer.model.composition import chains, standing_out
from sanitizer.model.headslice import HeadSlice
from sanitizer.model.traits import Silence, Traits, norms, shapes, silent


@dataclass(frozen=True)
class Weighed:
    """Measurements by name, [layer][head]: see `sanitizer.model.traits` and `sanitizer.model.composition`.

    `silence` is which heads can write nothing at all.
    """

    norms: Mapping[str, Grid]
    shapes: Mapping[str, Grid]
    chains: Grid
    silence: Silence


def weigh(layers: Iterable[Sequence[HeadSlice]]) -> Weighed:
    """Of the heads of each layer, in order."""
    sizes, forms, silence, steps = list[Traits](), list[Traits](), list[tuple[bool, ...]](), list[Tensor]()
    before: Sequence[HeadSlice] = ()
    for row in layers:
        sizes.append(norms(row))
        forms.append(shapes(row))
        silence.append(tuple(map(silent, row)))
        if before:
            steps.append(standing_out(before, row))
        before = row
    return Weighed(_grids(sizes), _grids(forms), chains(steps, len(silence[0])), tuple(silence))


def _grids(rows: Sequence[Traits]) -> Mapping[str, Grid]:
    return {name: tuple(row[name] for row in rows) for name in rows[0]}
