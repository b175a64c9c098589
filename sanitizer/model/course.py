"""A tuning under way: how it went so far, its best weights, and all that another run needs to go on from here."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from sanitizer.model.early import History, Score
from sanitizer.model.sharded import alike, collected, local, of_shards
from sanitizer.model.states import Contents
from sanitizer.model.training import Trainer


class Course:
    """The history of a tuning, with what its next epoch depends on."""

    def __init__(self, trainer: Trainer, scheduler: LRScheduler, generator: torch.Generator) -> None:
        self.history = History()
        self._trainer, self._scheduler, self._generator = trainer, scheduler, generator
        self._best: dict[str, Tensor] = {}

    def finish_epoch(self, loss: float, score: Score | None) -> None:
        """Note how it went, and the weights if they are the best so far."""
        self.history = self.history.after(loss, score)
        if score is not None and self.history.best == self.history.epochs:
            self._best = {name: local(weight).to("cpu", copy=True) for name, weight in self._trainer.weights.items()}

    def take_best(self) -> None:
        """Put the weights of the best epoch back."""
        if self.history.best < self.history.epochs:
            for name, weight in self._trainer.weights.items():
                local(weight).copy_(self._best[name])

    def contents(self, *, done: bool) -> Contents:
        """What `restore` needs: all of it while there are epochs to come, else weights and generator alone.

        Every process must ask; the first has it, whole, and the others empty tensors.
        """
        weights = self._trainer.weights
        tensors = {f"weight/{name}": collected(weight.detach()) for name, weight in weights.items()}
        tensors["generator"] = self._generator.get_state()
        facts = {"history": self.history.to_json()}
        if not done:
            trained, facts["trainer"] = self._trainer.state()
            tensors |= {f"trainer/{name}": tensor for name, tensor in trained.items()}
            facts["scheduler"] = self._scheduler.state_dict()
            if self.history.best < self.history.epochs:
                tensors |= {f"best/{name}": self._collected_best(name) for name in self._best}
        return tensors, facts

    def restore(self, contents: Contents) -> None:
        """Be where `contents` was taken."""
        tensors, facts = contents

        def under(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

        weights = under("weight/")
        self.history = History.from_json(facts["history"])
        self._load_weights(weights)
        self._generator.set_state(tensors["generator"])
        if "trainer" in facts:
            self._trainer.restore((under("trainer/"), facts["trainer"]))
            self._scheduler.load_state_dict(facts["scheduler"])
        self._best = {
            name: local(alike(tensor, self._trainer.weights[name])).to("cpu", copy=True)
            for name, tensor in (under("best/") or weights).items()
        }

    def _load_weights(self, weights: dict[str, Tensor]) -> None:
        for name, weight in self._trainer.weights.items():
            local(weight).copy_(local(alike(weights[name], weight)))

    def _collected_best(self, name: str) -> Tensor:
        return collected(of_shards(self._best[name], self._trainer.weights[name]))
