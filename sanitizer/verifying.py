"""`sanitize verify`: a result that somebody else made, held against everything that it says about itself.

What a folder says proves nothing about who made it: whoever can write its weights can write its report and its sums
too. So this finds what does not agree, and with clean texts, or with the source, what can be done again.
"""

from __future__ import annotations

from collections.abc import Iterable

import sanitizer
from sanitizer.checkpoint import Checkpoint, HubOrigin, LocalOrigin
from sanitizer.errors import HubError, IncompleteError, RefusedError, UsageError
from sanitizer.intake import name_of
from sanitizer.options import VerifyOptions, VetOptions
from sanitizer.progress import Progress, silent
from sanitizer.recipe import Recipe
from sanitizer.report import (
    ClaimAnswer,
    ClaimRecord,
    RemeasuredRecord,
    RunReport,
    VerifyReport,
    VetReport,
)
from sanitizer.verify.card import card_claim
from sanitizer.verify.listing import Claimed, bring, unmoved, written_claim
from sanitizer.verify.page import page_claims
from sanitizer.verify.papers import lock_claim, recipe_claim, report_claim
from sanitizer.verify.reckoning import numbers_claim
from sanitizer.verify.weights import heads_claim, parameters_claim
from sanitizer.vetting import vet

WHO = "who made it: whoever can write these files can write this report, its lock and its sums as well"
BACKDOOR = "whether there is, or was, a backdoor: only its trigger could show that"
AGAIN = "the metrics of the report"
CLAIM = "nothing in it is refused by the gate"


def verify(options: VerifyOptions, *, progress: Progress = silent) -> VerifyReport:
    """Check every claim that can be checked with what is at hand. Nothing of the folder is believed on its word.

    Raises UsageError for a model or a file that is not there, HubError where nothing can be fetched.
    """
    if options.source is not None and not (options.rederive or options.data.data):
        raise UsageError("--source is for --rederive or --data", hint="add one of them")
    if options.base is not None and not options.rederive:
        raise UsageError("--base is for --rederive", hint="add it")
    claimed = bring(options.model, options.revision, token=options.token, progress=progress)
    here = claimed.checkpoint
    vetted = vet(_as_vetted(options, here), progress=progress)
    report, first = report_claim(here)
    claims = [claimed.claim, _vetting(vetted, here), first]
    metrics: tuple[RemeasuredRecord, ...] = ()
    if report is not None:
        recipe, second = recipe_claim(here, report)
        claims += [second, lock_claim(here, report, recipe), numbers_claim(report), card_claim(here, report)]
        claims += page_claims(here, report)
        claims += [written_claim(here, report), heads_claim(here, report), parameters_claim(here, report)]
        if options.data.data is not None or options.rederive:
            more, metrics = _again(options, vetted, here, report, recipe, progress)
            claims += more
    elif options.data.data is not None or options.rederive:
        claims.append(ClaimRecord("metrics", AGAIN, "unknown", "there is no report to hold them to"))
    return _told(claimed, claims, metrics, report, options)


def _again(
    options: VerifyOptions,
    vetted: VetReport,
    here: Checkpoint,
    report: RunReport,
    recipe: Recipe | None,
    progress: Progress,
) -> tuple[list[ClaimRecord], tuple[RemeasuredRecord, ...]]:
    """What cannot be opened was not measured. The Hub's failures and wrong words are no claims: those are raised."""
    if not vetted.rebuildable:
        return [ClaimRecord("metrics", AGAIN, "unknown", "the gate refuses the model, so it was not opened")], ()
    from sanitizer.verify.again import again

    try:
        return again(options, here, report, recipe, progress)
    except HubError:
        raise
    except (IncompleteError, RefusedError) as error:
        return [ClaimRecord("metrics", AGAIN, "unknown", error.message)], ()


def _told(
    claimed: Claimed,
    claims: Iterable[ClaimRecord],
    metrics: tuple[RemeasuredRecord, ...],
    report: RunReport | None,
    options: VerifyOptions,
) -> VerifyReport:
    origin, made = claimed.checkpoint.origin, tuple(claims)
    hub = origin if isinstance(origin, HubOrigin) else None
    return VerifyReport(
        sanitizer=sanitizer.__version__,
        name=name_of(claimed.checkpoint),
        revision=hub.revision if hub else None,
        commit=hub.commit if hub else None,
        digest=claimed.listed.digest,
        answer=verdict(made),
        claims=made,
        metrics=metrics,
        not_shown=(WHO, BACKDOOR, *_left(report, options)),
    )


def verdict(claims: Iterable[ClaimRecord]) -> ClaimAnswer:
    """`false` wins over `unknown`, which wins over `held`; no claims at all are unknown."""
    answers = {claim.answer for claim in claims}
    if "false" in answers:
        return "false"
    return "held" if answers == {"held"} else "unknown"


def _left(report: RunReport | None, options: VerifyOptions) -> Iterable[str]:
    """What nobody asked for."""
    if report is not None and options.data.data is None and not options.rederive:
        yield "whether its metrics are true: --data FILE measures them again"
    if report is not None and not options.rederive:
        yield "whether this recipe on that source gives these weights: --rederive runs it again"
        if any(record.outcome == "removed" for record in report.heads):
            yield "which heads were cut out: shapes tell how many are missing, and the config's word is all there is"


def _as_vetted(options: VerifyOptions, here: Checkpoint) -> VetOptions:
    """The same commit again, should the branch have moved meanwhile."""
    match here.origin:
        case HubOrigin(repo=repo, commit=commit):
            return VetOptions(f"hf://{repo}", commit, options.gate, token=options.token)
        case LocalOrigin():
            return VetOptions(options.model, None, options.gate)


def _vetting(vetted: VetReport, here: Checkpoint) -> ClaimRecord:
    """The gate's answer to the folder as it is now, whatever the report says of the source."""
    unmoved(here, vetted.vetting.files)
    doubts = [f"{finding.file}: {finding.message}" for finding in vetted.vetting.standing]
    match vetted.answer:
        case "passed":
            found = f"passed; no finding of {vetted.fail_on} or graver"
            return ClaimRecord("vetting", CLAIM, "held", found)
        case "inconclusive":
            return ClaimRecord("vetting", CLAIM, "unknown", vetted.unknown[0] if vetted.unknown else doubts[0])
        case _:
            grave = [doubt for doubt, f in zip(doubts, vetted.vetting.standing, strict=True) if f.severity != "low"]
            return ClaimRecord("vetting", CLAIM, "false", (grave or doubts or ["refused"])[0])
