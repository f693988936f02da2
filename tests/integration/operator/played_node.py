"""Plays kubelet, trainer and model server on a control plane without nodes.

Pods that look up a branch answer what the trainer's own code finds there. Training pods end at once with the trainer's
answer, and MLflow then holds the version; pods that try parameters find the first of their group the best; pods that compare
end with what the test says, or with figures that are equal; serving pods become ready, and POST /<namespace>/<service>/predict
answers with the version and digest of one of them.
"""

import hashlib
import json
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from sentiment_contract import names
from sentiment_contract.gates import COMPARISON_VARIABLE, Compared, ComparisonOrder, Figures
from sentiment_contract.look_up import LOOK_UP_VARIABLE, LookedUp, LookUpOrder
from sentiment_contract.search import BestTrial, GroupSearched, SearchResult, Trial, groups_of, trials_of
from sentiment_contract.training import (
    EXIT_CODES,
    ORDER_VARIABLE,
    FailureReason,
    TrainingFailed,
    TrainingOrder,
    TrainingSucceeded,
)
from sentiment_trainer.data.look_up import look_up
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.settings import Settings
from tests.integration.operator.played_mlflow import PlayedMLflow
from tests.support.api_server import ApiServer, Manifest

PERIOD_SECONDS = 0.1
INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"
METRICS = {"accuracy": "0.91"}
COMMIT, AUTHOR = "c" * 40, "carol@example.org"
"""Of what every model is trained from, as the registry holds it."""


def equal(order: ComparisonOrder) -> Compared:
    """Both versions are as good as each other."""
    figures = {"value": "0.9", "baseline_value": "0.9", "low": "-0.001", "high": "0.001", "samples": 2000}
    return Compared(figures=tuple(Figures(gate=gate.name, **figures) for gate in order.gates))


class PlayedNode:
    """A thread that lets the pods of one namespace live."""

    def __init__(self, api: ApiServer, namespace: str, mlflow: PlayedMLflow) -> None:
        self._api, self._namespace, self._mlflow = api, namespace, mlflow
        self.training_fails: FailureReason | None = None
        self.training_hangs = False
        self.serving_hangs = False
        self.compares: Callable[[ComparisonOrder], Compared | TrainingFailed] = equal
        self.compared: list[ComparisonOrder] = []
        """What every comparison was asked."""
        self.looked_up: list[str] = []
        """Names of the pods that looked up a branch."""
        self.orders: list[TrainingOrder] = []
        """What every training was asked."""
        self.search_fails: Callable[[int], FailureReason | None] = lambda _index: None
        """Why a group of trials fails, None where it does not."""
        self.searched: list[int] = []
        """The group of every pod that tried one."""
        self.trained: list[str] = []
        """Names of the pods that trained."""
        self.beside: list[PlayedNode] = []
        """Those that play other namespaces; their Services are asked here too."""
        self._serving: dict[str, tuple[str, str]] = {}
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._live, self._server.serve_forever)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def url(self) -> str:
        """Where the played Services answer."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._threads[0].join()

    def predict(self, service: str) -> tuple[str, str] | None:
        """Version and digest of a ready pod behind the Service, None without one."""
        return self._serving.get(service)

    def asked(self, namespace: str, service: str) -> tuple[str, str] | None:
        """The same of a Service in any namespace that is played."""
        played = [node for node in (self, *self.beside) if node._namespace == namespace]
        return played[0].predict(service) if played else None

    def _live(self) -> None:
        while not self._stop.wait(PERIOD_SECONDS):
            # A kubelet outlives an API server that is away for a moment.
            with suppress(HTTPError):
                self._look_after_pods()

    def _look_after_pods(self) -> None:
        pods: list[Manifest] = self._api.request("GET", self._path("pods")).body.get("items", [])
        for pod in pods:
            if pod.get("status", {}).get("phase") == "Pending" and "deletionTimestamp" not in pod["metadata"]:
                self._begin(pod)
        self._serving = {_model(pod): _answers(pod) for pod in pods if _is_ready(pod)}

    def _begin(self, pod: Manifest) -> None:
        environment = _environment(pod)
        order = environment.get(ORDER_VARIABLE)
        if comparison := environment.get(COMPARISON_VARIABLE):
            self.compared.append(ComparisonOrder.model_validate_json(comparison))
            self._end(pod, self.compares(self.compared[-1]))
        elif look_up := environment.get(LOOK_UP_VARIABLE):
            self.looked_up.append(pod["metadata"]["name"])
            self._end(pod, _look_up(look_up))
        elif order is None:
            if not self.serving_hangs and names.ServerVariable.VERSION in environment:
                self._report(pod, {"phase": "Running", "conditions": _ready(), "containerStatuses": [_runs(pod)]})
        elif not self.training_hangs and INDEX_ANNOTATION in (pod["metadata"].get("annotations") or {}):
            self._search(pod, TrainingOrder.model_validate_json(order))
        elif not self.training_hangs:
            self._train(pod, TrainingOrder.model_validate_json(order))

    def _search(self, pod: Manifest, order: TrainingOrder) -> None:
        index = int(pod["metadata"]["annotations"][INDEX_ANNOTATION])
        self.searched.append(index)
        reason = self.search_fails(index)
        if reason is not None:
            self._end(pod, TrainingFailed(reason=reason, message="as the test wants it. Next: nothing."))
        else:
            self._end(pod, GroupSearched(result=_best_is_first(groups_of(trials_of(order.recipe))[index])))

    def _train(self, pod: Manifest, order: TrainingOrder) -> None:
        self.trained.append(pod["metadata"]["name"])
        self.orders.append(order)
        self._end(pod, self._fail() if self.training_fails else self._succeed(order))

    def _end(
        self, pod: Manifest, answer: TrainingSucceeded | TrainingFailed | GroupSearched | Compared | LookedUp
    ) -> None:
        code = EXIT_CODES[answer.reason] if isinstance(answer, TrainingFailed) else 0
        ending = {
            "exitCode": code,
            "message": answer.model_dump_json(by_alias=True),
            "finishedAt": "2026-01-01T00:00:00Z",
        }
        ended = {
            "name": pod["spec"]["containers"][0]["name"],
            "image": "",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ending},
        }
        self._report(pod, {"phase": "Failed" if code else "Succeeded", "containerStatuses": [ended]})

    def _fail(self) -> TrainingFailed:
        assert self.training_fails is not None
        return TrainingFailed(reason=self.training_fails, message="as the test wants it. Next: nothing.")

    def _succeed(self, order: TrainingOrder) -> TrainingSucceeded:
        data_hash, digest = _sha256(order.recipe.data.model_dump_json()), _sha256(order.recipe_hash)
        tags = {
            names.REGISTRY_LABEL_TAG + order.label: order.recipe_hash,
            names.TAG_FINGERPRINT: digest,
            names.TAG_RECIPE_HASH: order.recipe_hash,
            names.TAG_DATA_HASH: data_hash,
            names.TAG_GIT_COMMIT: COMMIT,
            names.TAG_GIT_AUTHOR: AUTHOR,
            names.TAG_ARTIFACT_DIGEST: digest,
            names.TAG_MODEL_UID: order.model_uid,
            names.TAG_METRICS: json.dumps(METRICS),
        }
        if trials := trials_of(order.recipe):
            tags[names.TAG_SEARCH_RESULT] = _best_is_first(trials).model_dump_json(by_alias=True, exclude_none=True)
        version = self._mlflow.register(order.registered_model, tags)
        return TrainingSucceeded(
            runID=version["run_id"],
            registry_version=version["version"],
            fingerprint=digest,
            recipe_hash=order.recipe_hash,
            data_hash=data_hash,
            artifact_digest=digest,
            reused=False,
            metrics=METRICS,
        )

    def _report(self, pod: Manifest, status: Manifest) -> None:
        self._api.request("PATCH", f"{self._path('pods')}/{pod['metadata']['name']}/status", {"status": status})

    def _path(self, plural: str) -> str:
        return f"/api/v1/namespaces/{self._namespace}/{plural}"


def _best_is_first(trials: tuple[Trial, ...]) -> SearchResult:
    best = BestTrial(trial=trials[0].number, accuracy="0.9", parameters=trials[0].parameters)
    return SearchResult(trials=len(trials), failed=0, best=best)


def _look_up(document: str) -> LookedUp | TrainingFailed:
    """What the trainer answers, without its pod."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(Path(name), Path(name), Path(name) / "log", 1_000_000, 30)
        try:
            return look_up(LookUpOrder.model_validate_json(document), settings)
        except TrainingError as error:
            return TrainingFailed(reason=error.reason, message=error.message)


def _environment(pod: Manifest) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in pod["spec"]["containers"][0].get("env", [])}


def _answers(pod: Manifest) -> tuple[str, str]:
    variables = _environment(pod)
    return variables[names.ServerVariable.VERSION], variables[names.ServerVariable.DIGEST]


def _model(pod: Manifest) -> str:
    return pod["metadata"]["labels"]["app.kubernetes.io/instance"]


def _is_ready(pod: Manifest) -> bool:
    conditions: list[Manifest] = pod.get("status", {}).get("conditions") or []
    return any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)


def _ready() -> list[Manifest]:
    since = "2026-01-01T00:00:00Z"
    return [{"type": kind, "status": "True", "lastTransitionTime": since} for kind in ("Ready", "ContainersReady")]


def _runs(pod: Manifest) -> Manifest:
    name = pod["spec"]["containers"][0]["name"]
    return {"name": name, "image": "", "imageID": "", "ready": True, "restartCount": 0, "state": {"running": {}}}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _handler(node: PlayedNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            _, namespace, service, *_ = self.path.split("/")
            answer = node.asked(namespace, service)
            body: dict[str, Any] = {"sentiment": "positive", "probability": 0.9, "version": answer[0]} if answer else {}
            content = json.dumps(body).encode()
            self.send_response(200 if answer else 503)
            for header, value in zip(("X-Model-Version", "X-Model-Digest"), answer or (), strict=False):
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
