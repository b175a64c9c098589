"""Which names the pickles of a training run may say: those that Trainer, Accelerate and DeepSpeed write.

They are settings and states of optimizers and random generators. Nobody needs them to load a model, so they are
never carried; the list only tells what training left from what somebody put there.
"""

from __future__ import annotations

import re

from sanitizer.vet.legacy.names import KNOWN

_VALUES = frozenset(
    {
        *(name.replace(" ", ".") for name in KNOWN),
        *(
            f"{of}.{kind}"
            for of in ("builtins", "__builtin__")
            for kind in ("set", "frozenset", "complex", "bytearray")
        ),
        *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
        *("numpy.dtype", "numpy.ndarray", "_codecs.encode", "torch.device", "torch.torch_version.TorchVersion"),
        *("collections.defaultdict", "collections.Counter", "argparse.Namespace", "datetime.timedelta"),
        *("pathlib.PosixPath", "pathlib._local.PosixPath", "pathlib.WindowsPath", "pathlib._local.WindowsPath"),
    }
)
_SETTINGS = re.compile(
    r"(?:transformers|accelerate|trl|peft|deepspeed|sentence_transformers|setfit|optimum|axolotl|alignment|llamafactory"
    r"|llmtuner|swift)(?:\.\w+)*"
    r"\.(?:\w*training_args\w*|\w*configs?(?:_utils)?|\w*_config|\w*_args|trainer_utils|trainer_pt_utils|trainer_builder"
    r"|state|dataclasses|deepspeed|integrations|loss_scaler|tensor_fragment)\.[A-Z]\w*"
)
"""Classes (a capital letter, no dot within) of modules that hold settings."""


def of_training(name: str) -> bool:
    """Whether a name (`module.name`) is one that training writes."""
    return name in _VALUES or (name.isascii() and _SETTINGS.fullmatch(name) is not None)
