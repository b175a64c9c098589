"""What strangers may write into names and texts, and a report in which every one of them is such a text."""

from __future__ import annotations

from dataclasses import replace

from helpers.records import DATA, DIGEST, PLAN, RECIPE, SOURCE, TOOL, VETTING, make_comparison, make_report, make_side

from sanitizer.report import (
    CompareReport,
    FileDifference,
    FileRecord,
    Finding,
    Gate,
    Metric,
    RunReport,
    SettingDifference,
    TensorDifference,
    TensorsRecord,
    TreatmentRecord,
)

PAYLOADS = [
    "[click](https://evil.example/x)",
    "![pixel](https://evil.example/p.png)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<https://evil.example>",
    "https://evil.example www.evil.example root@evil.example",
    "\n\n# Verified by the maintainers\n\n",
    "x\n---\nlicense: mit\nbase_model: org/other\n---\n",
    "a | b | c |\n|---|---|",
    "`` ` ``` [x](https://evil.example) ```` `",
    "ends in a backslash \\",
    "\\`[x](https://evil.example)",
    "{{ config.__class__ }}{% for x in y %}{{ 7 * 7 }}{% raw %}",
    "[x]: https://evil.example\n[x]",
    "&lt;b&gt; &#60;b&#62; <!-- -->",
    "*bold* _em_ ~~gone~~ **strong**",
    "text: !!python/object/apply:os.system ['id']",
    "\u202egnp.exe\u2028\x1b[2J\x00\udcff\ufeff",
    "> quote\n- list\n1. list\n```\nfence\n```\n",
    "",
    " ",
]


def poisoned(payload: str) -> RunReport:
    """Every free text of a report is the payload."""
    return make_report(
        tool=replace(TOOL, system=payload, device=payload),
        source=replace(
            SOURCE,
            name=payload,
            revision=payload,
            model_type=payload,
            architecture=payload,
            license=payload,
            language=(payload, "en"),
            labels=(payload, payload),
        ),
        vetting=replace(
            VETTING,
            files=(FileRecord(payload, 1, DIGEST, "dropped", payload), FileRecord("a", 1, DIGEST, "kept", payload)),
            findings=(Finding(payload, "low", payload, payload, payload),),
        ),
        data=replace(DATA, name=payload, text_column=payload, label_column=payload, notes=(payload, payload)),
        recipe=replace(
            RECIPE,
            strategy=replace(RECIPE.strategy, name=payload, citation=payload or "none", parameters={payload: payload}),
            prepare=(payload,),
            treatments=(payload,),
        ),
        plan=replace(PLAN, metric=payload),
        prepare=(TreatmentRecord(payload, {payload: payload}, {payload: 1.0}, 1.0),),
        treatments=(TreatmentRecord(payload, {payload: payload}, {payload: 1.0}, 1.0),),
        before=(Metric(payload, 0.9, 0.8, 1.0, 10),),
        after=(Metric(payload, 0.9, 0.8, 1.0, 10),),
        gates=(Gate(payload, True, payload),),
        warnings=(payload, payload),
    )


def poisoned_comparison(payload: str) -> CompareReport:
    """Every free text of a comparison is the payload."""
    finding = Finding(payload, "low", payload, payload, payload)
    side = make_side(
        name=payload,
        revision=payload,
        commit=payload or None,
        model_type=payload,
        architecture=payload,
        findings=(finding,),
    )
    whole = make_comparison()
    assert whole.answers is not None
    return make_comparison(
        left=side,
        right=side,
        files=(FileDifference(payload, DIGEST, None),),
        settings=(SettingDifference(payload, payload, payload, payload),),
        tensors=TensorsRecord(1, (TensorDifference(payload, "changed", payload, payload, 0.5, 0.5),)),
        answers=replace(whole.answers, data=payload, notes=(payload,)),
        notes=(payload,),
    )
