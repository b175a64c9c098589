"""Weights that are not in the model: accelerate keeps them in the main memory or on disk and brings them when needed.

Between two forward passes of such a module its parameters are on the meta device, without numbers. What they are then
is in its hook's map: tensors of the main memory, or places in files (those that were vetted, until one is changed).
"""

from __future__ import annotations

from typing import Any

from accelerate.utils import offload_weight
from torch import Tensor, nn

from sanitizer.model.anatomy import Anatomy


def offloaded(model: nn.Module) -> bool:
    """Whether some weights of a model, or of a part of it, are elsewhere."""
    return any(parameter.is_meta for parameter in model.parameters())


def heads_offloaded(anatomy: Anatomy) -> bool:
    """Whether weights that belong to heads are elsewhere."""
    return any(offloaded(part) for layer in anatomy.layers for part in (*layer.projections(), layer.output))


def numbers(module: nn.Module, name: str) -> Tensor:
    """A parameter of this very module with its numbers, wherever they are: of one that is elsewhere perhaps a copy."""
    parameter = module.get_parameter(name).detach()
    return _map(module)[name].to(parameter.dtype) if parameter.is_meta and _has(module) else parameter


def put(module: nn.Module, name: str, value: Tensor) -> None:
    """Take this for the parameter, in the place where it was; on disk, in a file of its own."""
    old = module.get_parameter(name)
    if not (old.is_meta and _has(module)):
        module.register_parameter(name, nn.Parameter(value, requires_grad=old.requires_grad))
        return
    module.register_parameter(name, nn.Parameter(value.to("meta"), requires_grad=old.requires_grad))
    words = _map(module)
    loader, key = words.dataset, f"{words.prefix}{name}"
    if key in loader.state_dict:
        loader.state_dict[key] = value.to(loader.state_dict[key].device)
    else:
        offload_weight(value, key, loader.save_folder, loader.index)


def _has(module: nn.Module) -> bool:
    """A model that is only built, as while a compact checkpoint is opened, is on the meta device without any hook."""
    return "_hf_hook" in vars(module)


def _map(module: nn.Module) -> Any:
    return vars(module)["_hf_hook"].weights_map
