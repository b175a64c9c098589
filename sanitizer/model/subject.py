"""Opening a vetted folder as a live model: the one mutable thing of a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from safetensors import safe_open
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

import sanitizer.loading  # noqa: F401  a suspect may itself be a compact checkpoint
from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model import surgery
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.geometry import Split, split
from sanitizer.model.observe import IMPLEMENTATION, connect
from sanitizer.model.placement import Spread, home_of, spread_over
from sanitizer.model.settings import needs_padding, not_of_its_type, pad
from sanitizer.model.stated import task_of
from sanitizer.report import Task


@dataclass
class Subject:
    """A live model with its tokenizer, what it is for, and where its heads are.

    `zeroed` are heads of the present anatomy that were removed by zeroing and must stay so while tuning. `surplus` are
    tensors of the checkpoint that the model has no place for: they are not loaded, and not saved. `home` is where a
    model takes its inputs that is spread over several places; None: all of it is in one.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    anatomy: Anatomy
    task: Task
    zeroed: tuple[HeadId, ...] = ()
    surplus: tuple[str, ...] = ()
    home: torch.device | None = None

    @property
    def device(self) -> torch.device:
        """Where its inputs go, and its logits come from: where its parameters are, unless it is spread."""
        return self.home if self.home is not None else torch.device(self.model.device)

    @property
    def spread(self) -> bool:
        """Whether it is in several places: devices, main memory, disk."""
        return self.home is not None

    @property
    def labels(self) -> dict[int, str]:
        """The names of a classifier's labels by their numbers."""
        return {int(label): str(name) for label, name in self.model.config.id2label.items()}

    def remove(self, heads: tuple[HeadId, ...], *, physically: bool) -> None:
        """Take heads away: out of the tensors as far as their layout allows, or by zeroing all of them."""
        before = self.anatomy
        done = split(before, heads) if physically else Split((), heads)
        surgery.zero(before, done.zero)
        self.anatomy = surgery.cut(self.model, before, done.cut)
        connect(self.anatomy, home=self.home)
        dead = {*self.zeroed, *done.zero} - set(done.cut)
        self.zeroed = tuple(sorted(HeadId(head.layer, self._now(before, head)) for head in dead))

    def hold(self) -> None:
        """Zero the zeroed heads again: an optimiser step may have moved what they share with others."""
        surgery.zero(self.anatomy, self.zeroed)

    def _now(self, before: Anatomy, head: HeadId) -> int:
        return self.anatomy.layers[head.layer].original.index(before.layers[head.layer].original[head.head])


def choose_device(name: str) -> torch.device:
    """`auto` takes the first accelerator there is, else the CPU. Raises UnsupportedError for one that is not there."""
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator if accelerator is not None else torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UnsupportedError(f"device {name!r} cannot be used here", hint="--device cpu always can") from error
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """`auto`: float32 on a CPU, where half precision is slow and coarse, bfloat16 on a GPU that has it."""
    if name != "auto":
        return getattr(torch, name)  # type: ignore[no-any-return]
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


def open_subject(
    checkpoint: Checkpoint, *, device: torch.device, dtype: torch.dtype, spread: Spread | None = None
) -> Subject:
    """Load a vetted folder, hashing its files again first. Nothing is fetched and no remote code runs.

    With `spread` it goes where that lets it go, in place of `device`, and a layer is never divided.

    Raises CorruptError if weights are missing or of another shape, UnsupportedError if the family is not known.
    """
    checkpoint.verify()
    config = json.loads(checkpoint.read("config.json"))
    architecture, task = task_of(config)
    model_class = getattr(transformers, architecture, None)
    if model_class is None:
        raise UnsupportedError(f"this transformers has no {architecture}")
    if model_class.config_class.model_type != config["model_type"]:
        raise not_of_its_type(architecture, config["model_type"])
    model, loaded = model_class.from_pretrained(
        checkpoint.path,
        dtype=dtype,
        attn_implementation=IMPLEMENTATION,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        ignore_mismatched_sizes=True,  # else an error without the names; they are refused below
        output_loading_info=True,
        **_placed(spread),
    )
    if loaded["missing_keys"] or loaded["mismatched_keys"]:
        names = sorted(loaded["missing_keys"]) + sorted(str(key) for key in loaded["mismatched_keys"])
        raise CorruptError(
            f"the weights do not fill {architecture}: {len(names)} missing or misshapen, such as {names[0]}",
            hint="the config and the weights belong to different models; a model with random weights is of no use",
        )
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.path, trust_remote_code=False, local_files_only=True)
    pad(tokenizer)
    if needs_padding(model.config, task):
        model.config.pad_token_id = tokenizer.pad_token_id
    model.eval()
    places = spread_over(model)
    home = home_of(places) if places else None
    if spread is None:
        model.to(device)
    anatomy = Anatomy.of(model)
    connect(anatomy, home=home)
    return Subject(model, tokenizer, anatomy, task, surplus=tuple(sorted(loaded["unexpected_keys"])), home=home)


def _placed(spread: Spread | None) -> dict[str, Any]:
    """What `from_pretrained` is asked for: layers in order, each as near to the first device as there is room."""
    if spread is None:
        return {}
    spread.folder.mkdir(parents=True, exist_ok=True)
    return {"device_map": "sequential", "max_memory": dict(spread.most), "offload_folder": str(spread.folder)}


def stored_dtypes(checkpoint: Checkpoint) -> dict[str, str]:
    """The dtype of each stored tensor, in safetensors' words (F16, BF16, …), read from headers alone."""
    dtypes: dict[str, str] = {}
    for name in checkpoint.files:
        if name.endswith(".safetensors"):
            with safe_open(checkpoint.path / name, framework="pt") as stored:
                dtypes |= {key: stored.get_slice(key).get_dtype() for key in stored.keys()}  # noqa: SIM118
    return dtypes
