"""The node's own network namespace, joined to the host by one cable and to nothing else.

Entered with nsenter, as `ip netns exec` would hide the cgroup mounts. It knows no component.
"""

from pathlib import Path

from local_cluster.commands import run, succeeds
from local_cluster.settings import Settings

NAMESPACES = Path("/run/netns")
KERNEL = ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.route_localnet=1", "net.bridge.bridge-nf-call-iptables=1")
BRIDGE = "cni0"


def inside(settings: Settings) -> tuple[str, ...]:
    """The words that make a command run inside the node's network."""
    return ("nsenter", f"--net={NAMESPACES / settings.namespace}")


def create(settings: Settings) -> None:
    """Bring the namespace, the cable, the bridge and the routes into being; whatever is there already stays."""
    if not _namespace_is_whole(settings):
        remove(settings)
        run("ip", "netns", "add", settings.namespace)
        _join(settings)
    for addresses in (settings.pod_range, settings.service_range):
        run("ip", "route", "replace", addresses, "via", settings.node_address, "dev", settings.host_link)
    for setting in KERNEL:
        succeeds(*inside(settings), "sysctl", "-qw", setting)
    node = ("ip", "-n", settings.namespace)
    succeeds(*node, "link", "add", BRIDGE, "type", "bridge")
    succeeds(*node, "addr", "add", f"{settings.pod_gateway}/24", "dev", BRIDGE)
    run(*node, "link", "set", BRIDGE, "up")


def remove(settings: Settings) -> None:
    """Take it all away; the routes go with the cable."""
    succeeds("ip", "link", "del", settings.host_link)
    succeeds("ip", "netns", "del", settings.namespace)


def exists(settings: Settings) -> bool:
    """Whether the namespace is there."""
    return (NAMESPACES / settings.namespace).exists()


def _namespace_is_whole(settings: Settings) -> bool:
    """False after a reboot, and after a run that was cut off between its steps."""
    both_ends = succeeds("ip", "-n", settings.namespace, "link", "show", settings.node_link)
    return both_ends and succeeds("ip", "link", "show", settings.host_link)


def _join(settings: Settings) -> None:
    host, node = settings.host_link, settings.node_link
    run("ip", "link", "add", host, "type", "veth", "peer", "name", node, "netns", settings.namespace)
    run("ip", "addr", "add", f"{settings.host_address}/30", "dev", host)
    run("ip", "link", "set", host, "up")
    inner = ("ip", "-n", settings.namespace)
    run(*inner, "addr", "add", f"{settings.node_address}/30", "dev", node)
    run(*inner, "link", "set", node, "up")
    run(*inner, "link", "set", "lo", "up")
    # The kubelet wants a default route to find its address; the host forwards nothing out of it.
    run(*inner, "route", "add", "default", "via", settings.host_address)
