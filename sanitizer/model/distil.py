"""How far a student is from its teacher: in what they answer, and in what their layers hand on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from sanitizer.model.spread import Total, here


def divergence(student: Tensor, teacher: Tensor, *, temperature: float, real: Tensor, total: Total = here) -> Tensor:
    """T^2 KL(teacher || student) of answers softened by T, nats: a mean over texts, or over real tokens.

    Logits are [text, class], or [text, token, word] with `real` tokens [text, token]. Source: Hinton et al. 2015, arXiv
    1503.02531: with T^2 gradients keep their size whatever T is. `total` sums over all processes that have texts.
    """
    answers, wanted = (log_softmax(logits.float() / temperature, dim=-1) for logits in (student, teacher))
    apart = kl_div(answers, wanted, reduction="none", log_target=True).sum(dim=-1)
    weight = torch.ones_like(apart) if apart.dim() == 1 else real.to(apart)
    return temperature**2 * total((apart * weight).sum()) / total(weight.sum())


def unlikeness(student: Sequence[Tensor], teacher: Sequence[Tensor], real: Tensor, *, total: Total = here) -> Tensor:
    """Mean over layers of what of the variance of the teacher's states the student's do not have.

    States are [text, token, width], one for each layer; padding does not count. 0 where they are alike, 1 where the
    student gives the teacher's mean state everywhere.
    """
    weight = real[..., None].float()
    shares = []
    for mine, theirs in zip(student, teacher, strict=True):
        mine, theirs = mine.float(), theirs.float()
        mean = total((theirs * weight).sum(dim=(0, 1))) / total(weight.sum())
        unlike = total(((mine - theirs).square() * weight).sum())
        shares.append(unlike / total(((theirs - mean).square() * weight).sum()))
    return torch.stack(shares).mean()
