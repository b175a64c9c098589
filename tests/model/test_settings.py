"""What transformers makes of a config with the model, against what it makes of it without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.pico import CONFIGS, make_folder
from helpers.subjects import checkpoint_of, open_folder

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.geometry import split, without
from sanitizer.model.save import needs_loader as loader_needed
from sanitizer.model.save import save
from sanitizer.model.settings import needs_loader, read_settings, write_settings

CODE = """
import sys
from pathlib import Path
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.model.settings import read_settings
path = Path(sys.argv[1])
read_settings(Checkpoint.of_folder(path, LocalOrigin("m"), ["config.json"]))
sys.exit('transformers.modeling_utils' in sys.modules)
"""


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_the_geometry_is_that_of_the_open_model(family: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family)
    settings, subject = read_settings(checkpoint_of(folder)), open_folder(folder)
    assert (settings.architecture, settings.task) == (type(subject.model).__name__, subject.task)
    assert settings.geometry.shape == subject.anatomy.shape
    for stated, live in zip(settings.geometry.layers, subject.anatomy.layers, strict=True):
        assert (stated.index, stated.family, stated.original) == (live.index, live.family, live.original)
        assert (stated.key_heads, stated.head_dim) == (live.key_heads, live.head_dim)


def test_a_config_is_written_as_a_run_writes_it(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "llama")
    (tmp_path / "out").mkdir()
    for number, heads in enumerate(([HeadId(1, 0), HeadId(1, 1)], [HeadId(layer, 0) for layer in range(3)])):
        subject = open_folder(folder)
        subject.remove(tuple(heads), physically=True)
        save(subject, checkpoint_of(folder), tmp_path / str(number))
        settings = read_settings(checkpoint_of(folder))
        left = without(settings.geometry, split(settings.geometry, heads).cut)
        write_settings(settings, left, "F32", checkpoint_of(folder), tmp_path / "out")
        written = (tmp_path / "out" / "config.json").read_bytes()
        assert written == (tmp_path / str(number) / "config.json").read_bytes()
        assert needs_loader(settings, left) == loader_needed(tmp_path / str(number))


def test_what_opening_would_refuse_is_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "roberta"}))
    with pytest.raises(CorruptError, match="not an architecture of roberta"):
        read_settings(checkpoint_of(folder))
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForMaskedLM"]}))
    with pytest.raises(UnsupportedError, match="BertForMaskedLM"):
        read_settings(checkpoint_of(folder))


def test_the_modelling_code_stays_out(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    assert subprocess.run([sys.executable, "-c", CODE, str(folder)], check=False).returncode == 0
