"""What a model does not need: left behind, with a doubt whose severity says what it could have done.

*high* if it would run or pretends to be something else, *medium* if a known loader picks it up by name or if it is a
pickle that could not be understood, *low* if nothing refers to it, or if it is not at hand and its name says no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from sanitizer.report import Finding
from sanitizer.vet.legacy.look import Look
from sanitizer.vet.magic import Content
from sanitizer.vet.rules import Rule, Verdict
from sanitizer.vet.text import PRETENDER

EXECUTABLE = Rule(
    "files.executable",
    "high",
    "a program for the machine it lies on",
    "no model needs this; find out why it is here",
    why="Model folders are copied to servers and opened by tools; a program among them waits to be run.",
)
HOOK = Rule(
    "files.hook",
    "medium",
    "a known loader picks this file up by its name and follows or runs it",
    "it was left behind; read it before you load the original with anything else",
    why="Inference servers import handler.py, transformers runs custom_generate, notebooks are opened and run.",
    sources=("https://huggingface.co/docs/inference-endpoints/guides/custom_handler",),
)
ADAPTER = Rule(
    "files.adapter",
    "medium",
    "an adapter, which is loaded on top of another model that was not vetted",
    "merge it into its base model, and vet the result",
    why="PEFT and transformers fetch the base model that it names, and apply it without being asked.",
    sources=("https://huggingface.co/docs/peft/developer_guides/checkpoint",),
)
CODE = Rule(
    "weights.pickle-code",
    "high",
    "a pickle that imports or calls something as soon as it is loaded",
    "it was left behind; do not load the original's pickles",
    why="What a pickle names is imported, and mostly called, with arguments of the author's choice.",
    sources=(
        "https://docs.python.org/3/library/pickle.html",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-32434",
    ),
)
DATA = Rule(
    "weights.pickle-data",
    "low",
    "a pickle of tensors and plain data alone; nothing that loads the model needs it",
    "it was left behind",
    why="It names nothing that could run, but it need not be the same model as the safetensors beside it.",
)
UNOPENED = Rule(
    "weights.pickle-unopened",
    "low",
    "a pickle by its name, which was neither downloaded nor opened, and is not carried",
    "`sanitize vet`, or --fail-on, downloads it and looks into it",
    why="Nothing that is made here depends on it; what it would do to whoever loads it is not known.",
    sources=("https://docs.python.org/3/library/pickle.html",),
)
PICKLE = Rule(
    "weights.pickle-unread",
    "medium",
    "a pickle by its name or content, which can run code when it is loaded; it could not be understood",
    "it was left behind; do not load the original's pickles",
    why="Whoever loads it runs what its author wrote; scanners miss many of them.",
    sources=(
        "https://docs.python.org/3/library/pickle.html",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-32434",
    ),
)
TRAINING = Rule(
    "files.training-state",
    "low",
    "a pickle that training left, which only resuming that training would open",
    "it was left behind; do not resume the training of a stranger",
    why="Unpickling calls any function the file names; loading a model does not open it.",
    sources=("https://docs.python.org/3/library/pickle.html",),
)
ARCHIVE = Rule(
    "files.archive",
    "medium",
    "an archive, which may hold anything",
    "it was left behind; look into it before you unpack or load it with anything",
    why="Archives hide pickles and programs from whoever looks at a folder, and paths in them lead out of it.",
    sources=("https://cwe.mitre.org/data/definitions/22.html",),
)
UNNEEDED = Rule(
    "files.unneeded",
    "low",
    "nothing that loads the model needs this file",
    "it was left behind",
    why="What is not needed is one more thing that somebody might open; it is not carried into a rebuilt copy.",
)

PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill"})
_PROGRAMS = frozenset(
    {".exe", ".dll", ".so", ".dylib", ".com", ".scr", ".msi", ".jar", ".bat", ".cmd", ".ps1", ".wasm"}
    | {".pyc", ".pyd", ".pyz", ".vbs", ".hta", ".lnk", ".desktop", ".deb", ".rpm", ".apk", ".dmg", ".appimage"}
)
_ARCHIVES = frozenset(
    {".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".lz4", ".whl", ".egg", ".nemo", ".mar"}
    | {".keras", ".skops"}
)
_LIBRARY = re.compile(r"\.so(?:\.[0-9]+)+$")
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})
_LIFELESS = frozenset(
    {".md", ".txt", ".json", ".jsonl", ".csv", ".tsv", ".yaml", ".yml", ".png", ".jpg", ".jpeg", ".gif", ".svg"}
    | {".webp", ".pdf", ".safetensors", ".gguf", ".onnx"}
)
_TRAINING = re.compile(
    r"(?:training_args|(?:optimizer|scheduler|scaler|rng_state|random_states)(?:[-_][0-9]+)*)\.(?:bin|pt|pth|pkl)"
    r"|[\w-]+_(?:optim|model)_states\.pt"
)
_RAW = re.compile(r"openvino_model[\w-]*\.bin|[\w.-]*ggml[\w.-]*\.bin")
"""Weights of other runtimes, whose format is no pickle."""
_COREML = re.compile(r"(?:.*/)?[^/]+\.mlpackage/Data/com\.apple\.CoreML/weights/weight\.bin")
_HOOKS = frozenset({"handler.py", "pipeline.py", "sitecustomize.py", "usercustomize.py"})
ADAPTER_CONFIG = "adapter_config.json"
_HOOK_PLACES = frozenset({"code/inference.py"})
_HOOK_FOLDERS = frozenset({"custom_generate"})


def is_pickle(name: str) -> bool:
    """Whether a file is a pickle by its name, and only a look into it tells how grave it is."""
    path = PurePosixPath(name)
    return path.suffix.lower() in PICKLES and not _is_raw(path)


def of_training(name: str) -> bool:
    """Whether a file is, by its name, what training leaves to be resumed."""
    return _TRAINING.fullmatch(PurePosixPath(name).name) is not None


def judge(name: str, content: Content | None, look: Callable[[], Look] = Look) -> Verdict:
    """The fate of a file that no model needs: by its first bytes, or by its name alone where those are not at hand.

    `look` tells what a pickle or an archive holds, and is asked only if it is one.
    """
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if content == "executable" or suffix in _PROGRAMS or _LIBRARY.search(path.name):
        return _left(EXECUTABLE.finding(name))
    if suffix in _LIFELESS and content in ("pickle", "archive"):
        return _left(PRETENDER.finding(name, f"it is a {content}"))
    if content == "pointer" or (content in ("other", None) and _is_raw(path)):
        return _left(UNNEEDED.finding(name))
    if of_training(name) and content in ("other", None):  # not at hand, or nothing that an unpickler would follow
        return _left(TRAINING.finding(name))
    if content is None and suffix in PICKLES:
        return _left(UNOPENED.finding(name))
    if content == "pickle" or suffix in PICKLES:
        seen = look()
        data = TRAINING if of_training(name) else DATA
        return _left({"code": CODE, "data": data, "unknown": PICKLE}[seen.holds].finding(name, seen.detail))
    if content == "archive" or suffix in _ARCHIVES:
        if suffix in _PACKED and PurePosixPath(path.stem).suffix.lower() in _LIFELESS:
            return _left(UNNEEDED.finding(name))
        seen = look() if content == "archive" else Look()
        return _left({"code": CODE, "data": UNNEEDED, "unknown": ARCHIVE}[seen.holds].finding(name, seen.detail))
    if path.name == ADAPTER_CONFIG:
        return _left(ADAPTER.finding(name))
    hooked = path.name in _HOOKS or suffix == ".ipynb" or str(path) in _HOOK_PLACES
    if hooked or _HOOK_FOLDERS & set(path.parts[:-1]):
        return _left(HOOK.finding(name))
    return _left(UNNEEDED.finding(name))


def _is_raw(path: PurePosixPath) -> bool:
    return bool(_RAW.fullmatch(path.name) or _COREML.fullmatch(str(path)))


def _left(finding: Finding) -> Verdict:
    return Verdict("dropped", finding.message, (finding,))
