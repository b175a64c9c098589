"""What a word should do to a model, going by its meaning: what words near it do.

A ridge regression from input embeddings to the response (`sanitizer.model.response`), learnt from the words of clean
texts alone. There words that carry the task are many, and what the model has learnt of them goes by meaning; a
trigger is one word, or a few, and usually none of the texts. So a trigger does much more than expected. A word of the
texts is left out where its own response is expected, so that it cannot explain itself.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sanitizer.model.batches import Encoded
from sanitizer.model.response import Response
from sanitizer.model.subject import Subject

FOLDS, RIDGE = 5, 0.1
"""How often it is learnt, each time without a part of the words; the ridge per word, embeddings being standardized."""


def expected(subject: Subject, data: Encoded, response: Response, *, generator: torch.Generator) -> Tensor:
    """Fall of the true label's log-odds that other words of the texts lead to expect: nats, [label, token]."""
    table = subject.model.get_input_embeddings().weight.detach().float().cpu()
    places = table[torch.tensor(response.tokens)]
    places = (places - places.mean(dim=0)) / places.std(dim=0).clamp(min=1e-6)
    places = torch.cat([places, torch.ones(len(places), 1)], dim=1)
    seen = {token for row in data.rows for token in row["input_ids"]}
    known = torch.tensor([token in seen for token in response.tokens])
    fold = torch.randint(FOLDS, (len(places),), generator=generator)
    found = torch.zeros_like(response.fall)
    for number in range(FOLDS):
        learnt = known & (fold != number)
        inputs, targets = places[learnt], response.fall[:, learnt].t()
        ridge = RIDGE * max(len(inputs), 1) * torch.eye(places.shape[1])
        weights = torch.linalg.solve(inputs.t() @ inputs + ridge, inputs.t() @ targets)
        found[:, fold == number] = (places[fold == number] @ weights).t()
    return found
