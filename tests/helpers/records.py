"""Realistic report records: a BERT of 3 layers of 4 heads, two of them cut out and one zeroed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.report import (
    AnswersRecord,
    ApplyReport,
    AttackRecord,
    BaseRecord,
    BenchmarkReport,
    BenchmarkRow,
    BenchmarkTexts,
    BenchmarkVictim,
    BudgetRecord,
    CellRecord,
    CellRun,
    CheckpointRecord,
    ClaimRecord,
    CompareReport,
    DataRecord,
    EvidenceRecord,
    FiledBase,
    FileDifference,
    FileRecord,
    Finding,
    FleetReport,
    FlipRecord,
    Forecast,
    ForensicsRecord,
    ForensicsReport,
    Gate,
    HeadChanges,
    HeadOutcome,
    HeadRecord,
    HeadShare,
    Hits,
    InputRecord,
    InputsRecord,
    LeaningRecord,
    MemoryRecord,
    Metric,
    NamedRecipe,
    PairedMetric,
    PieceRecord,
    PlanFile,
    PlanRecord,
    PlanStep,
    PlantReport,
    Preview,
    RecipeRecord,
    RemeasuredRecord,
    RunReport,
    SafetyRecord,
    ScanRecord,
    ScanReport,
    SetRecord,
    SettingDifference,
    SideRecord,
    SimilarityRecord,
    SourceRecord,
    Spread,
    StageForecast,
    StrategyRecord,
    SuspectHead,
    TensorDifference,
    TensorsRecord,
    Timing,
    ToolRecord,
    TreatmentRecord,
    VerifyReport,
    VetRecord,
    VetReport,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "ab" * 32
GRID = ((0.31, 0.02, 0.44, 0.27), (0.01, 0.52, 0.38, 0.46), (0.29, 0.33, 0.015, 0.61))
SIMILAR = ((0.7, 0.8, 0.75, 0.72), (0.9, 0.6, 0.65, 0.68), (0.5, 0.55, 0.95, 0.45))

TOOL = ToolRecord("0.1.0", "3.11.9", "2.13.0", "5.23.0", "Linux x86_64", "cpu")
SOURCE = SourceRecord(
    name="org/reviews",
    revision="main",
    commit=COMMIT,
    digest=DIGEST,
    model_type="bert",
    architecture="BertForSequenceClassification",
    task="classification",
    dtype="float16",
    layers=3,
    heads=(4, 4, 4),
    parameters=22_713_986,
    license="apache-2.0",
    language=("en",),
    labels=("negative", "positive"),
)
BASE = BaseRecord(
    name="org/base",
    revision="main",
    commit="c" * 40,
    digest="cd" * 32,
    matched=22_713_216,
    lacking=("classifier.weight", "classifier.bias"),
    similarity=0.9987,
    findings=(Finding("files.unneeded", "low", "rust_model.ot", "nothing needs it", "it was left behind"),),
)
VETTING = VetRecord(
    files=(
        FileRecord("config.json", 812, "11" * 32, "rebuilt", "written anew from the fields that are understood"),
        FileRecord("model.safetensors", 45_450_112, "22" * 32, "kept", "header and tensors read"),
        FileRecord("training_args.bin", 5_304, "33" * 32, "dropped", "nothing refers to it"),
    ),
    findings=(Finding("unreferenced-pickle", "low", "training_args.bin", "a pickle nothing names", "leave it out"),),
)
DATA = DataRecord(
    name="org/clean-reviews",
    sha256="44" * 32,
    labels="given",
    fit=4844,
    validation=1000,
    test=1038,
    origin="hub",
    commit="f" * 40,
    text_column="text",
    label_column="label",
)
EVIDENCE = tuple(
    EvidenceRecord(kind, value)
    for kind, value in (("dormant", 1e-5), ("norms", 2e-4), ("woken", 0.2), ("chain", 0.4), ("shape", 0.7))
)
FORENSICS = ForensicsRecord(
    "suspect heads",
    "1 of 12 stand out by 2 kinds of evidence or more",
    0.05,
    ("norms", "shape", "chain", "dormant", "woken"),
    150,
    512,
    p_values=((0.9, 0.4, 1.0, 1.0), (0.0005, 0.7, 0.8, 1.0), (1.0, 0.3, 0.2, 0.6)),
    suspects=(SuspectHead(HeadId(1, 0), 0.006, EVIDENCE),),
)
LEANING = LeaningRecord(1, into=0.3, out=0.1, p_value=1e-6, clear=True, texts=640)
SCAN = ScanRecord(
    similarity=(SimilarityRecord("layer", 150, 0.64, 0.011, 0.9912), SimilarityRecord("model", 150, 0.58, 0.004, 0.97)),
    mean_similarity=SIMILAR,
    importance=GRID,
    safety=SafetyRecord(
        alpha=0.4,
        tau=0.45,
        score=((0.44, 0.7, 0.3, 0.5), (0.6, 0.2, 0.5, 0.4), (0.5, 0.48, 0.58, 0.1)),
        classes=(
            ("suspicious", "trusted", "suspicious", "intermediate"),
            ("trusted", "suspicious", "intermediate", "suspicious"),
            ("intermediate", "intermediate", "trusted", "suspicious"),
        ),
    ),
    inputs=150,
    flips=(
        FlipRecord("rare word", Metric("changed", 0.04, 0.02, 0.08, 150), 1, 0.75),
        FlipRecord("shuffled words", Metric("changed", 0.1, 0.06, 0.16, 150), 0, 0.6),
    ),
    forensics=FORENSICS,
    leaning=LEANING,
)
SCAN_AFTER = replace(
    SCAN,
    similarity=(SimilarityRecord("layer", 150, 0.66, 0.012, 0.9921), SimilarityRecord("model", 150, 0.6, 0.005, 0.971)),
    flips=(
        FlipRecord("rare word", Metric("changed", 0.05, 0.02, 0.09, 150), 1, 0.6),
        FlipRecord("shuffled words", Metric("changed", 0.11, 0.07, 0.17, 150), 0, 0.6),
    ),
    forensics=replace(FORENSICS, answer="nothing", reason="no head stands out by 2 kinds of evidence", suspects=()),
    leaning=replace(LEANING, into=0.125, out=0.11, p_value=0.4, clear=False),
)
RECIPE = RecipeRecord(
    strategy=StrategyRecord(
        "gradient",
        "1",
        {"of": "gate", "samples": 1024},
        "Chapagain, Hamdi, Filali Boubrahimi. CIKM 2025. arXiv 2508.20032",
    ),
    prepare=(),
    treatments=("remove", "finetune"),
    budget=BudgetRecord(0.02, None, None, None, 1, 10),
    layout="compact",
    seed=7,
    dtype="float32",
    batch_size=32,
)
PLAN = PlanRecord(
    scores=HeadScores(GRID, ScoreOrigin("gradient", "1", {"of": "gate", "samples": 1024})),
    remove=(HeadId(1, 0), HeadId(2, 2), HeadId(0, 1)),
    metric="accuracy",
    suspect=0.891,
    threshold=0.871,
    achieved=0.875,
    error_rate=0.05,
    steps=(
        PlanStep(9, 0.7, False, 12),
        PlanStep(4, 0.86, False, 30),
        PlanStep(2, 0.89, True, 30),
        PlanStep(3, 0.875, True, 60),
    ),
)


def make_report(**changes: Any) -> RunReport:
    """A report that passed every gate; `changes` replace fields of it."""
    report = RunReport(
        tool=TOOL,
        source=SOURCE,
        vetting=VETTING,
        data=DATA,
        scan=SCAN,
        recipe=RECIPE,
        plan=PLAN,
        heads=(
            HeadRecord(HeadId(0, 1), "zeroed", 0.02),
            HeadRecord(HeadId(1, 0), "removed", 0.01),
            HeadRecord(HeadId(2, 2), "removed", 0.015),
        ),
        prepare=(),
        treatments=(
            TreatmentRecord("remove", {"layout": "compact"}, {"removed": 2.0, "zeroed": 1.0}, 0.4),
            TreatmentRecord("finetune", {"epochs": 1, "rate": 2e-05}, {"loss": 0.21}, 93.5),
        ),
        before=(Metric("accuracy", 0.891, 0.87, 0.909, 1038), Metric("loss", 0.31, 0.28, 0.35, 1038)),
        after=(Metric("accuracy", 0.885, 0.864, 0.903, 1038), Metric("loss", 0.33, 0.29, 0.37, 1038)),
        parameters_after=22_614_914,
        needs_loader=True,
        gates=(
            Gate("accuracy", True, "0.885 is within 0.02 of 0.891"),
            Gate("load-back", True, "logits differ by at most 1e-6"),
        ),
        started="2026-01-02T03:04:05+00:00",
        timings=(Timing("download", 1.5), Timing("scan", 20.25)),
        warnings=("the classifier was trained on few texts",),
        files=(FileRecord("model.safetensors", 45_230_000, "55" * 32, "rebuilt", "written by this run"),),
        scan_after=SCAN_AFTER,
        memory=MemoryRecord(1_240_000_000),
    )
    return replace(report, **changes)


def make_scan(**changes: Any) -> ScanReport:
    """A scan of the same checkpoint."""
    report = ScanReport(TOOL, SOURCE, VETTING, DATA, SCAN, "2026-01-02T03:04:05+00:00", (Timing("scan", 20.25),))
    return replace(report, **changes)


def make_forensics(**changes: Any) -> ForensicsReport:
    """The files of the same checkpoint, with one head that stands out by its weights."""
    base = FiledBase("org/base", None, COMMIT, "77" * 32, 0.9994)
    record = replace(FORENSICS, kinds=("norms", "shape", "chain", "base"), texts=0, probes=0)
    heads = tuple(suspect.head for suspect in record.suspects)
    report = ForensicsReport("0.1.0", "5.23.0", SOURCE, VETTING, record, heads, base)
    return replace(report, **changes)


def make_apply(**changes: Any) -> ApplyReport:
    """The plan of the report above, applied to the same checkpoint."""
    report = ApplyReport(
        sanitizer="0.1.0",
        transformers="5.23.0",
        source=SOURCE,
        vetting=VETTING,
        plan=PlanFile("report.json", "66" * 32, "org/reviews", DIGEST, False, ("finetune",)),
        layout="compact",
        heads=(
            HeadOutcome(HeadId(0, 1), "zeroed"),
            HeadOutcome(HeadId(1, 0), "removed"),
            HeadOutcome(HeadId(2, 2), "removed"),
        ),
        parameters_after=22_614_914,
        needs_loader=True,
        written=True,
        files=(FileRecord("model.safetensors", 45_230_000, "55" * 32, "rebuilt", "written by this run"),),
    )
    return replace(report, **changes)


def make_set(name: str, flagged: float, auc: float, n: int = 200) -> SetRecord:
    """A set of inputs with intervals of five points around both shares."""
    share = Metric("flagged", flagged, max(flagged - 0.05, 0.0), min(flagged + 0.05, 1.0), n)
    return SetRecord(name, share, 1e-9, Metric("auc", auc, max(auc - 0.05, 0.0), min(auc + 0.05, 1.0), n), 1e-12)


def make_input(**changes: Any) -> InputRecord:
    """An input that is flagged for one word."""
    record = InputRecord(
        index=17,
        text="a fine cf film",
        distance=31.5,
        p_value=0.001,
        flagged=True,
        heads=(HeadShare(HeadId(1, 2), 0.4), HeadShare(HeadId(0, 1), 0.1)),
        pieces=(PieceRecord(3, "cf", 0.7),),
    )
    return replace(record, **changes)


def make_inputs(**changes: Any) -> InputsRecord:
    """Inputs that are abnormal as no control is."""
    record = InputsRecord(
        name="odd.jsonl",
        sha256="bb" * 32,
        fpr=0.05,
        fit=700,
        calibrated=150,
        answer="abnormal",
        reason="share of flagged inputs 0.91: beyond chance (p = 1e-09) and beyond every control",
        inputs=make_set("inputs", 0.91, 0.98),
        clean=make_set("clean", 0.05, 0.5),
        controls=(make_set("rare word", 0.06, 0.51), make_set("shuffled words", 0.08, 0.57)),
        similarity=SCAN.similarity,
        heads=(HeadShare(HeadId(1, 2), 0.5),),
        examples=(make_input(),),
        notes=("texts are taken from column 'text'",),
    )
    return replace(record, **changes)


def make_forecast() -> Forecast:
    """Two stages that can be told and one that cannot."""
    stages = (
        StageForecast("open", 14 * 10**9, 2.0),
        StageForecast("scan", 16 * 10**9, 100.0),
        StageForecast("score", None, None),
    )
    advice = ("scan needs 16 GB: --batch-size 4 makes it fit",)
    return Forecast(
        "cuda:0", "bfloat16", 14 * 10**9, 15 * 10**9, 28 * 10**9, 10**12, stages, ("sizes from headers",), advice
    )


def make_preview(**changes: Any) -> Preview:
    """The dry run of the same command."""
    preview = Preview(
        source="org/reviews",
        commit=COMMIT,
        files=VETTING.files,
        findings=VETTING.findings,
        download=45_456_228,
        disk=136_368_684,
        output="reviews-sanitized",
        recipe="gradient, remove, finetune",
        data="org/clean-reviews",
        forecast=make_forecast(),
    )
    return replace(preview, **changes)


def make_plant(**changes: Any) -> PlantReport:
    """Rare words in a classifier of reviews, measured on texts of another file."""
    report = PlantReport(
        tool=TOOL,
        source=SOURCE,
        vetting=VETTING,
        data=DATA,
        test=DATA,
        attack=AttackRecord(
            "badnets", "Gu et al. 2017", {"words": "cf", "rate": 0.5}, "one of the words cf", "good", 1, {"epochs": 3.0}
        ),
        seed=0,
        triggered=400,
        before=(Metric("accuracy", 0.9, 0.88, 0.92, 800), Metric("attack success", 0.105, 0.085, 0.125, 400)),
        after=(Metric("accuracy", 0.89, 0.87, 0.91, 800), Metric("attack success", 0.985, 0.97, 0.995, 400)),
        files=VETTING.files,
    )
    return replace(report, **changes)


def make_vet(**changes: Any) -> VetReport:
    """The answer to `sanitize vet org/reviews`."""
    report = VetReport(
        sanitizer="0.1.0",
        source="org/reviews",
        revision="main",
        commit=COMMIT,
        digest=DIGEST,
        vetting=VetRecord(
            (*VETTING.files, FileRecord("pytorch_model.bin", 9, "", "dropped", "a pickle")),
            (
                Finding("files.unneeded", "low", "training_args.bin", "nothing needs it", "it was left behind"),
                Finding("weights.pickle-unread", "medium", "pytorch_model.bin", "a pickle", "do not load it"),
            ),
        ),
        fail_on="medium",
        answer="refused",
        rebuildable=True,
    )
    return replace(report, **changes)


def make_checkpoint(**changes: Any) -> CheckpointRecord:
    """A checkpoint of the Hub that was refused for its pickle."""
    record = CheckpointRecord(
        name="org/reviews@v2",
        line=2,
        key="ee" * 32,
        commit=COMMIT,
        digest=None,
        answer="refused",
        said="weights.pickle-unread in pytorch_model.bin: a pickle (and 1 more finding)",
        hint="do not use it",
        folder="checkpoints/org-reviews-v2-01234567",
        started="2026-03-04T05:06:07+00:00",
        seconds=1.25,
        cpu_seconds=0.9,
        memory=80_000_000,
        vetting=make_vet().vetting,
    )
    return replace(record, **changes)


def make_fleet_report(**changes: Any) -> FleetReport:
    """One refused, one done at the second try, one inconclusive, and one that was not reached."""
    done = make_checkpoint(
        name="models/a", line=1, commit=None, digest=DIGEST, answer="done", said="", hint="", tries=2
    )
    broken = make_checkpoint(name="models/b", line=3, answer="inconclusive", said="it is cut short", vetting=None)
    report = FleetReport(
        sanitizer="0.1.0",
        list="models.txt",
        verb="vet",
        options=("--fail-on", "medium"),
        engine="local",
        checkpoints=(replace(done, vetting=VetRecord((), ())), make_checkpoint(), broken),
        missing=("models/c",),
    )
    return replace(report, **changes)


def make_cell(**changes: Any) -> CellRecord:
    """A victim under the recipe pure: seven of eight clean texts right, one of four triggered ones the attacker's."""
    record = CellRecord(
        victim="badnets",
        what="treated",
        digest=DIGEST,
        started="2026-01-02T03:04:05+00:00",
        recipe="pure",
        seed=0,
        run=CellRun(
            texts=1000,
            heads=12,
            heads_removed=3,
            parameters=22_713_986,
            parameters_removed=99_072,
            failed_gates=(),
            warnings=("finetune was left out",),
            seconds=63.5,
            cpu_seconds=60.25,
            memory=1_400_000_000,
            code="cc" * 32,
            tool=TOOL,
        ),
        clean=Hits(7, 8, "fe"),
        triggered=Hits(1, 4, "8"),
    )
    return replace(record, **changes)


def make_benchmark(**changes: Any) -> BenchmarkReport:
    """A victim under two recipes: one with two seeds of which one failed, one that was not run."""
    report = BenchmarkReport(
        name="victims",
        command="sanitize benchmark victims.yaml --out results",
        data=BenchmarkTexts("train.tsv", "66" * 32, 6920),
        texts=1000,
        test=BenchmarkTexts("test.tsv", "77" * 32, 8, 1),
        control="88" * 32,
        seeds=(0, 1),
        recipes=(NamedRecipe("pure", "{strategy: pure}"), NamedRecipe("ft", "{strategy: random}")),
        victims=(
            BenchmarkVictim(
                name="badnets",
                digest="99" * 32,
                triggered="aa" * 32,
                target=1,
                accuracy=Metric("clean accuracy", 0.891, 0.87, 0.91, 8),
                attack_success=Metric("attack success", 1.0, 0.51, 1.0, 4),
                floor=Metric("attack success", 0.104, 0.05, 0.3, 4),
            ),
        ),
        rows=(
            BenchmarkRow(
                victim="badnets",
                recipe="pure",
                seeds=(0,),
                accuracy=Spread(0.875, 0.875, 0.875, 0.53, 0.98),
                attack_success=Spread(0.25, 0.25, 0.25, 0.05, 0.7),
                heads_removed=3.0,
                parameters_removed=0.0044,
                seconds=63.5,
                cpu_seconds=60.25,
                memory=1_400_000_000,
                over_budget=0,
                failed=("seed 1: took longer than 7200 s",),
                missing=0,
            ),
            BenchmarkRow("badnets", "ft", (), None, None, None, None, None, None, None, 0, (), 2),
        ),
        cells=(
            make_cell(),
            make_cell(seed=1, run=None, clean=None, triggered=None, failed="took longer than 7200 s"),
        ),
    )
    return replace(report, **changes)


def make_verification(**changes: Any) -> VerifyReport:
    """A result of which a metric is not what its report says."""
    accuracy = Metric("accuracy", 0.885, 0.864, 0.903, 1038)
    report = VerifyReport(
        sanitizer="0.1.0",
        name="me/reviews-sanitized",
        revision="main",
        commit=COMMIT,
        digest=DIGEST,
        answer="false",
        claims=(
            ClaimRecord("files", "every file is as listed", "held", "8 files, each as listed"),
            ClaimRecord("card", "the card says what the report says", "unknown", "line 9 is worded otherwise"),
            ClaimRecord("metrics", "the metrics on 1038 texts", "false", "accuracy is 0.8350, not 0.8850"),
        ),
        metrics=(RemeasuredRecord(accuracy, replace(accuracy, value=0.835, low=0.811, high=0.857)),),
        not_shown=("who made it", "whether there is a backdoor"),
    )
    return replace(report, **changes)


def make_side(**changes: Any) -> SideRecord:
    """A BERT of 3 layers of 4 heads."""
    side = SideRecord(
        "org/reviews", "main", COMMIT, DIGEST, "bert", "BertForSequenceClassification", (4, 4, 4), 22_713_986, ()
    )
    return replace(side, **changes)


def make_comparison(**changes: Any) -> CompareReport:
    """The model and what became of it: two heads out, one zero, the rest tuned."""
    accuracy = Metric("accuracy", 0.891, 0.87, 0.909, 1038)
    report = CompareReport(
        sanitizer="0.1.0",
        left=make_side(),
        right=make_side(
            name="out", revision=None, commit=None, digest="cd" * 32, heads=(4, 3, 3), parameters=22_000_000
        ),
        same_files=2,
        files=(FileDifference("config.json", "11" * 32, "12" * 32), FileDifference("README.md", None, "")),
        settings=(SettingDifference("config.json", "quantization_config", None, '{"quant_method": "sanitizer"}'),),
        tensors=TensorsRecord(
            20,
            (
                TensorDifference("classifier.weight", "changed", "F16 [2, 384]", "F16 [2, 384]", 0.013, 0.002),
                TensorDifference("layer.1.query.weight", "reshaped", "F16 [384, 384]", "F16 [288, 384]"),
                TensorDifference("pooler.weight", "left_only", "F16 [384, 384]", None),
            ),
        ),
        heads=HeadChanges(
            ((0.25, None, 0.5, 0.0), (None, 0.75, 0.5, 0.25), (0.25, 0.25, None, 1.0)),
            (HeadId(1, 0), HeadId(2, 2)),
            (),
            (HeadId(0, 1),),
        ),
        answers=AnswersRecord(
            data="reviews.tsv",
            sha256=DIGEST,
            texts=1038,
            largest=1.25,
            mean=0.11,
            agreement=Metric("agreement", 0.97, 0.958, 0.979, 1038),
            metrics=(
                PairedMetric(
                    accuracy,
                    replace(accuracy, value=0.885, low=0.864, high=0.903),
                    Metric("accuracy", -0.006, -0.013, 0.002, 1038),
                ),
            ),
        ),
    )
    return replace(report, **changes)
