"""One operator as a process, or as several that share the work: started, asked what it cost, ended. It knows nothing of models."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
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
    """A running operator, one replica for each place."""

    def __init__(self, peer: Peer, places: Sequence[Place], log: Path) -> None:
        self._places = places
        self.logs = [log.with_suffix(f".{number}.log") if number else log for number in range(len(places))]
        self.log = log
        self.began = time.monotonic()
        self._processes = [_started(peer, place, one) for place, one in zip(places, self.logs, strict=True)]
        self.pid = self._processes[0].pid

    @property
    def cpu_seconds(self) -> float:
        """Since it began, of all replicas."""
        return sum(self.cpu_seconds_of_each())

    def cpu_seconds_of_each(self) -> list[float]:
        """The same, replica by replica."""
        return [cost.cpu_seconds(process.pid) for process in self._processes]

    def fail_if_dead(self) -> None:
        """Say how it ended, if it did."""
        for process, log in zip(self._processes, self.logs, strict=True):
            if process.poll() is not None:
                end = log.read_text(encoding="utf-8")[-3000:]
                raise SystemExit(f"the operator ended with {process.returncode}, see {log}:\n{end}")

    async def rests(self, requests: Callable[[], int], deadline: float) -> float:
        """Return when for two seconds it has hardly used the processor and sent no request; seconds from its start until then.

        `requests`: how many it has sent. On a busy machine an operator that waits for a processor looks as if it rested.
        """
        samples = [(time.monotonic(), self.cpu_seconds, requests())]
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            self.fail_if_dead()
            samples.append((time.monotonic(), self.cpu_seconds, requests()))
            now, used, sent = samples[-1]
            since, used_before, sent_before = next(sample for sample in samples if sample[0] >= now - _REST_SECONDS)
            is_resting = used - used_before <= _REST_SHARE * _REST_SECONDS and sent == sent_before
            if is_resting and now - samples[0][0] > _REST_SECONDS and await asyncio.to_thread(self.answers):
                return since - self.began
            if now > deadline:
                raise SystemExit(f"the operator was still busy at the deadline, see {self.log}")

    def answers(self) -> bool:
        """Whether the health port of each replica says that all is well."""
        return all(map(_answers, self._places))

    def metrics(self) -> str:
        """What its first replica tells Prometheus."""
        return metrics_of(self._places[0])

    def end(self) -> None:
        """Let it end as a Deployment would."""
        running = [process for process in self._processes if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def metrics_of(place: Place) -> str:
    """What the replica there tells Prometheus."""
    with urlopen(f"http://127.0.0.1:{place.metrics_port}/metrics", timeout=20) as response:
        return response.read().decode()


def _started(peer: Peer, place: Place, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            peer.command(place), env=peer.environment(place), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def _answers(place: Place) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{place.health_port}/healthz", timeout=5) as response:
            return response.status == 200
    except (URLError, OSError):
        return False


@contextmanager
def pulse_of(place: Place) -> Generator[list[float]]:
    """How late the operator's event loop answers, in seconds: filled at the end of the block."""
    command = [sys.executable, "-m", "bench.operator.pulse", str(place.health_port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    taken: list[float] = []
    try:
        yield taken
    finally:
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=_END_SECONDS)
        taken += map(float, told.split())
