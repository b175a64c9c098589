"""What a Hub's client may raise, as one clear line and a hint: the only place that knows those exceptions.

huggingface_hub chains the true reason behind what it raises (`LocalEntryNotFoundError` from a 429, `RuntimeError` from
a refused upload), so a wrapper with a cause is explained by its cause.
"""

from __future__ import annotations

import errno
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    XetDownloadError,
)
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from sanitizer.errors import HubError, ResourceError, SanitizerError, UsageError

T = TypeVar("T")
TRANSIENT = (408, 429, 500, 502, 503, 504)
TRIES = 4
LONGEST_WAIT = 60.0
"""Seconds: a Hub that asks for more is reported instead of waited for."""

READ_HINT = "pass --token or set HF_TOKEN to a token that may read it"


@contextmanager
def hub_failures(repo: str, revision: str | None = None) -> Iterator[None]:
    """Raise what the client raises inside as HubError (ResourceError for a full or closed disk), chained to it."""
    try:
        with _hushed():
            yield
    except SanitizerError:
        raise
    except (httpx2.HTTPError, OSError, EntryNotFoundError, RuntimeError, ValueError, XetDownloadError) as error:
        raise explain(error, repo, revision) from error
    except (KeyError, TypeError, AttributeError) as error:
        # The client reads an answer's fields without asking whether they are there.
        raise _strange(error) from error


def patiently(ask: Callable[[], T]) -> T:
    """`ask()`, again after a wait when the Hub is busy: the client itself retries only some of its calls."""
    for attempt in range(1, TRIES):
        try:
            return ask()
        except HfHubHTTPError as error:
            wait = _retry_after(error) or 2.0 ** (attempt - 1)
            if error.response.status_code not in TRANSIENT or wait > LONGEST_WAIT:
                raise
            time.sleep(wait)
    return ask()


def unreachable(error: BaseException) -> bool:
    """True where nothing was heard from the Hub at all, so that a local cache may answer in its place."""
    return isinstance(error, (OfflineModeIsEnabled, httpx2.TransportError, ConnectionError)) and not isinstance(
        error, httpx2.ProxyError
    )


def explain(error: BaseException, repo: str, revision: str | None = None) -> SanitizerError:
    """The clear line for one exception, most specific first."""
    where = constants.ENDPOINT
    named = repo if revision is None else f"{repo} at {revision}"
    match error:
        case SanitizerError():
            return error
        case GatedRepoError():
            return HubError(
                f"{repo} is gated: its owner decides who may read it",
                hint=f"ask for access at {where}/{repo}, then {READ_HINT}",
            )
        case DisabledRepoError():
            return HubError(f"{repo} was disabled by the Hub", hint="choose another model")
        case RepositoryNotFoundError():
            return HubError(
                f"{where} has no {repo}, or it is private",
                hint=f"check the spelling; if it is private, {READ_HINT}",
            )
        case RevisionNotFoundError():
            return HubError(
                f"{repo} has no revision {revision or 'main'}", hint="name a branch, a tag or a commit it has"
            )
        case RemoteEntryNotFoundError():
            return HubError(
                f"{named} lists a file that cannot be had", hint="run again; if it stays, its owner must repair it"
            )
        case HFValidationError():
            return UsageError(f"{repo!r} is not the name of a Hub repository", hint="write org/name")
        case HfHubHTTPError():
            return _by_status(error, repo)
        case OfflineModeIsEnabled():
            return HubError(
                f"{named} is not in the local cache, and HF_HUB_OFFLINE forbids to fetch it",
                hint="unset HF_HUB_OFFLINE, or run once with a network to fill the cache",
            )
        case FileMetadataError():
            return HubError(f"{where} does not answer as a Hub does", hint="check HF_ENDPOINT and any proxy")
        case httpx2.TimeoutException():
            return HubError(
                f"{where} did not answer in time", hint="check the connection and run again", transient=True
            )
        case httpx2.RemoteProtocolError() | httpx2.ReadError() | httpx2.WriteError():
            return HubError(
                f"the connection to {where} broke off", hint="check the connection and run again", transient=True
            )
        case ConnectionError() if "/xet-" in str(error):
            # hf_xet says "Network error" of any status its first request gets, and names the address.
            return no_xet()
        case httpx2.TransportError() | ConnectionError():
            return HubError(
                f"{where} cannot be reached",
                hint="check the connection, HF_ENDPOINT and any proxy; HF_HUB_OFFLINE=1 uses only what is cached",
                transient=True,
            )
    if error.__cause__ is not None:
        return explain(error.__cause__, repo, revision)
    return _by_words(error, repo)


def _by_status(error: HfHubHTTPError, repo: str) -> HubError:
    where, status = constants.ENDPOINT, error.response.status_code
    match status:
        case _ if "/xet-" in str(error.response.url):
            return no_xet()
        case 401:
            return HubError(
                f"{where} wants a token that it accepts",
                hint=f"make one at {where}/settings/tokens, then pass --token or set HF_TOKEN",
            )
        case 403:
            return HubError(f"the token may not do this to {repo}", hint="use a token with the right permission")
        case 412:
            return HubError(f"{repo} was changed by someone else meanwhile", hint="run the command again")
        case 413:
            return HubError(f"{where} finds the upload too large", hint="ask the Hub's operator for its limits")
        case 429:
            return HubError(
                f"{where} limits the rate of requests",
                hint="wait some minutes and run again; a token raises it",
                transient=True,
            )
        case _ if status >= 500:
            return HubError(
                f"{where} has a fault of its own (HTTP {status})",
                hint="wait some minutes and run again",
                transient=True,
            )
    return HubError(f"{where} refused what was asked of {repo} (HTTP {status})", hint="check the name and the token")


def _by_words(error: BaseException, repo: str) -> SanitizerError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceError(
            "the disk of the Hub cache is full", hint="free some space, or set HF_HOME to another disk"
        )
    if isinstance(error, LocalEntryNotFoundError):
        return HubError(f"{repo} is not complete in the local cache", hint="run once with a network to fill it")
    if isinstance(error, PermissionError):
        return ResourceError("the Hub cache cannot be written", hint="set HF_HOME to a folder of your own")
    if "xet" in f"{type(error).__module__} {error}".lower():
        return no_xet()
    if isinstance(error, OSError) and "onsistency check failed" in str(error):
        return _cut_short(repo)
    return _strange(error)


def no_xet() -> HubError:
    """The Hub has no Xet storage, which the client uses unless told otherwise."""
    return HubError(
        f"{constants.ENDPOINT} did not take the upload through Xet",
        hint="set HF_HUB_DISABLE_XET=1 and run again; self-hosted Hubs often have no Xet",
    )


def _cut_short(repo: str) -> HubError:
    return HubError(f"a file of {repo} arrived cut short", hint="check the connection and run again", transient=True)


def _strange(error: BaseException) -> HubError:
    return HubError(
        f"{constants.ENDPOINT} gave an answer that makes no sense ({type(error).__name__})",
        hint="check HF_ENDPOINT and any proxy",
    )


def _retry_after(error: HfHubHTTPError) -> float | None:
    value = error.response.headers.get("Retry-After", "")
    return float(value) + 1 if value.isdigit() else None


@contextmanager
def _hushed() -> Iterator[None]:
    """No bars, log lines or warnings of the client on the terminal: what matters is raised."""
    logger, bars = logging.getLogger("huggingface_hub"), not are_progress_bars_disabled()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # huggingface_hub 2.4 uploads large objects through a parameter that httpx2 has deprecated.
        warnings.filterwarnings("ignore", message="Use 'content=", category=DeprecationWarning)
        # HF_HUB_DISABLE_PROGRESS_BARS=0 is the user's wish to see them; the client warns that it takes precedence.
        warnings.filterwarnings("ignore", message="Cannot (dis|en)able progress bars", category=UserWarning)
        if bars:
            disable_progress_bars()
        try:
            yield
        finally:
            logger.setLevel(level)
            if bars:
                enable_progress_bars()
