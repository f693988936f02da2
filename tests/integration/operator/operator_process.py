"""The operator as a process of its own, as a Deployment would run it, and what it counts of itself."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.support.api_server import ApiServer
from tests.support.eventually import eventually
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
ENTRY = Path(__file__).with_name("operator_on_played_node.py")
PACKAGES = os.pathsep.join(str(ROOT / folder) for folder in ("operator", "contract"))
LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/sentiment-operator"
WRITES = ("create", "patch", "update", "delete")
_LABELS = re.compile(r'(\w+)="([^"]*)"')
_HTTP = urllib3.PoolManager(retries=False, timeout=5)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an operator process is given."""

    api: ApiServer
    tracking_url: str
    node_url: str
    namespace: str
    logs: Path
    settings: dict[str, str]


class OperatorProcess:
    """One replica."""

    def __init__(self, surroundings: Surroundings, identity: str) -> None:
        self._surroundings = surroundings
        self._identity = identity
        self._health, self._metrics = free_port(), free_port()
        self.log = surroundings.logs / f"{identity}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, ENTRY], env=self._environment(), stdout=log, stderr=log)

    def _environment(self) -> dict[str, str]:
        given = self._surroundings
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(given.logs),
            "PYTHONPATH": PACKAGES,
            "KUBECONFIG": str(given.api.kubeconfig),
            "PLAYED_NODE": given.node_url,
            "SENTIMENT_SERVER_IMAGE": "localhost/sentiment-server:test",
            "SENTIMENT_TRAINER_IMAGE": "localhost/sentiment-trainer:test",
            "SENTIMENT_TRACKING_URL": given.tracking_url,
            "SENTIMENT_OPERATOR_NAMESPACE": given.namespace,
            "SENTIMENT_WATCH_NAMESPACES": given.namespace,
            "SENTIMENT_IDENTITY": self._identity,
            "SENTIMENT_HEALTH_PORT": str(self._health),
            "SENTIMENT_METRICS_PORT": str(self._metrics),
            "SENTIMENT_SETTLE_SECONDS": "0.2",
            **given.settings,
        }

    @property
    def leads(self) -> bool:
        """Whether the Lease names this process."""
        lease = self._surroundings.api.request("GET", LEASE.format(self._surroundings.namespace)).body
        return lease.get("spec", {}).get("holderIdentity") == self._identity

    def wait_until_it_leads(self) -> "OperatorProcess":
        """Return when it holds the Lease and knows it: the answer comes after the Lease is written."""
        eventually(f"{self._identity} leads, see {self.log}", lambda: self._is_alive() and self.leads and self._acts())
        return self

    def _acts(self) -> bool:
        try:
            return self.values()["sentiment_operator_leader"] == 1
        except urllib3.exceptions.HTTPError:
            return False  # The Lease still names a process that was killed; this one has just begun.

    def is_healthy(self) -> bool:
        """What /healthz says; False as well while it does not answer."""
        try:
            return _HTTP.request("GET", f"http://127.0.0.1:{self._health}/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def metrics(self) -> str:
        """What /metrics says."""
        return _HTTP.request("GET", f"http://127.0.0.1:{self._metrics}/metrics").data.decode()

    def values(self) -> dict[str, float]:
        """The metrics by name and labels, as they are written."""
        lines = [line for line in self.metrics().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def labelled(self, metric: str) -> list[tuple[dict[str, str], float]]:
        """The values of one metric, each with its labels."""
        own = [(name, value) for name, value in self.values().items() if name.startswith(f"{metric}{{")]
        return [(dict(_LABELS.findall(name)), value) for name, value in own]

    def writes(self) -> dict[tuple[str, str], int]:
        """(verb, resource) → how many writes it made, those of the Lease left out."""
        counted: Counter[tuple[str, str]] = Counter()
        for call, count in self.labelled("sentiment_operator_api_calls_total"):
            if call["verb"] in WRITES and call["resource"] != "leases":
                counted[call["verb"], call["resource"]] += int(count)
        return counted

    def is_quiet(self) -> bool:
        """True when nothing is due and nothing is being worked on: no watch event for a second."""
        before = self.metrics()
        time.sleep(1.0)
        after = self.metrics()
        counted = r"^(sentiment_operator_(?:watch_events_total|reconcile_duration_seconds_count|queue_depth)\S* \S+)"
        return re.findall(counted, before, re.MULTILINE) == re.findall(counted, after, re.MULTILINE)

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; gives the exit code and the seconds it took."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30), time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> int:
        """SIGCONT; gives the exit code."""
        self._process.send_signal(signal.SIGCONT)
        return self._process.wait(timeout=30)

    def _is_alive(self) -> bool:
        assert self._process.poll() is None, f"the operator ended, see {self.log}:\n{self.log.read_text()[-3000:]}"
        return True
