"""The routes of the loopback Hub: one function per thing the client asks, found by its pattern."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from helpers.hub_store import Commit, PullRequest, Repo, git_sha1, is_lfs

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


@route("POST", "/api/repos/create")
def create(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    asked = json.loads(request.body)
    name = f"{asked.get('organization') or request.user}/{asked['name']}"
    kind, url = asked.get("type") or "model", f"{hub.url}/{name}"
    if (kind, name) in hub.repos or name in hub.renamed:
        refused = Refusal(409, "", "You already created this model repo").answer()
        return Answer(409, refused.headers, json.dumps({"error": "exists", "url": url}).encode())
    hub.repo(name, kind=kind, private=asked.get("visibility") == "private")
    return tell({"url": url, "name": name})


@route("POST", "/api/validate-yaml")
def validate_yaml(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    return tell({"errors": [], "warnings": []})


@route("POST", REPO + r"/preupload/(?P<rev>[^/]+)")
def preupload(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    commit = at(find(hub, request, match), match["rev"])
    files = []
    for asked in json.loads(request.body)["files"]:
        known = commit.files.get(asked["path"])
        oid = None if known is None else hashlib.sha256(known).hexdigest() if is_lfs(asked["path"]) else git_sha1(known)
        mode = "lfs" if is_lfs(asked["path"]) else "regular"
        files.append({"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return tell({"files": files})


@route("POST", r"/(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch")
def lfs_batch(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    repo, objects = find(hub, request, match), []
    for asked in json.loads(request.body)["objects"]:
        line = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] not in repo.objects:
            place = f"{hub.url}/lfs/{quote(repo.name, safe='')}/{asked['oid']}"
            line["actions"] = {"upload": {"href": place}, "verify": {"href": f"{place}/verify"}}
        objects.append(line)
    return tell({"objects": objects, "transfer": "basic"})


@route("PUT", r"/lfs/(?P<id>[^/]+)/(?P<oid>[0-9a-f]{64})")
def lfs_put(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    if hashlib.sha256(request.body).hexdigest() != match["oid"]:
        raise Refusal(400, "", "the object is not what its oid says")
    hub.repos["model", unquote(match["id"])].objects[match["oid"]] = request.body
    return Answer()


@route("POST", r"/lfs/(?P<id>[^/]+)/(?P<oid>[0-9a-f]{64})/verify")
def lfs_verify(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    if match["oid"] not in hub.repos["model", unquote(match["id"])].objects:
        raise Refusal(404, "", "no such object")
    return tell({})


@route("POST", REPO + r"/commit/(?P<rev>[^/]+)")
def commit(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    repo, ref = find(hub, request, match), unquote(match["rev"])
    head = at(repo, ref)
    lines = [json.loads(line) for line in request.body.splitlines()]
    header = lines[0]["value"]
    if header.get("parentCommit") not in (None, head.oid):
        raise Refusal(412, "", "A commit has happened since. Please refresh and try again.")
    files: dict[str, bytes] = {}
    deleted: list[str] = []
    for line in lines[1:]:
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            if value["oid"] not in repo.objects:
                raise Refusal(400, "", f"no such object: {value['oid']}")
            files[value["path"]] = repo.objects[value["oid"]]
        elif value["path"] not in head.files and line["key"] == "deletedFile":
            raise Refusal(404, "EntryNotFound", "A file with this name doesn't exist")
        else:
            deleted.append(value["path"].rstrip("/"))
    title, about = header["summary"], header.get("description", "")
    extra: dict[str, Any] = {}
    if request.query.get("create_pr"):
        pull = repo.open_pull(title, about)
        ref, extra = f"refs/pr/{pull.num}", {"pullRequestUrl": f"{hub.url}/{repo.name}/discussions/{pull.num}"}
    made = repo.commit(files, deleted=tuple(deleted), ref=ref, title=title, description=about)
    return tell(
        {"commitOid": made.oid, "commitUrl": f"{hub.url}/{repo.name}/commit/{made.oid}", "success": True, **extra}
    )


def _discussion(repo: Repo, pull: PullRequest) -> dict[str, Any]:
    about = {"num": pull.num, "title": pull.title, "status": pull.status, "isPullRequest": pull.is_pull_request}
    place = {"name": repo.name, "type": repo.kind}
    return {**about, "author": {"name": "tester"}, "createdAt": "2026-01-01T00:00:00.000Z", "repo": place}


@route("GET", REPO + "/discussions")
def discussions(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = find(hub, request, match)
    status = request.query.get("status")
    found = [_discussion(repo, p) for p in repo.pulls.values() if status in (None, "all", p.status)]
    return tell({"count": len(found), "start": 0, "discussions": found[::-1]})


@route("GET", REPO + r"/discussions/(?P<num>\d+)")
def discussion(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    repo = find(hub, request, match)
    pull = repo.pulls[int(match["num"])]
    changes = {"base": "refs/heads/main", "mergeCommitId": None}
    return tell({**_discussion(repo, pull), "events": [], "changes": changes, "diffUrl": "", "filesWithConflicts": []})


@route("POST", REPO + r"/discussions/(?P<num>\d+)/(?P<act>comment|status|merge)")
def discuss(hub: LoopbackHub, request: Request, match: re.Match[str]) -> Answer:
    need_user(request)
    repo = find(hub, request, match)
    pull, asked = repo.pulls[int(match["num"])], json.loads(request.body or b"{}")
    if match["act"] == "comment":
        pull.comments.append(asked["comment"])
    elif match["act"] == "status":
        pull.status = asked["status"]
    else:
        pull.status = "merged"
        repo.refs["main"] = repo.refs[f"refs/pr/{pull.num}"]
    event = {"id": "1", "type": "status-change", "createdAt": "2026-01-01T00:00:00.000Z", "author": {"name": "tester"}}
    return tell({"newStatus": {**event, "data": {"status": pull.status}}, "newMessage": {**event, "data": {}}})
