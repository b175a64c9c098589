"""A second model like the first: what it was, while the first is changed."""

from __future__ import annotations

import copy

from sanitizer.model.anatomy import Anatomy
from sanitizer.model.observe import connect
from sanitizer.model.subject import Subject


def twin(subject: Subject) -> Subject:
    """A copy in eval mode, on the same device, that shares no weight with the subject and gets no gradient.

    As large as the subject.
    """
    model = copy.deepcopy(subject.model).eval().requires_grad_(False)
    gone = {
        layer.index: [head for head in range(subject.anatomy.shape.heads) if head not in layer.original]
        for layer in subject.anatomy.layers
    }
    anatomy = Anatomy.built(model, gone)
    connect(anatomy)
    return Subject(model, subject.tokenizer, anatomy, subject.task, subject.zeroed, subject.surplus)
