"""The routes of the loopback Hub that change something: repositories, large objects, commits, pull requests."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from helpers.hub_routes import REPO, Answer, Refusal, Request, at, find, need_user, route, tell
from helpers.hub_store import PullRequest, Repo, git_sha1, is_lfs

if TYPE_CHECKING:
    from helpers.hub import LoopbackHub


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
