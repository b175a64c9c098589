"""The card as its readers see it: a YAML reader, huggingface_hub's card parser, CommonMark, Python and a shell."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.payloads import PAYLOADS, poisoned
from helpers.records import BASE, COMMIT, DATA, DIGEST, PLAN, RECIPE, SOURCE, VETTING, make_report
from huggingface_hub import EvalResult, ModelCard
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sanitizer.card import FIGURE, MOST_ROWS, TEMPLATE, citations, head_map, metadata, render_card
from sanitizer.cardparts import BEGIN, END
from sanitizer.cleandata import Provenance, split
from sanitizer.heads import HeadId
from sanitizer.markdown import visible
from sanitizer.report import Finding, Gate, HeadRecord, RunReport, TreatmentRecord
from sanitizer.schema import from_json, to_json
from sanitizer.snippets import again_by, command, held_out, loading
from sanitizer.texts import calibration_texts

REPO = "me/reviews-sanitized"
READER = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
PROMISE = re.compile(r"safe(?!tensors)", re.IGNORECASE)


def split_card(card: str) -> tuple[Any, str]:
    match = re.match(r"\A---\n(.*?)\n---\n", card, re.DOTALL)
    assert match is not None
    return yaml.safe_load(match[1]), card[match.end() :]


def tokens_of(body: str) -> list[Token]:
    return [child for token in READER.parse(body) for child in (token, *(token.children or []))]


def shape(body: str) -> list[tuple[str, str]]:
    """The card's structure, values left out: what a payload must not change."""
    return [(token.type, token.tag) for token in tokens_of(body) if token.type not in {"code_inline", "text"}]


def texts(body: str) -> str:
    return "\n".join(token.content for token in tokens_of(body))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize("repo_name", [REPO, None], ids=["hub", "local"])
def test_a_payload_changes_values_and_nothing_else(payload: str, repo_name: str | None) -> None:
    report = poisoned(payload)
    _, body = split_card(render_card(report, repo_name=repo_name))
    _, plain = split_card(render_card(poisoned("plain"), repo_name=repo_name))
    assert shape(body) == shape(plain)
    found = Counter(token.type for token in tokens_of(body))
    assert not found.keys() & {"link_open", "html_inline", "em_open", "s_open"}
    assert found["image"] == 1 and found["html_block"] == 2  # its own figure, and the lines around its own part
    assert "49" not in body.replace(DIGEST, "")
    for token in tokens_of(body):
        if token.type == "text":  # outside code, nothing of a stranger: a Hub's reader would link bare addresses
            assert "evil" not in token.content
    assert all(character.isprintable() or character == "\n" for character in body)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_front_matter_is_exactly_the_dict(payload: str) -> None:
    front, _ = split_card(render_card(poisoned(payload), repo_name=REPO))
    shown = visible(payload)
    assert front == {
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "language": ["en"],
        "tags": ["sanitizer", "backdoor-defense", "pruned", f"sanitizer-{shown}"],
        "model-index": [
            {
                "name": "reviews-sanitized",
                "results": [
                    {
                        "task": {"type": "text-classification"},
                        "dataset": {"name": shown, "type": "hub"},
                        "metrics": [{"type": shown, "value": 0.9, "name": shown}],
                    }
                ],
            }
        ],
    }


def test_the_poison_would_be_seen_if_it_worked() -> None:
    """The check above can fail: the same payloads pasted as they are do change the card."""
    _, plain = split_card(render_card(poisoned("plain"), repo_name=REPO))
    changed = [payload for payload in PAYLOADS if shape(plain.replace("`plain`", payload)) != shape(plain)]
    assert len(changed) >= len(PAYLOADS) - 6


@pytest.mark.parametrize("allowed", [0, None])
def test_a_card_of_a_treatment_that_took_no_head_says_so(allowed: int | None) -> None:
    whole = make_report()
    budget = replace(whole.recipe.budget, max_heads=allowed)
    treatments = (TreatmentRecord("unlearn", {}, {}, 1.0),)
    report = replace(whole, heads=(), treatments=treatments, recipe=replace(whole.recipe, budget=budget))
    front, body = split_card(render_card(report, repo_name=REPO))
    assert front["tags"] == ["sanitizer", "backdoor-defense", "sanitizer-unlearn"]
    assert "every attention head is still there" in body
    assert "taken away" not in body
    assert ("No head was to be removed." in body) == (allowed == 0) == ("Strategy `" not in body)


def test_front_matter_of_a_hub_model() -> None:
    front, _ = split_card(render_card(make_report(), repo_name=REPO))
    assert front == {
        "base_model": "org/reviews",
        "base_model_relation": "finetune",
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "license": "apache-2.0",
        "language": ["en"],
        "tags": ["sanitizer", "backdoor-defense", "pruned", "sanitizer-gradient"],
        "datasets": ["org/clean-reviews"],
        "model-index": [
            {
                "name": "reviews-sanitized",
                "results": [
                    {
                        "task": {"type": "text-classification"},
                        "dataset": {"name": "org/clean-reviews", "type": "org/clean-reviews"},
                        "metrics": [
                            {"type": "accuracy", "value": 0.885, "name": "accuracy"},
                            {"type": "loss", "value": 0.33, "name": "loss"},
                        ],
                    }
                ],
            }
        ],
    }


def test_huggingface_hub_reads_it_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    card = ModelCard(render_card(make_report(), repo_name=REPO))
    assert caplog.records == []
    assert card.data.model_name == "reviews-sanitized"
    assert card.data.base_model == "org/reviews"
    assert [(type(result), result.metric_type, result.metric_value) for result in card.data.eval_results] == [
        (EvalResult, "accuracy", 0.885),
        (EvalResult, "loss", 0.33),
    ]


def test_a_local_causal_model_that_needs_nothing() -> None:
    report = make_report(
        source=replace(SOURCE, name="mine", revision=None, commit=None, task="causal", license=None, labels=()),
        data=replace(DATA, name="calibration", origin="embedded", commit=None, labels="none"),
        needs_loader=False,
        heads=(),
    )
    front, body = split_card(render_card(report, repo_name=None))
    assert "base_model" not in front
    assert "base_model_relation" not in front
    assert "license" not in front
    assert "datasets" not in front
    assert "pruned" not in front["tags"]
    assert front["pipeline_tag"] == "text-generation"
    assert "sanitizer.loading" not in body
    assert "pip install" not in body
    assert "AutoModelForCausalLM.from_pretrained('./mine-sanitized')" in body
    assert "No labels were used" in body
    assert "--data" not in command(report, "out")
    assert command(report, "out").startswith("sanitize ./mine --recipe ./out/sanitizer/recipe.yaml ")


@pytest.mark.parametrize("field", ["license", "language"])
def test_what_a_hub_would_refuse_stays_out_of_the_front_matter(field: str) -> None:
    values = {"license": "My Own Licence", "language": ("English", "en-US-x", "no", "multilingual")}
    front = metadata(make_report(source=replace(SOURCE, **{field: values[field]})), repo_name=REPO)
    assert "license" not in front if field == "license" else front["language"] == ["no", "multilingual"]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("given", "those that came with the data"),
        ("suspect", "untreated model's own predictions served as labels"),
        ("none", "No labels were used"),
    ],
)
def test_card_says_plainly_whose_labels(labels: str, words: str) -> None:
    body = render_card(make_report(data=replace(DATA, labels=labels)), repo_name=REPO)
    assert [other for other in ("those that came", "own predictions served", "No labels") if other in body] == [
        next(other for other in ("those that came", "own predictions served", "No labels") if other in words)
    ]


def test_numbers_of_the_report_are_on_the_card() -> None:
    _, body = split_card(render_card(make_report(), repo_name=REPO))
    for row in (
        "| `accuracy` | 89.1 % (87.0–90.9) | 88.5 % (86.4–90.3) | −0.6 points | 1,038 |",
        "| parameters | 22,713,986 | 22,614,914 | −0.44 % | |",
        "| `training_args.bin` | `dropped` | `nothing refers to it` |",
        "| `unreferenced-pickle` | `low` | `training_args.bin` | `a pickle nothing names` |",
    ):
        assert f"\n{row}\n" in body
    shown = " ".join(texts(body).split())
    for words in (
        COMMIT,
        DIGEST,
        "cut out of the tensors: 2",
        "arXiv 2508.20032",
        "1 kept, 1 rebuilt",
        "2 points",
        "1.24 GB of memory",
    ):
        assert words in shown


@pytest.mark.parametrize("name", ["org/texts", f"org/texts@{COMMIT}", f"org/texts@{COMMIT}:default#train"])
def test_a_hub_dataset_is_named_by_its_repository(name: str) -> None:
    report = make_report(data=replace(DATA, name=name, commit=COMMIT))
    front, body = split_card(render_card(report, repo_name=REPO))
    assert front["datasets"] == ["org/texts"]
    assert front["model-index"][0]["results"][0]["dataset"] == {"name": name, "type": "org/texts"}
    assert shlex.split(command(report, "out"))[7] == name
    told = body.partition("## What came from the data")[2].partition("## ")[0]
    assert told.count(COMMIT) == 1


def test_a_file_is_no_dataset_of_the_hub() -> None:
    front = metadata(make_report(data=replace(DATA, name="org/texts", origin="file", commit=None)), repo_name=REPO)
    assert "datasets" not in front
    assert front["model-index"][0]["results"][0]["dataset"] == {"name": "org/texts", "type": "file"}


def test_a_strategy_without_a_paper_cites_none() -> None:
    strategy = replace(RECIPE.strategy, citation="")
    cited = render_card(make_report(recipe=replace(RECIPE, strategy=strategy)), repo_name=REPO)
    assert "gradient:" not in cited.partition("## Citation")[2]


def test_head_map_counts_what_the_report_lists() -> None:
    report = make_report()
    assert head_map(report) == "layer   0  . 0 . .\nlayer   1  x . . .\nlayer   2  . . x ."
    ragged = make_report(
        source=replace(SOURCE, layers=2, heads=(3, 1)), heads=(HeadRecord(HeadId(1, 0), "removed", 0.1),)
    )
    assert head_map(ragged) == "layer   0  . . .\nlayer   1  x"


@pytest.mark.parametrize("place", [REPO, "./it's \"here\"\n'''\\"])
@pytest.mark.parametrize("needs_loader", [True, False])
def test_loading_snippet_is_python_that_opens_the_place(place: str, needs_loader: bool) -> None:
    tree = ast.parse(loading(make_report(needs_loader=needs_loader), place))
    imports = [node.names[0].name for node in tree.body if isinstance(node, ast.Import)]
    assert imports == (["sanitizer.loading"] if needs_loader else [])
    opened = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [ast.literal_eval(argument) for argument in opened] == [place, place]


def test_command_is_what_a_shell_reads_back() -> None:
    assert shlex.split(command(make_report(), "it's out")) == [
        *("sanitize", "org/reviews", "--revision", COMMIT, "--recipe", "./it's out/sanitizer/recipe.yaml"),
        *("--data", "org/clean-reviews", "--text-column", "text", "--label-column", "label"),
        *("--layout", "compact", "--dtype", "float32", "--batch-size", "32", "--seed", "7"),
    ]
    evil = make_report(data=replace(DATA, name="$(id); `id` 'x' \"y\"\n&& id"))
    assert shlex.split(command(evil, "out"))[7] == visible("$(id); `id` 'x' \"y\"\n&& id")


def test_a_base_is_named_with_what_came_from_it() -> None:
    taken = TreatmentRecord("rebase", {"epochs": 6}, {"parameters_from_base": 22_713_216.0}, 61.0)
    report = make_report(base=BASE, treatments=(taken,))
    body = render_card(report, repo_name=REPO)
    assert f"| base, as the user named it | `org/base` at commit `{'c' * 40}` |" in body
    assert f"| sha256 over all files of the base | `{'cd' * 32}` |" in body
    assert "counterpart in the base | 22,713,216 of 22,713,986; cosine of the layers 0.9987 |" in body
    assert "| without one, so kept from the source | `classifier.weight, classifier.bias` |" in body
    assert "parameters_from_base = 22713216" in body
    assert "Whatever the base hides" in body
    assert "Whatever the base hides" not in render_card(make_report(base=BASE), repo_name=REPO)
    assert "--base" in body
    again = shlex.split(command(report, "out"))
    assert again[again.index("--base") + 1] == f"hf://org/base@{'c' * 40}"
    local = make_report(base=replace(BASE, name="base", commit=None, revision=None))
    assert "./base" in shlex.split(command(local, "out"))


def test_a_base_that_the_source_names_is_told_apart_from_one_that_was_used() -> None:
    report = make_report(source=replace(SOURCE, base_models=("org/base",)))
    body = render_card(report, repo_name=REPO)
    assert "| base, says the source's own card (not used) | `org/base` |" in body
    assert "as the user named it" not in body
    assert "--base" not in command(report, "out")


def test_the_budget_is_said_by_its_own_rule() -> None:
    plain = " ".join(texts(render_card(make_report(), repo_name=REPO)).split())
    assert "no less than 0.871 there (a drop of at most 2 points), any number of heads, and" in plain
    floor = replace(RECIPE.budget, max_accuracy_drop=None, min_accuracy=0.85, max_heads=9, per_layer=2)
    report = make_report(recipe=replace(RECIPE, budget=floor), plan=replace(PLAN, threshold=0.85))
    told = " ".join(texts(render_card(report, repo_name=REPO)).split())
    assert "no less than 0.85 there (an absolute floor), at most 9 heads, at most 2 of each layer, and" in told
    assert "undone" not in plain + told


def test_a_preparation_is_told_with_its_undoing() -> None:
    record = TreatmentRecord("finetune", {"epochs": 3}, {"loss": 0.2}, 61.0)
    report = make_report(recipe=replace(RECIPE, prepare=("finetune",)), prepare=(record,))
    body = render_card(report, repo_name=REPO)
    assert "Heads were scored and chosen after a preparation (`finetune`) that was then undone" in body
    assert "0.891 with every head (prepared)" in body
    assert "\n| `finetune`, undone after choosing | `epochs = 3` | `loss = 0.2` | 61 |\n" in body


def test_failed_gate_is_said_first() -> None:
    failed = make_report(gates=(Gate("accuracy", False, "0.8 is below 0.871"),))
    for report, said in ((make_report(), False), (failed, True), (make_report(gates=()), True)):
        body = render_card(report, repo_name=REPO)
        assert ("Not fit for publication" in body.partition("## What was done")[0]) is said
    assert "| `accuracy` | **no** | `0.8 is below 0.871` |" in render_card(failed, repo_name=REPO)


def test_what_was_observed_is_told_in_as_many_digits_as_one_reads() -> None:
    seen = {"heads": 42.0, "loss": 0.28072240198251572, "rate": 2e-05, "best": "x"}
    body = render_card(make_report(treatments=(TreatmentRecord("tune", {}, seen, 1.0),)), repo_name=REPO)
    assert "`heads = 42, loss = 0.2807, rate = 2e-05, best = x`" in body


def test_limits_are_always_there() -> None:
    limits = render_card(make_report(), repo_name=REPO).partition("## Limits")[2].partition("## ")[0]
    for words in (
        "not measured, and cannot be without its trigger",
        "feed-forward",
        "embeddings",
        "data named above only",
    ):
        assert words in limits


def test_nothing_is_promised() -> None:
    variants = [
        make_report(),
        make_report(needs_loader=False, heads=(), treatments=(), gates=(), warnings=(), before=(), after=()),
        make_report(vetting=replace(VETTING, findings=()), data=replace(DATA, labels="suspect", origin="file")),
        make_report(source=replace(SOURCE, task="causal", commit=None), data=replace(DATA, labels="none")),
    ]
    for report in variants:
        for name in (REPO, None):
            assert PROMISE.findall(render_card(report, repo_name=name)) == []


def test_the_promise_check_can_fail() -> None:
    assert PROMISE.search("this model is Safe") and PROMISE.search("unsafely")
    assert not PROMISE.search("model.safetensors")


def test_long_tables_end_and_say_so() -> None:
    many = tuple(Finding("rule", "low", f"file-{index}", "message") for index in range(MOST_ROWS + 7))
    body = render_card(make_report(vetting=replace(VETTING, findings=many)), repo_name=REPO)
    assert Counter(re.findall(r"file-\d+", body)).total() == MOST_ROWS
    assert "| 7 more in the report |" in body


def test_a_report_read_back_gives_the_same_card() -> None:
    for report in (make_report(), poisoned(PAYLOADS[5])):
        again = from_json(to_json(report), "report")
        assert isinstance(again, RunReport)
        assert render_card(again, repo_name=REPO) == render_card(report, repo_name=REPO)


def test_tables_are_tables() -> None:
    _, body = split_card(render_card(make_report(), repo_name=REPO))
    rows = [line for line in body.splitlines() if line.startswith("|")]
    tables = [token for token in tokens_of(body) if token.type == "table_open"]
    cells = [token for token in tokens_of(body) if token.type == "tr_open"]
    assert len(tables) == 8
    assert len(cells) == len(rows) - len(tables)  # every row but the rulers


def test_the_card_shows_the_figure_that_lies_beside_it_and_says_it_in_words() -> None:
    _, body = split_card(render_card(make_report(), repo_name=REPO))
    (image,) = [token for token in tokens_of(body) if token.type == "image"]
    assert image.attrs["src"] == FIGURE
    assert "12 attention heads in 3 layers, of which 2 were removed and 1 zeroed" in image.content


def test_its_own_part_is_all_that_it_writes_below_the_front_matter() -> None:
    lines = split_card(render_card(make_report(), repo_name=REPO))[1].strip().splitlines()
    assert (lines[0], lines[-1]) == (BEGIN, END)
    assert Counter(lines)[BEGIN] == Counter(lines)[END] == 1


def test_the_library_of_the_hub_reads_the_card_whole(tmp_path: Path) -> None:
    """`ModelCard.load` refuses front matter that it does not understand, and model-index entries that lack a field."""
    path = tmp_path / "README.md"
    path.write_text(render_card(make_report(), repo_name=REPO), encoding="utf-8")
    card = ModelCard.load(path)
    assert card.data.base_model == "org/reviews"
    assert [(one.metric_type, one.metric_value) for one in card.data.eval_results] == [
        ("accuracy", 0.885),
        ("loss", 0.33),
    ]
    again = ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict()
    assert again.text == card.text


def test_what_a_reader_pastes_fetches_the_recipe_runs_it_and_checks_the_result() -> None:
    fetch, run, _, note, check = again_by(make_report(), "mine", REPO).splitlines()
    assert shlex.split(fetch) == ["hf", "download", REPO, "--include", "sanitizer/*", "--local-dir", "./mine"]
    assert run == command(make_report(), "mine")
    assert note.startswith("#")
    assert shlex.split(check) == ["sanitize", "verify", REPO, "--data", "org/clean-reviews"]
    local = again_by(make_report(data=replace(DATA, origin="embedded")), "mine", None).splitlines()
    assert (local[0].split()[0], local[-1]) == ("sanitize", "sanitize verify ./mine")


def test_treatments_are_cited_too_and_a_strategy_that_chose_nothing_is_not() -> None:
    taken = (TreatmentRecord("headtune", {}, {}, 1.0), TreatmentRecord("of another version", {}, {}, 1.0))
    told = citations(make_report(treatments=taken))
    assert told == [
        f"gradient: {RECIPE.strategy.citation}",
        "headtune: Jin et al., AAAI 2026, arXiv 2511.13789",
    ]
    budget = replace(RECIPE.budget, max_heads=0)
    assert citations(make_report(treatments=taken, recipe=replace(RECIPE, budget=budget))) == told[1:]


def test_a_wheel_carries_the_template_to_where_the_card_looks() -> None:
    root = Path(__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert carried[f"cards/{TEMPLATE}"] == f"sanitizer/templates/{TEMPLATE}"
    assert (root / "cards" / TEMPLATE).is_file()


def test_a_local_source_hands_on_the_base_model_its_own_card_names() -> None:
    local = replace(SOURCE, commit=None, revision=None, name="model", base_models=("org/base",))
    front = metadata(make_report(source=local), repo_name=REPO)
    assert (front["base_model"], front["base_model_relation"]) == ("org/base", "finetune")
    hostile = metadata(make_report(source=replace(local, base_models=("](http://x)",))), repo_name=REPO)
    assert "base_model" not in hostile


def test_the_card_names_the_folder_it_lies_in() -> None:
    body = render_card(make_report(), repo_name=None, folder="mine")
    assert "from_pretrained('./mine')" in body
    assert "--recipe ./mine/sanitizer/recipe.yaml" in body


@pytest.mark.parametrize("labels", ["given", "none"])
def test_the_held_out_texts_can_be_had_again(labels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card's own code, run as it stands, gives the texts that a run with that seed measures on."""
    texts = [f"text {number}" for number in range(40)]
    rows = "".join(f"{text}\t{number % 2}\n" for number, text in enumerate(texts))
    (tmp_path / "clean.tsv").write_text("body\tmark\n" + rows)
    monkeypatch.chdir(tmp_path)
    data = replace(
        DATA, name="clean.tsv", origin="file", commit=None, text_column="body", label_column="mark", labels=labels
    )
    report = make_report(data=data, recipe=replace(RECIPE, seed=5))
    code = held_out(report)
    assert code in render_card(report, repo_name=None)
    found: dict[str, Any] = {}
    exec(code, found)
    marks = [number % 2 for number in range(40)] if labels == "given" else None
    assert found["held_out"] == split(Provenance("clean.tsv", ""), texts, marks, seed=5).test


def test_the_embedded_texts_can_be_had_again() -> None:
    found: dict[str, Any] = {}
    exec(held_out(make_report(data=replace(DATA, origin="embedded"))), found)
    assert set(found["held_out"].texts) < set(calibration_texts())
