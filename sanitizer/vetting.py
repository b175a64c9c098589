"""`sanitize vet`: may a checkpoint be used as it is? And, where a copy is asked for, what can be rebuilt of it.

Nothing here imports torch, and the Hub's client only if the model is there.
"""

from __future__ import annotations

import sanitizer
from sanitizer.checkpoint import HubOrigin
from sanitizer.intake import fetch, name_of
from sanitizer.options import VetOptions
from sanitizer.output import check_place, put_in_place, workspace
from sanitizer.progress import Progress, silent
from sanitizer.report import VetReport
from sanitizer.source import LocalRef, parse_model
from sanitizer.vet.families import families
from sanitizer.vet.gate import answer, rebuild, refusal, survey


def vet(options: VetOptions, *, progress: Progress = silent) -> VetReport:
    """Examine every file. What could not be examined makes the answer `inconclusive`, or `refused`, never `passed`.

    With `options.rebuild`, the rebuilt copy is put there in one move if everything dangerous could be left behind,
    whatever the answer is; else nothing is written. Raises UsageError for a place that must not be written to, HubError
    where the files cannot be had, ResourceError for a full disk.
    """
    ref = parse_model(options.model, options.revision)
    if options.rebuild is not None:
        check_place(options.rebuild, force=options.force, source=ref.path if isinstance(ref, LocalRef) else None)
    fetched, left = fetch(options.model, options.revision, token=options.token, progress=progress)
    rules = families(drop_chat_template=options.drop_chat_template)
    seen = survey(fetched, left, progress=progress, families=rules)
    rebuildable = refusal(seen.record) is None
    if options.rebuild is not None and rebuildable:
        with workspace(options.rebuild) as work:
            rebuild(fetched, seen.record, work / "built", progress=progress, families=rules)
            put_in_place(work / "built", options.rebuild)
    origin = fetched.origin
    return VetReport(
        sanitizer=sanitizer.__version__,
        source=name_of(fetched),
        revision=origin.revision if isinstance(origin, HubOrigin) else None,
        commit=origin.commit if isinstance(origin, HubOrigin) else None,
        digest=fetched.digest,
        vetting=seen.record,
        fail_on=options.fail_on,
        answer=answer(seen.record, options.fail_on),
        rebuildable=rebuildable,
        unknown=tuple(error.message for error in seen.stalled),
    )
