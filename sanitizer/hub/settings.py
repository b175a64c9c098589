"""What the Hub client is told by its environment, for `sanitize doctor`. A token is only ever present or absent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, get_token


@dataclass(frozen=True)
class HubSettings:
    """Which Hub, which cache, whether it may be asked at all, and whether there is a token for it."""

    endpoint: str
    cache: Path
    offline: bool
    xet: bool
    token: bool


def settings() -> HubSettings:
    """Read them as the client does, at its import. Nothing is sent."""
    return HubSettings(
        endpoint=constants.ENDPOINT,
        cache=Path(constants.HF_HUB_CACHE),
        offline=constants.HF_HUB_OFFLINE,
        xet=not constants.HF_HUB_DISABLE_XET,
        token=get_token() is not None,
    )
