"""A Hub on loopback that the unmodified huggingface_hub client talks to: the standard library and nothing else.

`with LoopbackHub() as hub:` serves `hub.url`; `hub.repo("org/name", files)` puts a repository there. Every request is
kept in `hub.requests`. `hub.fail(...)` answers an error instead of serving, `hub.change(...)` serves and then spoils
the answer.
It encodes a reading of the client's source (huggingface_hub 2.4), not of huggingface.co.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from helpers import hub_routes, hub_writes
from helpers.hub_routes import Answer, Refusal, Request
from helpers.hub_store import Repo

assert hub_writes.commit  # importing the module registers its routes
TOKEN = "hf_loopbacktoken"


@dataclass
class Fault:
    """`times` requests that match are answered by `make` or, where that is None, served and passed through `spoil`."""

    method: str
    pattern: str
    times: int
    make: Callable[[Request], Answer] | None = None
    spoil: Callable[[Answer], Answer] | None = None

    def takes(self, request: Request) -> bool:
        return self.times > 0 and request.method == self.method and re.search(self.pattern, request.path) is not None


def truncated(keep: int) -> Callable[[Answer], Answer]:
    """Promise the whole body, send `keep` bytes of it, hang up."""
    return lambda answer: replace(answer, body=answer.body[:keep], promised=len(answer.body), hang_up=True)


def swapped(body: bytes) -> Callable[[Answer], Answer]:
    """Send another body under the same headers."""
    return lambda answer: replace(answer, body=body)


def lost(answer: Answer) -> Answer:
    """Do what was asked and hang up without a word."""
    return replace(answer, hang_up=True, silent=True)


@dataclass
class LoopbackHub:
    """The server; `url` is its endpoint. One user, `tester`, known by TOKEN."""

    page_size: int = 1000
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=lambda: {TOKEN: "tester"})
    renamed: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __enter__(self) -> LoopbackHub:
        self._lock = threading.RLock()
        self._sockets: set[socket.socket] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._sockets:  # a kept-alive connection would hold its thread for ever
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def repo(self, name: str, files: Mapping[str, bytes] | None = None, *, kind: str = "model", **how: Any) -> Repo:
        """A new repository with one commit."""
        made = Repo(kind, name, **how)
        made.commit({".gitattributes": b"*.safetensors filter=lfs\n", **(files or {})}, title="initial commit")
        self.repos[kind, name] = made
        return made

    def fail(
        self,
        method: str,
        pattern: str,
        status: int,
        *,
        times: int = 1,
        code: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        refusal = Refusal(status, code, f"planted {status}").answer()
        answer = replace(refusal, headers={**refusal.headers, **(headers or {})})
        self.faults.append(Fault(method, pattern, times, make=lambda _: answer))

    def change(self, method: str, pattern: str, spoil: Callable[[Answer], Answer], *, times: int = 1) -> None:
        self.faults.append(Fault(method, pattern, times, spoil=spoil))

    def count(self, method: str, pattern: str) -> int:
        return sum(r.method == method and re.search(pattern, r.path) is not None for r in self.requests)

    def answer(self, request: Request) -> Answer:
        """Serve one request. One at a time: two commits never race inside the server."""
        with self._lock:
            self.requests.append(request)
            fault = next((f for f in self.faults if f.takes(request)), None)
            if fault is not None:
                fault.times -= 1
                if fault.make is not None:
                    return fault.make(request)
            try:
                answer = hub_routes.serve(self, request)
            except Refusal as refusal:
                answer = refusal.answer()
            return answer if fault is None or fault.spoil is None else fault.spoil(answer)


def _handler(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

        def setup(self) -> None:
            super().setup()
            with hub._lock:
                hub._sockets.add(self.connection)

        def finish(self) -> None:
            with hub._lock:
                hub._sockets.discard(self.connection)
            super().finish()

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _serve(self) -> None:
            split = urlsplit(self.path)
            body = self._body()
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            request = Request(self.command, split.path, query, dict(self.headers.items()), body, hub.users.get(token))
            answer = hub.answer(request)
            self.close_connection = answer.hang_up
            if answer.silent:
                return
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            size = len(answer.body) if answer.promised is None else answer.promised
            self.send_header("Content-Length", str(size))
            self.end_headers()
            if self.command != "HEAD":
                try:
                    self.wfile.write(answer.body)
                except ConnectionError:  # the client has read as much as it wanted
                    self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    return Handler


__all__ = ["TOKEN", "Answer", "LoopbackHub", "Repo", "Request", "lost", "swapped", "truncated"]
