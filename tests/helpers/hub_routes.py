"""The routes of the loopback Hub, one function each, found by its pattern; here are those that only read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from helpers.hub_store import Commit, Repo, git_sha1, is_lfs

if TYPE_CHECKING:
    from helpers.hub import LoopbackHub


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    user: str | None


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    promised: int | None = None
    hang_up: bool = False
    silent: bool = False


class Refusal(Exception):  # noqa: N818
    """An error as the Hub words it: the client reads the code and the message from headers."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def answer(self) -> Answer:
        headers = {"X-Error-Message": self.message, "Content-Type": "application/json"}
        if self.code:
            headers["X-Error-Code"] = self.code
        return Answer(self.status, headers, json.dumps({"error": self.message}).encode())


def tell(data: Any, **headers: str) -> Answer:
    return Answer(200, {"Content-Type": "application/json", **headers}, json.dumps(data).encode())


Route = Callable[["LoopbackHub", Request, re.Match[str]], Answer]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []
REPO = r"/api/(?P<kind>models|datasets)/(?P<id>[^/]+/[^/]+)"


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    def keep(function: Route) -> Route:
        ROUTES.append((method, re.compile(pattern), function))
        return function

    return keep


def serve(hub: LoopbackHub, request: Request) -> Answer:
    for old, new in hub.renamed.items():
        if re.search(rf"/{re.escape(old)}(/|\.git/|$)", request.path):
            asked = f"?{urlencode(request.query)}" if request.query else ""
            return Answer(307, {"Location": request.path.replace(old, new, 1) + asked})
    method = "GET" if request.method == "HEAD" else request.method
    for verb, pattern, function in ROUTES:
        if verb == method and (match := pattern.fullmatch(request.path)):
            return function(hub, request, match)
    raise Refusal(404, "", f"no such route: {request.method} {request.path}")


def find(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Repo:
    parts = match.groupdict()
    kind = (parts.get("kind") or "models").rstrip("s")
    repo = hub.repos.get((kind, unquote(parts["id"])))
    if repo is None or (repo.private and request.user is None):
        raise Refusal(404 if request.user else 401, "RepoNotFound", "Repository not found")
    return repo


def at(repo: Repo, revision: str) -> Commit:
    commit = repo.resolve(unquote(revision))
    if commit is None:
        raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {unquote(revision)}")
    return commit


def need_user(request: Request) -> None:
    if request.user is None:
        raise Refusal(401, "", "Invalid username or password.")


@route("GET", "/api/whoami-v2")
def whoami(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    return tell({"type": "user", "name": request.user, "orgs": [], "auth": {"type": "access_token"}})


@route("GET", REPO + r"(?:/revision/(?P<rev>[^/]+))?")
def info(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = find(hub, request, match)
    commit = at(repo, match["rev"] or "main")
    siblings = [{"rfilename": line["path"]} for line in repo.tree(commit) if line["type"] == "file"]
    about = {"id": repo.name, "sha": commit.oid, "private": repo.private, "gated": "manual" if repo.gated else False}
    return tell({**about, "siblings": siblings, "tags": [], "downloads": 0, "likes": 0, "disabled": False})


@route("GET", REPO + r"/tree/(?P<rev>[^/]+)(?:/(?P<path>.*))?")
def tree(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = find(hub, request, match)
    lines, under = repo.tree(at(repo, match["rev"])), unquote(match["path"] or "")
    if under:
        lines = [line for line in lines if line["path"].startswith(f"{under}/")]
        if not lines:
            raise Refusal(404, "EntryNotFound", f"{under} does not exist")
    if request.query.get("recursive", "").lower() != "true":
        lines = [line for line in lines if "/" not in line["path"][len(under) :].lstrip("/")]
    start = int(request.query.get("cursor", 0))
    more = start + hub.page_size
    link = f'<{hub.url}{request.path}?recursive={request.query.get("recursive", "false")}&cursor={more}>; rel="next"'
    return tell(lines[start:more], **({"Link": link} if more < len(lines) else {}))


@route("POST", REPO + r"/paths-info/(?P<rev>[^/]+)")
def paths_info(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = find(hub, request, match)
    asked = set(parse_qs(request.body.decode()).get("paths", []))
    return tell([line for line in repo.tree(at(repo, match["rev"])) if line["path"] in asked])


@route("GET", REPO + "/refs")
def refs(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    found = [
        {"name": n, "ref": f"refs/heads/{n}", "targetCommit": oid} for n, oid in find(hub, request, match).refs.items()
    ]
    return tell({"branches": found, "tags": [], "converts": []})


@route("POST", REPO + r"/branch/(?P<branch>[^/]+)")
def branch(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    repo = find(hub, request, match)
    start = json.loads(request.body or b"{}").get("startingPoint", "main")
    repo.refs[unquote(match["branch"])] = at(repo, start).oid
    return tell({})


@route("GET", r"(?:/(?P<kind>datasets))?/(?P<id>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)")
def resolve(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = find(hub, request, match)
    if repo.gated and request.user not in repo.granted:
        raise Refusal(403, "GatedRepo", f"Access to {repo.name} is restricted")
    commit, path = at(repo, match["rev"]), unquote(match["path"])
    headers = {"X-Repo-Commit": commit.oid}
    if path not in commit.files:
        missing = Refusal(404, "EntryNotFound", "Entry not found").answer()
        return Answer(404, {**missing.headers, **headers}, missing.body)
    data = commit.files[path]
    if not is_lfs(path):
        return part(request, data, {**headers, "ETag": f'"{git_sha1(data)}"'})
    oid = hashlib.sha256(data).hexdigest()
    # Another host than the Hub, as on the real one: the client follows a redirect only as far as the Hub itself.
    elsewhere = hub.url.replace("127.0.0.1", "localhost")
    where = f"{elsewhere}/cdn/{repo.kind}/{quote(repo.name, safe='')}/{commit.oid}/{quote(path, safe='')}"
    return Answer(302, {**headers, "Location": where, "X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{oid}"'})


@route("GET", r"/cdn/(?P<kind>[^/]+)/(?P<id>[^/]+)/(?P<rev>[^/]+)/(?P<path>[^/]+)")
def cdn(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = hub.repos[match["kind"], unquote(match["id"])]
    return part(request, repo.commits[match["rev"]].files[unquote(match["path"])], {})


def part(request: Request, data: bytes, headers: dict[str, str]) -> Answer:
    """The whole body, or the `bytes=a-b` that was asked for."""
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range") or request.headers.get("range") or "")
    if asked is None:
        return Answer(200, headers, data)
    first, last = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
    if first >= len(data):
        return Answer(416, {**headers, "Content-Range": f"bytes */{len(data)}"})
    return Answer(206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}, data[first : last + 1])
