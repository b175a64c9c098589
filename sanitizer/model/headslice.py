"""The weights that belong to one head, as matrices: no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor


@dataclass(frozen=True)
class HeadSlice:
    """One head's rows of query, key and value and its columns of the output projection, float32 on the CPU.

    Under grouped-query attention key and value are those of its group. They may be the model's own memory: read only.
    Of weights that are on an accelerator, offloaded, or of another precision, they are copies in the main memory.
    """

    query: Annotated[Tensor, "[head_dim, hidden]"]
    key: Annotated[Tensor, "[head_dim, hidden]"]
    value: Annotated[Tensor, "[head_dim, hidden]"]
    output: Annotated[Tensor, "[hidden, head_dim]"]

    def parts(self) -> dict[str, Tensor]:
        """The four matrices by name."""
        return {"query": self.query, "key": self.key, "value": self.value, "output": self.output}
