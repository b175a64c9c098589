"""Names that training writes, and names that only look so."""

from __future__ import annotations

import pytest

from sanitizer.vet.legacy.training import of_training


@pytest.mark.parametrize(
    "name",
    [
        "transformers.training_args.TrainingArguments",
        "transformers.trainer_utils.SchedulerType",
        "accelerate.utils.dataclasses.DistributedType",
        "trl.trainer.sft_config.SFTConfig",
        "deepspeed.runtime.zero.config.ZeroStageEnum",
        "torch._utils._rebuild_tensor_v2",
        "numpy._core.multiarray._reconstruct",
        "builtins.set",
    ],
)
def test_known(name: str) -> None:
    assert of_training(name)


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.getattr",
        "transformers.training_args.os.system",
        "transformers.training_args.logger",
        "transformers.dynamic_module_utils.get_class_from_dynamic_module",
        "transformers.models.auto.auto_factory.X",
        "evil.transformers.training_args.TrainingArguments",
        "torch.load",
        "__main__.Arguments",
        "transformers.training_args.Ｔraining",
    ],
)
def test_others(name: str) -> None:
    assert not of_training(name)
