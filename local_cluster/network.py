"""The node's own network namespace, joined to the host by one cable and to nothing else.

Entered with nsenter, as `ip netns exec` would hide the cgroup mounts. It knows no component.
"""

import ipaddress
import struct
from collections.abc import Iterator
from pathlib import Path

from local_cluster.commands import run, succeeds
from local_cluster.console import say
from local_cluster.settings import BRIDGE, Settings

NAMESPACES = Path("/run/netns")
ROUTES = Path("/proc/net/route")
KERNEL = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.route_localnet=1",
    "net.bridge.bridge-nf-call-iptables=1",
    # No limit to how often a pod is told at once that an address cannot be reached.
    "net.ipv4.icmp_ratelimit=0",
)


def inside(settings: Settings) -> tuple[str, ...]:
    """The words that make a command run inside the node's network."""
    return ("nsenter", f"--net={NAMESPACES / settings.namespace}")


def create(settings: Settings) -> None:
    """Bring the namespace, the cable, the bridge and the routes into being; whatever is there already stays."""
    if not is_whole(settings):
        remove(settings)
        run("ip", "netns", "add", settings.namespace)
        _join(settings)
    for addresses in (settings.pod_range, settings.service_range):
        run("ip", "route", "replace", addresses, "via", settings.node_address, "dev", settings.host_link)
    _set_kernel(settings)
    _bridge(settings)
    _refuse_what_nobody_leads_on(settings)


def remove(settings: Settings) -> None:
    """Take it all away; the routes go with the cable."""
    succeeds("ip", "link", "del", settings.host_link)
    succeeds("ip", "netns", "del", settings.namespace)


def exists(settings: Settings) -> bool:
    """Whether anything of it is there."""
    return (NAMESPACES / settings.namespace).exists() or _has_cable(settings)


def is_whole(settings: Settings) -> bool:
    """False after a reboot, and after a run that was cut off between its steps."""
    return _has_cable(settings) and succeeds("ip", "-n", settings.namespace, "link", "show", settings.node_link)


def conflicts(settings: Settings) -> list[str]:
    """Routes of the host that lead the cluster's addresses elsewhere."""
    wanted = [ipaddress.ip_network(each) for each in settings.ranges]
    return [
        f"{network} by {link}"
        for link, network in _routes()
        if link != settings.host_link and network.prefixlen and any(network.overlaps(each) for each in wanted)
    ]


def _has_cable(settings: Settings) -> bool:
    return succeeds("ip", "link", "show", settings.host_link)


def _routes() -> Iterator[tuple[str, ipaddress.IPv4Network]]:
    for line in ROUTES.read_text().splitlines()[1:]:
        words = line.split()
        address, mask = (ipaddress.IPv4Address(struct.pack("<L", int(words[column], 16))) for column in (1, 7))
        yield words[0], ipaddress.IPv4Network(f"{address}/{mask}", strict=False)


def _join(settings: Settings) -> None:
    """The node's end comes last: without it the namespace is not whole, and the next call begins again."""
    host, node = settings.host_link, settings.node_link
    inner = ("ip", "-n", settings.namespace)
    run(*inner, "link", "set", "lo", "up")
    # Whatever leads out of the cluster fails at once, and not after a time-out.
    run(*inner, "route", "add", "unreachable", "default")
    run("ip", "link", "add", host, "type", "veth", "peer", "name", node, "netns", settings.namespace)
    run("ip", "addr", "add", f"{settings.host_address}/30", "dev", host)
    run("ip", "link", "set", host, "up")
    run(*inner, "addr", "add", f"{settings.node_address}/30", "dev", node)
    run(*inner, "link", "set", node, "up")


def _bridge(settings: Settings) -> None:
    """The bridge that pods will hang on is made at once, as DNS listens on its address.

    The route sends what the node itself asks of a Service past kube-proxy's rules.
    """
    inner = ("ip", "-n", settings.namespace)
    succeeds(*inner, "link", "add", BRIDGE, "type", "bridge")
    run(*inner, "addr", "replace", f"{settings.pod_gateway}/24", "dev", BRIDGE)
    run(*inner, "link", "set", BRIDGE, "up")
    run(*inner, "route", "replace", settings.service_range, "dev", BRIDGE)


def _refuse_what_nobody_leads_on(settings: Settings) -> None:
    """A connection to a Service that kube-proxy has not heard of fails at once, and leaves nothing behind.

    Otherwise connection tracking keeps for two minutes that this pair of ports leads to the Service's own address, where
    nobody is: whoever came too early and then draws that port again, waits in vain at a Service that answers all others.
    kube-proxy puts its own rules before these.
    """
    for chain in ("FORWARD", "OUTPUT"):
        rule = (chain, "--destination", settings.service_range, "--jump", "REJECT")
        if not succeeds(*inside(settings), "iptables", "--wait", "--check", *rule):
            run(*inside(settings), "iptables", "--wait", "--append", *rule)


def _set_kernel(settings: Settings) -> None:
    for setting in KERNEL:
        if not succeeds(*inside(settings), "sysctl", "-qw", setting):
            say(f"  ! the kernel refuses {setting}, so pods may not reach Services. Next: modprobe br_netfilter")
