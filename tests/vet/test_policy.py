"""Policies: what they waive, until when, and that nothing half-understood is obeyed."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import pytest
from helpers.checkpoints import make, vetted
from helpers.hostile import OLD_PICKLE

from sanitizer.errors import UsageError
from sanitizer.report import VetRecord
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import answer, refusal
from sanitizer.vet.policy import Policy, Waiver, apply, read_policy

DAY = datetime.date(2030, 5, 17)
DIGEST = hashlib.sha256(OLD_PICKLE).hexdigest()
GOOD = f"""fail_on: high
waivers:
  - rule: weights.pickle-unread
    sha256: {DIGEST}
    reason: nothing loads it
    expires: 2030-05-17
"""


def applied(folder: Path, *waivers: Waiver, day: datetime.date = DAY) -> VetRecord:
    checkpoint = open_local(folder)
    return apply(vet(checkpoint), Policy("0" * 64, None, waivers), checkpoint, today=day)


def waiver(rule: str = "weights.pickle-unread", sha256: str = DIGEST) -> Waiver:
    return Waiver(rule, sha256, "because", DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = make(tmp_path / "m")
    (folder / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    return folder


def test_a_policy_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    policy = read_policy(tmp_path / "p.yaml")
    assert policy == Policy(
        hashlib.sha256(GOOD.encode()).hexdigest(),
        "high",
        (Waiver("weights.pickle-unread", DIGEST, "nothing loads it", DAY),),
    )
    (tmp_path / "p.yaml").write_text("{}")
    assert read_policy(tmp_path / "p.yaml").waivers == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fail_on: high", "fail_on: never"),
        ("fail_on: high", "allow: all"),
        ("  - rule", "  - file: x\n    rule"),
        ("weights.pickle-unread", "weights.pickel"),
        (DIGEST, DIGEST[:-1]),
        (DIGEST, DIGEST.upper()),
        (DIGEST, '"*"'),
        ("nothing loads it", '" "'),
        ("    reason: nothing loads it\n", ""),
        ("2030-05-17", "never"),
        ("2030-05-17", "2030-13-17"),
        ("2030-05-17", "2030-05-17 10:00:00"),
        ("    expires: 2030-05-17\n", ""),
        (GOOD, "- 1"),
        (GOOD, "waivers: 3"),
        (GOOD, "a: ["),
        (GOOD, "!!python/object/apply:os.system [id]"),
        (GOOD, "#" * (2 << 20)),
    ],
)
def test_whatever_is_not_understood_is_an_error(old: str, new: str, tmp_path: Path) -> None:
    assert old in GOOD
    (tmp_path / "p.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(UsageError):
        read_policy(tmp_path / "p.yaml")
    with pytest.raises(UsageError):
        read_policy(tmp_path / "missing.yaml")


def test_a_waiver_is_for_one_rule_on_one_digest_until_its_day(folder: Path) -> None:
    assert answer(vetted(folder), "medium") == "refused"
    assert answer(applied(folder, waiver()), "medium") == "passed"
    for other in (waiver(rule="files.hook"), waiver(sha256="0" * 64)):
        assert answer(applied(folder, other), "medium") == "refused"
    late = applied(folder, waiver(), day=DAY + datetime.timedelta(days=1))
    assert answer(late, "medium") == "refused"
    assert late.policy is not None
    assert late.policy.unused == (f"weights.pickle-unread for {DIGEST[:12]}: expired on 2030-05-17",)


def test_what_was_waived_is_on_record(folder: Path) -> None:
    record = applied(folder, waiver())
    assert record.policy is not None
    (waived,) = record.policy.waived
    assert (waived.rule, waived.file, waived.reason) == ("weights.pickle-unread", "pytorch_model.bin", "because")
    assert record.findings == vetted(folder).findings
    assert record.standing == ()


def test_another_file_of_the_same_name_is_not_waived(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(OLD_PICKLE + b"x")
    assert answer(applied(folder, waiver()), "medium") == "refused"


def test_what_the_gate_refuses_no_policy_accepts(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", auto_map={"AutoModel": "evil.Model"})
    digest = hashlib.sha256((folder / "config.json").read_bytes()).hexdigest()
    record = applied(folder, waiver("config.auto-map", digest))
    assert refusal(record) is not None
    assert answer(record, "high") == "refused"
    assert record.policy is not None
    assert len(record.policy.unused) == 1
