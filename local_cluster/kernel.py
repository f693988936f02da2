"""The host's kernel as a node wants it: modules that a fresh machine has not loaded, and settings of the whole machine.

The kubelet changes those settings; they are put back when the last cluster ends.
"""

import json
from pathlib import Path

from local_cluster.commands import succeeds
from local_cluster.settings import cache_directory

MODULES = ("overlay", "veth", "br_netfilter", "nf_conntrack", "ip_tables", "iptable_nat", "iptable_filter")
SETTINGS = (
    "vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "fs/inotify/max_user_instances",
)  # fmt: skip
KERNEL = Path("/proc/sys")
WATCHES = KERNEL / "fs/inotify/max_user_instances"
ENOUGH_WATCHES = 1024


def load_modules() -> None:
    """What is built in, or loaded already, needs no modprobe: a failure shows where the module is used."""
    succeeds("modprobe", "--all", "--quiet", *MODULES)


def remember() -> None:
    """Write down, once, what the settings are before a kubelet changes them."""
    record = _record()
    if record.exists():
        return
    values = {name: (KERNEL / name).read_text().strip() for name in SETTINGS if (KERNEL / name).exists()}
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps(values))
    partial.rename(record)


def allow_watches() -> None:
    """The usual 128 watchers of files are too few for two clusters: "too many open files"."""
    if int(WATCHES.read_text()) < ENOUGH_WATCHES:
        WATCHES.write_text(str(ENOUGH_WATCHES))


def restore() -> None:
    """Put them back, unless another cluster still needs them."""
    record = _record()
    if not record.exists() or any(cache_directory().glob("clusters/*/kubelet.json")):
        return
    for name, value in json.loads(record.read_text()).items():
        (KERNEL / name).write_text(value)
    record.unlink()


def _record() -> Path:
    return cache_directory() / "kernel-settings.json"
