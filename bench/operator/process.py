"""One operator as a process: started, asked what it cost, ended. It knows nothing of models."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench.operator import cost
from bench.operator.peers import Peer, Place

_REST_SECONDS = 2.0
_REST_SHARE = 0.1
_PERIOD_SECONDS = 0.1
_END_SECONDS = 30


class Operator:
    """A running operator."""

    def __init__(self, peer: Peer, place: Place, log: Path) -> None:
        self._place = place
        self.log = log
        self.began = time.monotonic()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                peer.command(place), env=peer.environment(place), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.pid = self._process.pid

    @property
    def cpu_seconds(self) -> float:
        """Since it began."""
        return cost.cpu_seconds(self.pid)

    def fail_if_dead(self) -> None:
        """Say how it ended, if it did."""
        if self._process.poll() is not None:
            end = self.log.read_text(encoding="utf-8")[-3000:]
            raise SystemExit(f"the operator ended with {self._process.returncode}, see {self.log}:\n{end}")

    async def rests(self, deadline: float) -> float:
        """Return when it has hardly used the processor for two seconds; seconds from its start until that began."""
        samples = [(time.monotonic(), self.cpu_seconds)]
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            self.fail_if_dead()
            samples.append((time.monotonic(), self.cpu_seconds))
            now, used = samples[-1]
            window = [sample for sample in samples if sample[0] >= now - _REST_SECONDS]
            is_resting = used - window[0][1] <= _REST_SHARE * _REST_SECONDS and now - samples[0][0] > _REST_SECONDS
            if is_resting and await asyncio.to_thread(self.answers):
                return window[0][0] - self.began
            if now > deadline:
                raise SystemExit(f"the operator was still busy at the deadline, see {self.log}")

    def answers(self) -> bool:
        """Whether its health port says that all is well."""
        try:
            with urlopen(f"http://127.0.0.1:{self._place.health_port}/healthz", timeout=5) as response:
                return response.status == 200
        except (URLError, OSError):
            return False

    def metrics(self) -> str:
        """What it tells Prometheus."""
        with urlopen(f"http://127.0.0.1:{self._place.metrics_port}/metrics", timeout=20) as response:
            return response.read().decode()

    def end(self) -> None:
        """Let it end as a Deployment would."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Pulse:
    """How late the operator's event loop answers, from now until it is read."""

    def __init__(self, place: Place) -> None:
        command = [sys.executable, "-m", "bench.operator.pulse", str(place.health_port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def read(self) -> list[float]:
        """Seconds of every answer. It asks no longer."""
        self._process.send_signal(signal.SIGTERM)
        told, _ = self._process.communicate(timeout=_END_SECONDS)
        return [float(seconds) for seconds in told.split()]
