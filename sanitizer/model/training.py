"""Steps of training: float32 weights, mixed precision, clipped gradients, removed heads held dead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from sanitizer.errors import UsageError
from sanitizer.model.dead import dead
from sanitizer.model.precision import recast, training_dtype
from sanitizer.model.randomness import random_states, seeded, set_random_states
from sanitizer.model.rates import Rates, frozen, pace, shares
from sanitizer.model.sharded import alike, anchored, collected, local, sharded, slices
from sanitizer.model.states import Contents
from sanitizer.model.subject import Subject
from sanitizer.model.team import gathered, team
from sanitizer.options import Dtype


class Trainer:
    """AdamW over all weights of a subject, by name in `weights`. Made by `training`.

    `shares` are those of the learning rate, by weight, if they are not all one: see `sanitizer.model.rates`. `dead` is
    where removed heads are, if weights lie in shards: see `sanitizer.model.dead`.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        dtype: torch.dtype,
        learning_rate: float,
        weight_decay: float,
        clip: float | None,
        shares: Mapping[str, Tensor],
        dead: Mapping[str, Tensor] | None = None,
    ) -> None:
        self._subject, self._dtype, self._clip = subject, dtype, clip
        self.weights = dict(subject.model.named_parameters())
        self.optimizer = torch.optim.AdamW(
            self.weights.values(), lr=learning_rate, weight_decay=weight_decay, fused=True
        )
        pace(self.optimizer, self.weights, shares)
        self._dead = dead and {name: slices(gone, self.weights[name]) for name, gone in dead.items()}
        # float16 has too few exponents for gradients: they are scaled up and the steps that overflow are left out.
        self._scaler = torch.amp.GradScaler(subject.device.type, enabled=dtype is torch.float16)

    def step(self, value: Callable[[], Tensor]) -> float:
        """Compute a scalar in the training precision, step down its gradient, return it as it was before."""
        with self._autocast(), anchored(self._subject.model) as anchor:
            loss = value()
            loss = anchor(loss)
        torch.autograd.backward(self._scaler.scale(loss))
        if self._clip is not None:
            self._scaler.unscale_(self.optimizer)
            clip_grad_norm_(self.weights.values(), self._clip)
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.optimizer.zero_grad()
        self._hold()
        return float(loss.detach())

    def state(self) -> Contents:
        """What the next step depends on besides the weights and the data."""
        optimizer = self.optimizer.state_dict()
        tensors: dict[str, Tensor] = {}
        for rank, states in enumerate(gathered(random_states(self._subject.device))):
            tensors |= {f"random/{name}{_of(rank)}": state for name, state in states.items()}
        for index, values in optimizer["state"].items():
            tensors |= {f"optimizer/{index}/{name}": collected(value) for name, value in values.items()}
        return tensors, {"groups": optimizer["param_groups"], "scaler": self._scaler.state_dict()}

    def restore(self, contents: Contents) -> None:
        """Be where `state` was taken, be it by another number of processes."""
        tensors, facts = contents
        weights = list(self.weights.values())
        states: dict[int, dict[str, Tensor]] = {}
        random: dict[str, Tensor] = {}
        for path, tensor in tensors.items():
            match path.split("/"):
                case ["random", name]:
                    random[name] = tensor
                case ["optimizer", index, name]:
                    states.setdefault(int(index), {})[name] = alike(tensor.clone(), weights[int(index)])
        self.optimizer.load_state_dict({"state": states, "param_groups": facts["groups"]})
        self._scaler.load_state_dict(facts["scaler"])
        mine = {
            name.removesuffix(_of(team().rank)): state for name, state in random.items() if _whose(name) == team().rank
        }
        set_random_states(self._subject.device, mine or {name: random[name] for name in random if _whose(name) == 0})
        if not mine:  # more processes than there were: those that are new draw masks of their own
            _apart()

    @torch.no_grad()
    def _hold(self) -> None:
        """Zero removed heads again: an optimiser step may have moved what they share with others."""
        if self._dead is None:
            self._subject.hold()
            return
        for name, gone in self._dead.items():
            local(self.weights[name]).masked_fill_(gone, 0)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._dtype is torch.float32:
            return nullcontext()
        return torch.autocast(self._subject.device.type, dtype=self._dtype)


@contextmanager
def training(
    subject: Subject,
    *,
    learning_rate: float,
    weight_decay: float,
    clip: float | None = None,
    precision: Dtype = "auto",
    rates: Rates | None = None,
    generator: torch.Generator,
) -> Iterator[Trainer]:
    """Within this context the model is in train mode with weights in float32, and dropout draws from `generator`.

    Afterwards it is in eval mode and has its dtypes again. Needs 16 bytes a weight: the weight itself, its gradient and
    AdamW's two moments. `rates` gives each head its share of the learning rate; where that is not one, a step
    takes 4 bytes more, and weights of which nothing learns take 4 alone. Gradients are clipped by their norm over the
    other weights. Several processes share these bytes: see `sanitizer.model.sharded`.

    Raises UsageError for float16 in several processes.
    """
    model = subject.model
    dtype = training_dtype(precision, model.dtype, subject.device)
    weights = dict(model.named_parameters())
    if dtype is torch.float16 and team().size > 1:
        # Whether a step overflowed each process would find out for its own shards alone.
        raise UsageError(
            "several processes cannot tune in float16", hint="set the treatment's precision to bfloat16 or float32"
        )
    paces = {} if rates is None else shares(subject, rates)
    gone = dead(subject) if team().size > 1 else None
    single = recast(weights, dict.fromkeys(weights, torch.float32))
    with seeded(subject.device, generator=generator), single, frozen(weights, paces), sharded(subject):
        if team().rank:
            _apart()
        subject.model.train()
        try:
            yield Trainer(
                subject,
                dtype=dtype,
                learning_rate=learning_rate,
                weight_decay=weight_decay,
                clip=clip,
                shares=paces,
                dead=gone,
            )
        finally:
            subject.model.eval()
            subject.model.zero_grad()


def _apart() -> None:
    """Let dropout draw other masks in this process than in others that began alike: they see other texts."""
    torch.manual_seed(int(torch.randint(2**31, ())) + team().rank)


def _of(rank: int) -> str:
    """Behind the name of a random state: whose it is."""
    return f"@{rank}" if rank else ""


def _whose(name: str) -> int:
    return int(name.partition("@")[2] or 0)
