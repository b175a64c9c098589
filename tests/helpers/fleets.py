"""Thirty small checkpoints in a list: 24 harmless ones, five hostile ones of five kinds, and one that is cut short."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from helpers.checkpoints import WEIGHTS, make
from helpers.hostile import CALLS_SYSTEM, Change, all_of, config, file, linked, settings, state

HOSTILE: Mapping[str, tuple[str, Change]] = {
    "pickle": ("pickle.global", state(a=CALLS_SYSTEM)),
    "code": ("config.auto-map", all_of(config(auto_map={"AutoModel": "evil.Model"}), file("evil.py", b"1 / 0"))),
    "link": ("files.link", linked),
    "pipe": ("files.special", lambda folder: os.mkfifo(folder / "pipe")),
    "passwd": ("config.other-file", settings(tokenizer_file="/etc/passwd")),
}
"""Name of the folder to the rule that it breaks, and how it is made."""
BROKEN = "broken"
GOOD = 24
ANSWERS = {"done": GOOD, "refused": len(HOSTILE), "inconclusive": 1, "gate failed": 0}


def make_fleet(folder: Path, good: int = GOOD) -> Path:
    """Write the folders, no two alike, and list.txt with the bad ones among the good; paths are absolute."""
    bad = [*HOSTILE, BROKEN]
    names = [f"good-{number:02}" for number in range(good)]
    for place, name in enumerate(bad):
        names.insert(4 * place + 1, name)
    for number, name in enumerate(names):
        # In a folder each: `linked` puts a file beside its own.
        path = make(folder / name / name, vocab_size=100 + number)
        if name in HOSTILE:
            HOSTILE[name][1](path)
        elif name == BROKEN:
            (path / "model.safetensors").write_bytes(WEIGHTS[:-1])
    listed = folder / "list.txt"
    listed.write_text("# thirty\n\n" + "".join(f"{folder / name / name}  # {name}\n" for name in names))
    return listed
