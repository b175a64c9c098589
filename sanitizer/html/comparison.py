"""The difference of two checkpoints as one self-contained page. It describes, and judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from sanitizer.differences import HEADS, TENSORS, in_order, of_file, of_heads, of_metric
from sanitizer.heads import HeadId
from sanitizer.html.cost import Row, row_of
from sanitizer.html.engine import dress, template
from sanitizer.html.maps import draw, frame
from sanitizer.html.page import MOST_ROWS, rows
from sanitizer.html.traits import Amount, Kind, Trait
from sanitizer.html.verdict import MOST_NAMED, Tile, Verdict
from sanitizer.numbers import counted, estimate, is_share, percent
from sanitizer.report import AnswersRecord, CompareReport, HeadChanges, PairedMetric


def render_comparison(report: CompareReport) -> str:
    """The page, to be written as UTF-8. The same report gives the same page."""
    found = () if report.heads is None else traits(report.heads)
    return template("compare.html.jinja").render(
        report=report,
        **dress(),
        verdict=verdict(report),
        frame=frame([] if report.heads is None else [len(row) for row in report.heads.change]),
        maps=[draw(trait) for trait in found],
        traits=found,
        rows=rows(found) if found else (),
        kinds=[trait for trait in found if isinstance(trait, Kind)],
        metrics=() if report.answers is None else tuple(map(_paired, report.answers.metrics)),
        tensors=[(one, TENSORS[one.what]) for one in in_order(report.tensors.differences)],
        files=[(file, of_file(file)) for file in report.files],
        sides=(("A", report.left), ("B", report.right)),
        most=MOST_ROWS,
    )


def traits(heads: HeadChanges) -> tuple[Trait, ...]:
    """What became of each head, and how far its weights moved."""
    words = of_heads(heads)
    there = tuple(word for word in HEADS if any(word in row for row in words))
    return (
        Kind("What became of it", "From A to B.", words, there),
        Amount("Change", "How far its weights moved, as a share of their norm in A.", heads.change),
    )


def verdict(report: CompareReport) -> Verdict:
    """What differs, in one line and in tiles."""
    tensors = report.tensors
    total = tensors.equal + len(tensors.differences)
    if not (report.files or report.settings or tensors.differences):
        line = "No file, no setting and no tensor differs."
    else:
        line = (
            f"{len(tensors.differences)} of {counted(total, 'tensor')}, {counted(len(report.settings), 'setting')} and "
            f"{counted(len(report.files), 'file')} differ."
        )
    kinds = Counter(found.what for found in tensors.differences)
    tiles = [
        Tile(
            "Which tensors differ?",
            f"{len(tensors.differences)} of {total}",
            (
                f"{tensors.equal} are equal bit by bit.",
                *(f"{kinds[kind]} {TENSORS[kind]}." for kind in TENSORS if kinds[kind]),
            ),
        ),
        Tile("What became of the heads?", *_heads(report.heads)),
        Tile("Do they answer alike?", *_answers(report.answers)),
    ]
    if report.answers is not None and report.answers.metrics:
        tiles.append(_metric(report.answers.metrics[0]))
    return Verdict(line, "plain", tuple(tiles))


def _heads(heads: HeadChanges | None) -> tuple[str, tuple[str, ...]]:
    if heads is None:
        return "They cannot be told", ("The notes say why.",)
    counts = Counter(word for row in of_heads(heads) for word in row)
    rare = [f"{counts[word]} {word}" for word in ("removed", "added", "zeroed") if counts[word]]
    most = sorted(_moved(heads), reverse=True)[:MOST_NAMED]
    lines = [f"{counts[word]} {word}." for word in ("changed", "unchanged") if counts[word]]
    if most:
        lines.append("Most changed: " + ", ".join(f"{head} {100 * change:.3g} %" for change, head in most) + ".")
    return ", ".join(rare) or "None removed, none added", tuple(lines)


def _moved(heads: HeadChanges) -> Iterator[tuple[float, HeadId]]:
    for layer, row in enumerate(heads.change):
        yield from ((change, HeadId(layer, head)) for head, change in enumerate(row) if change)


def _answers(answers: AnswersRecord | None) -> tuple[str, tuple[str, ...]]:
    if answers is None:
        return "They were not asked", ("--data FILE asks both the same texts.",)
    lines = [f"{counted(answers.texts, 'text')} of {answers.data}"]
    if answers.agreement is not None:
        lines.append(f"The same prediction: {percent(answers.agreement)}")
    if answers.mean is not None and answers.largest is not None:
        lines.append(f"Logits differ by {answers.mean:.3g} on average, by {answers.largest:.3g} at most.")
    share = "Not to be said" if answers.agreement is None else f"{100 * answers.agreement.value:.1f} % of the time"
    return share, tuple(lines)


def _metric(row: PairedMetric) -> Tile:
    name, unit = row.left.name.replace("_", " "), " points" if is_share(row.left) else ""
    told, _, interval = of_metric(row).replace("-", "−").partition(" (")
    lines = [f"{estimate(row.left)} → {estimate(row.right)}"]
    if interval:
        lines.append(f"95 % interval of the change, paired text by text: {interval.removesuffix(')')}")
    return Tile(f"What changed in {name}?", f"{told}{unit}", tuple(lines))


def _paired(row: PairedMetric) -> Row:
    return replace(row_of(row.left.name, row.left, row.right), change=of_metric(row).replace("-", "−"))
