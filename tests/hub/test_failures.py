"""Each thing the client may raise has its own line, its own hint and exit code 3."""

from __future__ import annotations

import errno
import logging
import warnings
from types import SimpleNamespace

import httpx2
import huggingface_hub.errors as client
import pytest

from sanitizer.errors import CorruptError, HubError, ResourceError, SanitizerError, UsageError
from sanitizer.hub import failures
from sanitizer.hub.failures import explain, hub_failures, patiently, unreachable


def response(status: int, url: str = "https://hub.example/api/models/org/name", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, headers=headers, request=httpx2.Request("GET", url))


def http(kind: type[client.HfHubHTTPError], status: int, **more: str) -> client.HfHubHTTPError:
    return kind("Server\nsays \x1b[31msomething", response=response(status, **more))


def caused(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


CASES: list[tuple[BaseException, type[SanitizerError], str]] = [
    (http(client.GatedRepoError, 403), HubError, "is gated"),
    (http(client.DisabledRepoError, 403), HubError, "was disabled"),
    (http(client.RepositoryNotFoundError, 404), HubError, "has no org/name, or it is private"),
    (http(client.RevisionNotFoundError, 404), HubError, "no revision v9"),
    (http(client.RemoteEntryNotFoundError, 404), HubError, "cannot be had"),
    (http(client.HfHubHTTPError, 401), HubError, "wants a token"),
    (http(client.HfHubHTTPError, 403), HubError, "may not do this"),
    (http(client.BadRequestError, 400), HubError, "HTTP 400"),
    (http(client.HfHubHTTPError, 412), HubError, "changed by someone else"),
    (http(client.HfHubHTTPError, 413), HubError, "too large"),
    (http(client.HfHubHTTPError, 429), HubError, "limits the rate"),
    (http(client.HfHubHTTPError, 502), HubError, "HTTP 502"),
    (http(client.HfHubHTTPError, 404, url="https://hub.example/api/models/a/b/xet-write-token/main"), HubError, "Xet"),
    (client.OfflineModeIsEnabled("x"), HubError, "not in the local cache"),
    (client.LocalEntryNotFoundError("x"), HubError, "not complete in the local cache"),
    (client.IncompleteSnapshotError("x", "/path"), HubError, "not complete in the local cache"),
    (client.FileMetadataError("x"), HubError, "does not answer as a Hub"),
    (client.HFValidationError("x"), UsageError, "not the name"),
    (client.XetDownloadError("Xet failed"), HubError, "Xet"),
    (ConnectionError("404 for http://hub/api/models/a/b/xet-write-token/main"), HubError, "Xet"),
    (ConnectionResetError("x"), HubError, "cannot be reached"),
    (httpx2.ConnectError("x"), HubError, "cannot be reached"),
    (httpx2.ProxyError("x"), HubError, "cannot be reached"),
    (httpx2.ReadTimeout("x"), HubError, "in time"),
    (httpx2.RemoteProtocolError("x"), HubError, "broke off"),
    (OSError("Consistency check failed: file should be"), HubError, "cut short"),
    (OSError(errno.ENOSPC, "No space left on device"), ResourceError, "full"),
    (PermissionError(errno.EACCES, "denied"), ResourceError, "cannot be written"),
    (ValueError("no JSON"), HubError, "makes no sense"),
    (KeyError("sha"), HubError, "makes no sense"),
    (caused(client.LocalEntryNotFoundError("x"), http(client.HfHubHTTPError, 429)), HubError, "limits the rate"),
    (caused(RuntimeError("uploading"), http(client.HfHubHTTPError, 401)), HubError, "wants a token"),
    (CorruptError("mine", hint="h"), CorruptError, "mine"),
]


@pytest.mark.parametrize(("error", "kind", "says"), CASES, ids=[f"{type(e).__name__}-{s}" for e, _, s in CASES])
def test_one_clear_line(error: BaseException, kind: type[SanitizerError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught, hub_failures("org/name", "v9"):
        raise error
    assert type(caught.value) is kind
    assert caught.value.message.isprintable()
    assert caught.value.hint.isprintable() and caught.value.hint


def test_every_http_error_of_the_client_is_explained() -> None:
    kinds = [k for k in vars(client).values() if isinstance(k, type) and issubclass(k, client.HfHubHTTPError)]
    assert len(kinds) > 5
    for kind in kinds:
        assert isinstance(explain(http(kind, 404), "org/name"), HubError)


def test_a_fault_of_ours_is_not_blamed_on_the_hub() -> None:
    with pytest.raises(ZeroDivisionError), hub_failures("org/name"):
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), hub_failures("org/name"):
        raise KeyboardInterrupt


def test_unreachable_is_silence_and_not_an_answer() -> None:
    assert all(map(unreachable, (client.OfflineModeIsEnabled("x"), httpx2.ConnectError("x"), httpx2.ReadTimeout("x"))))
    assert not any(map(unreachable, (http(client.HfHubHTTPError, 503), httpx2.ProxyError("x"), ValueError("x"))))


def test_patience_waits_as_long_as_the_hub_says_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(failures, "time", SimpleNamespace(sleep=waits.append))
    asked = iter([429, 503, None])

    def ask() -> str:
        status = next(asked)
        if status is None:
            return "answer"
        raise client.HfHubHTTPError("x", response=response(status, **({"Retry-After": "7"} if status == 429 else {})))

    assert patiently(ask) == "answer"
    assert waits == [8.0, 2.0]
    waits.clear()

    def refuse() -> str:
        raise http(client.HfHubHTTPError, 429)

    with pytest.raises(client.HfHubHTTPError):
        patiently(refuse)
    assert waits == [1.0, 2.0, 4.0]


def test_patience_does_not_wait_for_what_will_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "time", SimpleNamespace(sleep=lambda seconds: pytest.fail("waited")))
    for status, headers in ((404, {}), (412, {}), (429, {"Retry-After": "3600"})):

        def refuse(status: int = status, headers: dict[str, str] = headers) -> str:
            raise client.HfHubHTTPError("x", response=response(status, **headers))

        with pytest.raises(client.HfHubHTTPError):
            patiently(refuse)


def test_the_client_is_quiet_inside_and_itself_again_outside() -> None:
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled

    logger = logging.getLogger("huggingface_hub")
    before = (logger.level, are_progress_bars_disabled(), list(warnings.filters))
    with hub_failures("org/name"):
        assert not logger.isEnabledFor(logging.WARNING)
        assert are_progress_bars_disabled()
    assert (logger.level, are_progress_bars_disabled(), list(warnings.filters)) == before
