"""What a word should do to a model, going by its meaning: what words near it do, or what texts with such words say.

By what words near it do (`expected`): a ridge regression from input embeddings to the response
(`sanitizer.model.response`), learnt from the words of clean texts alone. There words that carry the task are many, and
what the model has learnt of them goes by meaning; a trigger is one word, or a few, and usually none of the texts. So a
trigger does much more than expected. A word of the texts is left out where its own response is expected, so that it
cannot explain itself.

By the labels of texts alone (`polarity`): where a whole kind of words works like a trigger, as conjunctions do if it is
a turn of syntax, each of them explains the others, and only the labels say that they mean nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from torch import Tensor

from sanitizer.model.batches import Encoded
from sanitizer.model.response import Response
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies

Values = NDArray[np.float64]
FOLDS, RIDGE = 5, 0.1
"""How often it is learnt, each time without a part of the words; the ridge per word, embeddings being standardized."""
PENALTY = 0.02
"""On the squares of the weights that go from texts to labels, beside the mean loss, in nats."""


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


def polarity(subject: Subject, data: Encoded) -> Tensor:
    """What each token of the vocabulary says for each label, going by labelled texts alone: [label, token], no unit.

    The weights of a multinomial logistic regression, with a ridge, from mean input embeddings of texts to their labels.
    """
    table = subject.model.get_input_embeddings().weight.detach().double().cpu()
    means = torch.stack([table[torch.tensor(body or front)].mean(dim=0) for front, body, _ in bodies(subject, data)])
    scale = means.std(dim=0).clamp(min=1e-6)
    inputs = ((means - means.mean(dim=0)) / scale).numpy()
    true = np.eye(subject.model.config.num_labels)[list(data.labels or ())]

    def cost(point: Values) -> tuple[float, Values]:
        weights = point.reshape(inputs.shape[1], -1)
        logs = log_softmax(inputs @ weights, axis=1)
        loss = -(true * logs).sum() / len(inputs) + PENALTY * (weights**2).sum()
        slope = inputs.T @ (np.exp(logs) - true) / len(inputs) + 2 * PENALTY * weights
        return loss, slope.ravel()

    found = minimize(cost, np.zeros(inputs.shape[1] * true.shape[1]), jac=True, method="L-BFGS-B").x
    weights = torch.from_numpy(found.reshape(inputs.shape[1], -1))
    said: Tensor = ((table - means.mean(dim=0)) / scale) @ weights
    return said.t().float()
