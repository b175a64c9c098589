"""Shell scripts whose `sanitize` and `python` start at once: forked from a process that has imported torch.

A real bash runs each script, with the real command line behind `sanitize`; what is saved is four seconds of imports a
command. sanitizer itself is imported afresh in each child, from the clone that the script stands in, if it stands in
one, so that a plugin that a script has put there is found.
"""

from __future__ import annotations

import array
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FORKED = ("sanitize", "python", "pytest")
CLIENT = """#!{python} -SE
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    said = json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    line.sendmsg([len(said).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    line.sendall(said)
    sys.exit(int.from_bytes(line.recv(1), "big"))
"""


@dataclass
class Shell:
    """`with Shell(environment) as shell: shell.run(script, cwd=…)`; the environment is what libraries see on import."""

    environment: Mapping[str, str]

    def __enter__(self) -> Shell:
        self._place = Path(tempfile.mkdtemp(prefix="warm-"))  # short, since a socket's path may not be long
        address = str(self._place / "line")
        for name in FORKED:
            (self._place / name).write_text(CLIENT.format(python=sys.executable, address=address))
            (self._place / name).chmod(0o755)
        words = [sys.executable, str(Path(__file__)), address]
        self._server = subprocess.Popen(words, env=dict(self.environment), stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == b"warm\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.communicate()
        shutil.rmtree(self._place)

    def run(self, script: str, *, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
        """The whole script, which ends at the first command that fails; stderr is in stdout, as a reader sees it."""
        path = f"{self._place}:{self.environment['PATH']}"
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=cwd,
            env={**self.environment, **changes, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )


def serve(address: str) -> None:
    """One child for each connection, one after the other."""
    preload()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("warm\n")
        sys.stdout.flush()
        while True:
            line, _ = listener.accept()
            with line:
                if not (child := os.fork()):
                    os._exit(answered(line))
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                line.sendall((code if code >= 0 else 128 - code).to_bytes(1, "big"))


def preload() -> None:
    """Whatever commands import that is not sanitizer's own."""
    import datasets
    import jinja2
    import jsonschema
    import pydantic
    import rich_click
    import scipy.stats
    import torch
    import transformers
    import yaml
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, BertModel

    libraries = (datasets, jinja2, jsonschema, pydantic, rich_click, scipy.stats, torch, transformers, yaml)
    models = (AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, BertModel)
    assert all((*libraries, *models))


def answered(line: socket.socket) -> int:
    """In the child: become the process that the client stands for; its exit code."""
    try:
        size, ancillary, _, _ = line.recvmsg(8, socket.CMSG_SPACE(3 * array.array("i").itemsize))
        handles = array.array("i")
        handles.frombytes(ancillary[0][2])
        said = b""
        while len(said) < int.from_bytes(size, "big"):
            said += line.recv(1 << 16)
        name, words, folder, environment = json.loads(said)
        for target, handle in enumerate(handles):
            os.dup2(handle, target)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        return became(name, words)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


def became(name: str, words: list[str]) -> int:
    """Run a command in this process; its exit code."""
    here = Path.cwd()
    clone = here if (here / "sanitizer" / "__init__.py").is_file() else ROOT
    os.environ["PYTHONPATH"] = str(clone)  # for processes that the command starts
    sys.path[:1] = [str(clone)]
    try:
        if name == "sanitize":
            sys.argv = ["sanitize", *words]
            replayed()
            from sanitizer.cli import main

            main()
        elif name == "pytest":  # wants to be there before what it rewrites, so it starts anew
            os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])
        else:
            sys.argv = words
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def replayed() -> None:
    """`sanitize demo` copies a demo that was made before, where the environment names one: it takes a minute."""
    if not (made := os.environ.get("DEMO_MADE")):
        return
    import pickle
    from dataclasses import replace

    from sanitizer import showcase

    def demo(output: Path | None = None, **how: Any) -> Any:
        with Path(made).open("rb") as stream:
            done = pickle.load(stream)
        folder = output or Path(tempfile.mkdtemp(prefix="sanitizer-demo-"))
        shutil.copytree(done.folder, folder)
        result = replace(done.result, output=folder / done.result.output.relative_to(done.folder))
        suspect = folder / done.suspect_folder.relative_to(done.folder)
        return replace(done, result=result, folder=folder, suspect_folder=suspect)

    showcase.demo = demo


if __name__ == "__main__":
    serve(sys.argv[1])
