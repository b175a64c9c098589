"""A second model like the first: what it was, while the first is changed."""

from __future__ import annotations

import copy

from sanitizer.model.observe import connect
from sanitizer.model.subject import Subject


def twin(subject: Subject) -> Subject:
    """A copy in eval mode, on the same device, that shares no weight with the subject and gets no gradient.

    As large as the subject.
    """
    model = copy.deepcopy(subject.model).eval().requires_grad_(False)
    anatomy = subject.anatomy.of_copy(model)
    connect(anatomy)
    return Subject(model, subject.tokenizer, anatomy, subject.task, subject.zeroed, subject.surplus)
