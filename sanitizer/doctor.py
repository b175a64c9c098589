"""What a run would find on this machine: versions, memory, disk, graphics, the Hub. Quick, because torch stays out."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from sanitizer import __version__
from sanitizer.errors import SanitizerError
from sanitizer.hub.settings import HubSettings, settings
from sanitizer.options import VetOptions
from sanitizer.report import IsolationRecord
from sanitizer.resources.machine import cpus, memory
from sanitizer.vetting import vet

REPORTED = ("torch", "transformers", "tokenizers", "huggingface_hub", "safetensors", "datasets", "accelerate", "numpy")
"""The libraries whose versions decide what a run gives."""
SETTINGS = (
    *(
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TOKENIZERS_PARALLELISM",
        "CUDA_VISIBLE_DEVICES",
        "PYTORCH_CUDA_ALLOC_CONF",
    ),
    *("SANITIZER_CACHE", "XDG_CACHE_HOME", "TMPDIR", "HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET"),
)
"""Variables of the environment that change how a run goes."""
SECRET = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
"""Such as may hold a password: only that they are set is said."""


@dataclass(frozen=True)
class Machine:
    """Sizes in bytes. `gpus` is what the driver names, which a CPU build of torch cannot use.

    `memory_free` is what new programs could take without swapping, None where the system does not tell.
    """

    system: str
    distribution: str
    cpus: int
    memory: int
    memory_free: int | None
    cache_free: int
    output_free: int
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class Checkup:
    """Everything `sanitize doctor` says. `problems` are what would keep a run from working or make it slow.

    `sandbox` is what held while a file was read as `sanitize vet` reads them, None if nothing could be read so.
    """

    sanitizer: str
    python: str
    versions: dict[str, str | None]
    machine: Machine
    hub: HubSettings
    sandbox: IsolationRecord | None
    environment: dict[str, str]
    problems: tuple[str, ...]


def examine() -> Checkup:
    """Look around. Changes nothing and asks no network."""
    hub = settings()
    versions = {name: version(name) for name in REPORTED}
    machine = Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        distribution=_distribution(),
        cpus=cpus(),
        memory_free=_available(),
        memory=memory(),
        cache_free=_free(hub.cache),
        output_free=_free(Path.cwd()),
        gpus=_gpus(),
    )
    problems = (*outdated(_requirements()), *_mismatched(machine, versions["torch"]))
    return Checkup(__version__, sys.version.split()[0], versions, machine, hub, _sandbox(), _environment(), problems)


def version(name: str) -> str | None:
    """The installed version of a distribution, None where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def outdated(requirements: Iterable[str]) -> Iterator[str]:
    """One line for each requirement that is missing, or installed in a version it does not allow."""
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        found = version(requirement.name)
        if found is None:
            yield f"{requirement.name} is not installed; pip install '{requirement}'"
        elif not requirement.specifier.contains(found, prereleases=True):
            yield f"{requirement.name} {found} is outside {requirement.specifier}; pip install '{requirement}'"


def _requirements() -> list[str]:
    if version("sanitizer") is None:  # run from a checkout that was never installed: there is nothing to compare with
        return []
    return importlib.metadata.requires("sanitizer") or []


def _mismatched(machine: Machine, torch: str | None) -> Iterator[str]:
    if machine.gpus and torch is not None and re.search(r"\+cpu$", torch):
        yield f"torch {torch} is a CPU build and cannot use the GPU; install the CUDA build from pytorch.org"


def _distribution() -> str:
    """`Debian GNU/Linux 12 (bookworm), glibc 2.36`."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return ", ".join(filter(None, (name, " ".join(platform.libc_ver()).strip())))


def _available() -> int | None:
    """`MemAvailable` of /proc/meminfo (proc_meminfo(5))."""
    path = Path("/proc/meminfo")
    found = re.search(r"^MemAvailable:\s*(\d+) kB$", path.read_text(), re.MULTILINE) if path.is_file() else None
    return None if found is None else int(found[1]) * 1024


def _environment() -> dict[str, str]:
    said = {name: os.environ[name] for name in SETTINGS if name in os.environ}
    return {**said, **{name: "(set)" for name in SECRET if os.environ.get(name)}}


def _sandbox() -> IsolationRecord | None:
    """Found by reading a file that says nothing."""
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as folder:
        Path(folder, "config.json").write_text("{}")
        try:
            return vet(VetOptions(folder)).vetting.isolation
        except (SanitizerError, OSError):
            return None


def _free(path: Path) -> int:
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(existing).free


def _gpus() -> tuple[str, ...]:
    if sys.platform == "darwin":
        return ("Apple silicon (mps)",) if platform.machine() == "arm64" else ()
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603  fixed words
    except (OSError, subprocess.SubprocessError) as error:
        return (f"nvidia-smi does not answer: {type(error).__name__}",)
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())
