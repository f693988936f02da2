"""A cluster with MLflow that is small enough to be understood, so that the core can be watched until nothing moves.

Every object is the raw body that a real API server would hold, and reaches the core through the same readers as in
production. The controllers make one small move at a time, so that a test can put anything between two of them. The
operator here is the pass of passes/reconcile.py without its loop and its clients: it can be killed, be late, or be made blind.
"""

import hashlib
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sentiment_contract.gates import COMPARISON_VARIABLE, Compared, ComparisonOrder
from sentiment_contract.look_up import LOOK_UP_VARIABLE, LookedUp, LookUpOrder
from sentiment_contract.names import RETRY_ANNOTATION, VERSION_LABEL, ServerVariable
from sentiment_contract.search import GroupSearched
from sentiment_contract.training import (
    EXIT_CODES,
    ORDER_VARIABLE,
    FailureReason,
    TrainingFailed,
    TrainingOrder,
    TrainingSucceeded,
)
from sentiment_operator import children, names
from sentiment_operator.api.approval import SentimentModelApprovalSpec
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.promotion import ApprovalEvidence
from sentiment_operator.api.revision import SentimentModelRevisionStatus
from sentiment_operator.api.status import HistoryEntry, SentimentModelStatus
from sentiment_operator.deciding.approving import answers_for
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Compare, Plan, Record, Seal, Search, TakeOver, Train
from sentiment_operator.deciding.sealing import sealed
from sentiment_operator.facts.observed import (
    Answered,
    ChildKind,
    Head,
    Manifest,
    Model,
    Observed,
    RegisteredVersion,
    RegistryAnswer,
    RegistryAway,
    RegistryFacts,
    RegistryNotAsked,
    Revision,
    ServiceProbe,
)
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, HTTP_ROUTE, JOB, MODEL, POD, REVISION, SERVICE, SERVING, Kind
from sentiment_operator.passes.report import began, served
from sentiment_operator.preview.preview import with_preview
from sentiment_operator.probing.pod_metrics import of_versions
from sentiment_operator.reading import extract, workload
from sentiment_operator.reading.difference import is_subset
from sentiment_operator.reading.raw import (
    annotations_of,
    controller_uid,
    is_deleting,
    is_look_up,
    is_unfinished,
    labels_of,
    uid_of,
)
from sentiment_operator.settings import Settings
from sentiment_operator.telling.status import status
from tests.support.builders import NOW, SETTINGS

NAMESPACE, NAME = "reviews", "imdb"
MOVE = timedelta(seconds=1)
"""How long a move of the cluster takes."""
PATIENCE = 1000
"""Turns after which something goes round in circles."""
REQUESTS_A_SECOND = 10
CRASH_EXIT_CODE = EXIT_CODES[FailureReason.TRAINER_ERROR]
SILENT_EXIT_CODE = 137
"""Of a pod that is killed before it can say a word."""
CRASHES = frozenset({CRASH_EXIT_CODE, SILENT_EXIT_CODE})
"""After which a Job makes another pod."""

Address = tuple[Kind, str]
Move = Callable[[], object]


class Conflict(Exception):
    """The object is not what the writer took it for."""


class Killed(Exception):
    """The operator's process ended in the middle of a pass."""


@dataclass(frozen=True)
class Start:
    """The creation of a training Job."""

    order: TrainingOrder
    at: datetime
    was_known: bool
    """MLflow knew the label already: this training was one too many."""


@dataclass(frozen=True)
class Comparison:
    """The creation of a Job that scores for gates."""

    name: str
    key: str
    order: ComparisonOrder
    was_known: bool
    """Evidence for this very question was on record already: this comparison was one too many."""


def _nothing_there(order: LookUpOrder) -> TrainingFailed:
    return TrainingFailed(reason=FailureReason.REVISION_NOT_FOUND, message="There is no such branch. Next: push it")


def _nothing_is_worse(order: ComparisonOrder) -> Compared:
    return Compared(figures=())


@dataclass
class World:
    """One namespace with one model, its MLflow, and the controllers that work on both."""

    now: datetime = NOW
    objects: dict[Address, Manifest] = field(default_factory=dict[Address, Manifest])
    """Bodies are replaced and never changed, so that what somebody has read stays as it was."""
    versions: tuple[RegisteredVersion, ...] = ()
    mlflow_is_away: bool = False
    fails: Callable[[TrainingOrder], FailureReason | None] = lambda _: None
    """Why a training of this order fails, None where it does not."""
    starts: list[Start] = field(default_factory=list[Start])
    """One for every training Job there ever was."""
    compares: Callable[[ComparisonOrder], Compared | TrainingFailed | None] = _nothing_is_worse
    """What a comparison of this order answers, None where it dies without a word."""
    comparisons: list[Comparison] = field(default_factory=list[Comparison])
    """One for every comparison Job there ever was."""
    hinders: Callable[[str], str | None] = lambda _: None
    """Why pods of that version do not become ready, None where they do."""
    answers: Callable[[str, int], Answered] = lambda _, seconds: Answered(requests=REQUESTS_A_SECOND * seconds)
    """What a pod of that version answered within so many seconds."""
    is_mute: bool = False
    """No pod tells what it answered."""
    holds: Callable[[LookUpOrder], LookedUp | TrainingFailed] = _nothing_there
    """What a look at a branch finds."""
    head: Head | None = None
    """What the git server tells the operator."""
    looks: list[str] = field(default_factory=list[str])
    """Names of every Job that looked at a branch."""
    routed_to: str = ""
    """Name of the pod that the Service leads to. It follows the pods with delay, and no watch tells of it."""
    refuses_routes: str | None = None
    """Why the Gateway takes no route; empty: there is no Gateway, so nothing is said of any; None: it takes them."""
    gateway_sleeps: bool = False
    """Its controller is away: what it leads requests to stays as it was."""
    led_to: dict[str, int] = field(default_factory=dict[str, int])
    """Service → weight, as the Gateway leads requests by now. It follows the HTTPRoute with delay."""
    changes: int = 0
    next_move_at: datetime = NOW

    # The verbs of an API server

    def of(self, kind: Kind) -> list[Manifest]:
        """Every object of the kind, the oldest first."""
        return [body for (known, _), body in self.objects.items() if known == kind]

    def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Store an object that must not exist yet."""
        if (kind, manifest["metadata"]["name"]) in self.objects:
            raise Conflict
        if kind == JOB and workload.is_comparison(manifest):
            self.comparisons.append(self._comparison(manifest))
        elif kind == JOB and is_look_up(manifest):
            self.looks.append(manifest["metadata"]["name"])
        elif kind == JOB:
            order = order_of(manifest["spec"]["template"])
            self.starts.append(Start(order, self.now, any(order.label in one.labels for one in self.versions)))
        return self.write(kind, manifest)

    def apply(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        """Every field as desired; what only others set stays, and an object that is new gets the server's defaults."""
        live = self.objects.get((kind, manifest["metadata"]["name"]), {})
        if uid and (not live or uid_of(live) != uid):
            raise Conflict
        if "spec" not in manifest:
            return self.write(kind, {**live, **manifest})
        others = {name: live["spec"][name] for name in ("replicas", "clusterIP") if live and name in live["spec"]}
        return self.write(kind, {**live, **manifest, "spec": {**_DEFAULTS.get(kind, {}), **others, **manifest["spec"]}})

    def write(self, kind: Kind, body: Manifest) -> Manifest:
        """Store the object with what the server itself writes into metadata."""
        self.changes += 1
        address = kind, body["metadata"]["name"]
        live = self.objects.get(address, _UNBORN)
        born: Manifest = {"uid": f"uid-{self.changes}", "creationTimestamp": timestamp(self.now), "generation": 0}
        kept: Manifest = {name: live["metadata"].get(name, born[name]) for name in born}
        changing: Manifest = {
            "generation": kept["generation"] + (live.get("spec") != body.get("spec")),
            "resourceVersion": str(self.changes),
        }
        self.objects[address] = {**body, "metadata": {**body["metadata"], **kept, **changing}}
        return self.objects[address]

    def write_status(self, kind: Kind, name: str, after: Manifest, seen: Manifest | None = None) -> Manifest:
        """Replace the whole status. `seen`: only of an object that nobody has written to since it was read."""
        live = self.objects.get((kind, name))
        if live is None or (seen is not None and live["metadata"] != seen["metadata"]):
            raise Conflict
        if kind == REVISION:
            _assert_nothing_is_lost(live.get("status", {}), after)
        return self.write(kind, {**live, "status": after})

    def delete(self, kind: Kind, name: str) -> None:
        """Remove the object; the garbage collector takes what belonged to it later."""
        if self.objects.pop((kind, name), None) is not None:
            self.changes += 1

    # A person

    def edit(self, wanted: SentimentModelSpec) -> None:
        """Apply a spec, whatever was there before."""
        live = self.objects.get((MODEL, NAME), {"metadata": {"name": NAME, "namespace": NAMESPACE}, "kind": MODEL.name})
        spec = wanted.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self.write(MODEL, {**live, "metadata": self._edited(live["metadata"]), "spec": spec})

    def scale(self, name: str, replicas: int) -> None:
        """What an autoscaler does, and whoever types `kubectl scale`."""
        live = self.objects[DEPLOYMENT, name]
        self.write(DEPLOYMENT, {**live, "spec": {**live["spec"], "replicas": replicas}})

    def annotate_retry(self, value: str) -> None:
        """Ask for another try."""
        live = self.objects[MODEL, NAME]
        self.write(
            MODEL, {**live, "metadata": self._edited(live["metadata"]) | {"annotations": {RETRY_ANNOTATION: value}}}
        )

    def answer_for(
        self, by: str, label: str, decision: str = "Approve", *, digest: str = "", name: str = ""
    ) -> Manifest:
        """Approve or reject a version: the one that MLflow knows, unless a digest is given."""
        known = next((one.artifact_digest for one in self.versions if label in one.labels), "0" * 64)
        spec = {
            "modelRef": {"name": NAME},
            "version": label,
            "revisionDigest": digest or known,
            "decision": decision,
            "approvedBy": by,
        }
        SentimentModelApprovalSpec.model_validate(spec)
        metadata = {"name": name or f"{label}-{by}-{self.changes}", "namespace": NAMESPACE}
        return self.create(APPROVAL, {"kind": APPROVAL.name, "metadata": metadata, "spec": spec})

    def _edited(self, metadata: Manifest) -> Manifest:
        return {**metadata, "managedFields": [{"manager": "kubectl", "time": timestamp(self.now)}]}

    # The controllers

    def moves(self) -> list[Move]:
        """What could happen next in the cluster, each a small step of one controller. Empty: nothing moves any more."""
        return [
            *self._job_moves(),
            *self._deployment_moves(),
            *self._route_moves(),
            *self._gateway_moves(),
            *self._garbage_moves(),
        ]

    def _job_moves(self) -> Iterator[Move]:
        for job in filter(is_unfinished, self.of(JOB)):
            yield self.move_of(job)

    def move_of(self, job: Manifest) -> Move:
        """What happens next to an unfinished Job."""
        pods = self.pods_of(job)
        crashed = [pod for pod in pods if exit_code_of(pod) in CRASHES]
        last = pods[-1] if pods else None
        if last is None or (last in crashed and len(crashed) <= job["spec"]["backoffLimit"]):
            return partial(self._start_training_pod, job, len(pods))
        if last["status"]["phase"] == "Pending":
            return partial(self._run, job, last)
        if last["status"]["phase"] == "Running":
            return partial(self._train, last)
        return partial(self._finish, job, last)

    def _start_training_pod(self, job: Manifest, number: int) -> None:
        template = job["spec"]["template"]
        self.write(POD, pod_of(f"{job['metadata']['name']}-{number}", template, job, {"phase": "Pending"}))
        self.write_status(JOB, job["metadata"]["name"], {"startTime": timestamp(self.now), "active": 1})

    def _run(self, job: Manifest, pod: Manifest) -> None:
        self.write_status(POD, pod["metadata"]["name"], {"phase": "Running"})
        self.write_status(JOB, job["metadata"]["name"], {**job["status"], "ready": 1})

    def _comparison(self, manifest: Manifest) -> Comparison:
        variables = _variables(manifest["spec"]["template"])
        order = ComparisonOrder.model_validate_json(variables[COMPARISON_VARIABLE])
        known = self.evidence_of(order.candidate.version)
        name, retry = manifest["metadata"]["name"], annotations_of(self.objects[MODEL, NAME]).get(RETRY_ANNOTATION, "")
        return Comparison(
            name=name,
            key=annotations_of(manifest)[names.COMPARISON_ANNOTATION],
            order=order,
            was_known=any(_answers(entry, order, retry) for entry in known),
        )

    def evidence_of(self, label: str) -> list[Manifest]:
        """What stands in the revision of that label about its gates."""
        revision = self.objects.get((REVISION, f"{NAME}.{label}"), {})
        return revision.get("status", {}).get("gates", [])

    def _train(self, pod: Manifest) -> None:
        """One step of the trainer: it registers what it learnt, and says so in a step of its own."""
        if COMPARISON_VARIABLE in _variables(pod):
            self._compare(pod)
            return
        if LOOK_UP_VARIABLE in _variables(pod):
            found = self.holds(LookUpOrder.model_validate_json(_variables(pod)[LOOK_UP_VARIABLE]))
            self.end_pod(pod, EXIT_CODES[found.reason] if isinstance(found, TrainingFailed) else 0, found)
            return
        order = order_of(pod)
        if (reason := self.reason_to_fail(order)) is not None:
            answer = TrainingFailed(reason=reason, message=f"{reason} happened. Next: mend it")
            self.end_pod(pod, EXIT_CODES[reason], answer)
        elif (known := next((one for one in self.versions if order.label in one.labels), None)) is not None:
            self.end_pod(pod, 0, _success(known, order))
        else:
            self.versions = _registered(self.versions, order)

    def _compare(self, pod: Manifest) -> None:
        answer = self.compares(ComparisonOrder.model_validate_json(_variables(pod)[COMPARISON_VARIABLE]))
        if self.mlflow_is_away:
            answer = TrainingFailed(reason=FailureReason.REGISTRY_UNREACHABLE, message="MLflow is away. Next: wait")
        if answer is None:
            self.end_pod(pod, SILENT_EXIT_CODE, answer)
        else:
            self.end_pod(pod, EXIT_CODES[answer.reason] if isinstance(answer, TrainingFailed) else 0, answer)

    def reason_to_fail(self, order: TrainingOrder) -> FailureReason | None:
        """Why the trainer fails, None where it does not."""
        if self.mlflow_is_away:
            return FailureReason.REGISTRY_UNREACHABLE
        others = [one for one in self.versions if one.labels.get(order.label, order.recipe_hash) != order.recipe_hash]
        return FailureReason.VERSION_CONFLICT if others else self.fails(order)

    def end_pod(
        self,
        pod: Manifest,
        code: int,
        answer: TrainingSucceeded | TrainingFailed | Compared | LookedUp | GroupSearched | None,
    ) -> None:
        """Let the pod end with this answer."""
        message = answer.model_dump_json(by_alias=True) if answer is not None else ""
        ended = {"exitCode": code, "message": message, "finishedAt": timestamp(self.now)}
        phase = "Failed" if code else "Succeeded"
        status = {"phase": phase, "containerStatuses": [{"name": "trainer", "state": {"terminated": ended}}]}
        self.write_status(POD, pod["metadata"]["name"], status)

    def _finish(self, job: Manifest, pod: Manifest) -> None:
        code = exit_code_of(pod)
        found = {"type": "Failed" if code else "Complete", "status": "True", "lastTransitionTime": timestamp(self.now)}
        if code:
            found["reason"] = "BackoffLimitExceeded" if code in CRASHES else "PodFailurePolicy"
        self.write_status(
            JOB, job["metadata"]["name"], {"startTime": job["status"]["startTime"], "conditions": [found]}
        )

    def _deployment_moves(self) -> Iterator[Move]:
        for deployment in self.of(DEPLOYMENT):
            yield from self._moves_of(deployment)

    def _moves_of(self, deployment: Manifest) -> Iterator[Move]:
        if is_deleting(deployment):
            yield partial(self._let_go, deployment)
            return
        orphans = [pod for pod in self.of(POD) if not controller_uid(pod) and _selects(deployment, pod)]
        if orphans:
            yield partial(self._adopt, deployment, orphans[0])
        staying = [pod for pod in self.pods_of(deployment) if not is_deleting(pod)]
        updated = [pod for pod in staying if _runs_template(pod, deployment)]
        unready = [pod for pod in updated if not workload.is_ready(pod)]
        starting = [pod for pod in unready if self.hinders(_version_of(pod)) is None]
        for pod in unready:
            if pod not in starting and pod["status"] != (told := self._unready(_version_of(pod))):
                yield partial(self.write_status, POD, pod["metadata"]["name"], told)
        wanted, is_paused = deployment["spec"]["replicas"], bool(deployment["spec"].get("paused"))
        ready = [pod for pod in updated if workload.is_ready(pod)]
        if len(updated) < wanted and not is_paused:
            yield partial(self._start_serving_pod, deployment)
        elif starting:
            yield partial(self.write_status, POD, starting[0]["metadata"]["name"], self._readiness())
        elif len(staying) > wanted and len(ready) >= wanted:
            # No pod goes before the new ones answer: maxUnavailable is 0.
            surplus = [pod for pod in staying if pod not in updated] or updated
            yield partial(self._end_serving_pod, surplus[0])
        counts = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(staying),
            "updatedReplicas": len(updated),
            "availableReplicas": len([pod for pod in staying if workload.is_ready(pod)]),
        }
        if deployment.get("status") != counts:
            yield partial(self.write_status, DEPLOYMENT, deployment["metadata"]["name"], counts)

    def _readiness(self) -> Manifest:
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": timestamp(self.now)}
        return {"phase": "Running", "conditions": [condition]}

    def _adopt(self, deployment: Manifest, pod: Manifest) -> None:
        reference = {"uid": uid_of(deployment), "controller": True}
        self.write(POD, {**pod, "metadata": {**pod["metadata"], "ownerReferences": [reference]}})

    def _let_go(self, deployment: Manifest) -> None:
        """What the garbage collector does for a deletion that orphans: pod by pod, and then the Deployment itself."""
        pods = self.pods_of(deployment)
        if pods:
            self.write(POD, {**pods[0], "metadata": {**pods[0]["metadata"], "ownerReferences": []}})
        else:
            self.delete(DEPLOYMENT, deployment["metadata"]["name"])

    def orphan(self, name: str) -> Manifest | None:
        """Delete a Deployment and leave its pods."""
        live = self.objects.get((DEPLOYMENT, name))
        if live is None:
            return None
        return self.write(
            DEPLOYMENT, {**live, "metadata": {**live["metadata"], "deletionTimestamp": timestamp(self.now)}}
        )

    def _start_serving_pod(self, deployment: Manifest) -> None:
        template, name = deployment["spec"]["template"], deployment["metadata"]["name"]
        self.write(POD, pod_of(f"{name}-{self.changes}", template, deployment, self._unready(_version_of(template))))

    def _unready(self, version: str) -> Manifest:
        why = self.hinders(version)
        waiting: Manifest = {"state": {"waiting": {"reason": why, "message": f"{why} happened"}}}
        return {"phase": "Running"} | ({"containerStatuses": [waiting]} if why else {})

    def _end_serving_pod(self, pod: Manifest) -> None:
        metadata = {**pod["metadata"], "deletionTimestamp": timestamp(self.now)}
        self.write(POD, {**pod, "metadata": metadata, "status": {"phase": "Running"}})

    def _route_moves(self) -> Iterator[Move]:
        service = self.objects.get((SERVICE, NAME), {"spec": {"selector": {"nothing": "is there"}}})
        selected = [pod for pod in self.serving_pods() if service["spec"]["selector"].items() <= labels_of(pod).items()]
        ready = [pod["metadata"]["name"] for pod in selected if workload.is_ready(pod)]
        if ready and self.routed_to not in ready:
            yield partial(setattr, self, "routed_to", ready[0])

    def _gateway_moves(self) -> Iterator[Move]:
        routes = self.of(HTTP_ROUTE)
        if self.gateway_sleeps:
            return
        if not routes and self.led_to:
            yield partial(setattr, self, "led_to", {})
        for route in routes:
            if route.get("status", {}) != self._answer_to(route) or self.led_to != self._led_by(route):
                yield partial(self._follow, route)

    def _follow(self, route: Manifest) -> None:
        self.led_to = self._led_by(route)
        self.write_status(HTTP_ROUTE, route["metadata"]["name"], self._answer_to(route))

    def _led_by(self, route: Manifest) -> dict[str, int]:
        backends = route["spec"]["rules"][0]["backendRefs"] if self.refuses_routes is None else []
        return {backend["name"]: backend["weight"] for backend in backends}

    def _answer_to(self, route: Manifest) -> Manifest:
        if self.refuses_routes == "":
            return {}
        accepted: Manifest = {
            "type": "Accepted",
            "status": "True" if self.refuses_routes is None else "False",
            "reason": self.refuses_routes or "Accepted",
            "message": "",
            "observedGeneration": route["metadata"]["generation"],
        }
        (parent,) = route["spec"]["parentRefs"]
        return {"parents": [{"parentRef": parent, "controllerName": "played", "conditions": [accepted]}]}

    def _garbage_moves(self) -> Iterator[Move]:
        owners = {uid_of(body) for body in self.objects.values()}
        for pod in self.of(POD):
            if is_deleting(pod) or (controller_uid(pod) and controller_uid(pod) not in owners):
                yield partial(self.delete, POD, pod["metadata"]["name"])

    def pods_of(self, owner: Manifest) -> list[Manifest]:
        """The pods that the object controls, the oldest first."""
        return [pod for pod in self.of(POD) if controller_uid(pod) == uid_of(owner)]

    # Whoever asks

    def known_versions(self) -> RegistryFacts:
        """What MLflow answers."""
        return RegistryAway("connection refused") if self.mlflow_is_away else RegistryAnswer(self.versions)

    def serving_pods(self, *, with_shadows: bool = False) -> list[Manifest]:
        """Pods that serve, those included that are ending."""
        return [pod for pod in self.of(POD) if _is_serving(pod) and (with_shadows or not _is_shadow(pod))]

    def answered(self) -> dict[str, Answered]:
        """What the metrics of the pods tell, by version."""
        parts: dict[str, Answered | None] = {}
        pods = self.serving_pods(with_shadows=True)
        for pod in filter(workload.is_ready, pods):
            since = datetime.fromisoformat(pod["status"]["conditions"][0]["lastTransitionTime"])
            found = self.answers(_version_of(pod), int((self.now - since).total_seconds()))
            parts[pod["metadata"]["name"]] = None if self.is_mute else replace(found, comparing=1)
        return of_versions(pods, parts)

    def answer(self) -> ServiceProbe:
        """What a review sent through the Service gets."""
        pod = self.objects.get((POD, self.routed_to))
        if pod is None or (SERVICE, NAME) not in self.objects:
            return ServiceProbe("", "", "no pod answers")
        variables = _variables(pod)
        return ServiceProbe(variables[ServerVariable.VERSION], variables[ServerVariable.DIGEST], "")


_UNBORN: Manifest = {"metadata": {}}
_DEFAULTS: dict[Kind, Manifest] = {DEPLOYMENT: {"replicas": 1}, SERVICE: {"clusterIP": "10.0.0.1"}}


def pod_of(name: str, template: Manifest, owner: Manifest, status: Manifest) -> Manifest:
    """A pod of that template."""
    reference = {"uid": uid_of(owner), "controller": True}
    metadata = {**template["metadata"], "name": name, "namespace": NAMESPACE, "ownerReferences": [reference]}
    return {"kind": POD.name, "metadata": metadata, "spec": template["spec"], "status": status}


def _runs_template(pod: Manifest, deployment: Manifest) -> bool:
    template = deployment["spec"]["template"]
    return pod["spec"] == template["spec"] and labels_of(pod) == labels_of(template)


def _is_serving(pod: Manifest) -> bool:
    return labels_of(pod)[names.COMPONENT_LABEL] in (names.SERVER, names.SHADOW)


def _is_shadow(pod: Manifest) -> bool:
    return labels_of(pod)[names.COMPONENT_LABEL] == names.SHADOW


def _version_of(body: Manifest) -> str:
    return labels_of(body)[VERSION_LABEL]


def _selects(deployment: Manifest, pod: Manifest) -> bool:
    return deployment["spec"]["selector"]["matchLabels"].items() <= labels_of(pod).items()


def _variables(pod: Manifest) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod["spec"]["containers"][0]["env"]}


def order_of(pod: Manifest) -> TrainingOrder:
    """What the pod was asked to train."""
    return TrainingOrder.model_validate_json(_variables(pod)[ORDER_VARIABLE])


def _assert_nothing_is_lost(before: Manifest, after: Manifest) -> None:
    """What was found out about a version stays on its record. An interval may come to be more than a trial."""
    for evidence in ("gates", "approvals", "failedRollouts"):
        assert [entry for entry in before.get(evidence, []) if entry not in after.get(evidence, [])] == [], evidence
    began = {entry["since"] for entry in after.get("serving", [])}
    for entry in before.get("serving", []):
        assert entry in after.get("serving", []) or (entry["reason"] == "OnTrial" and entry["since"] in began)


def _answers(evidence: Manifest, order: ComparisonOrder, retry: str) -> bool:
    """Whether the evidence tells what the comparison asks for one of its gates, and nobody asked for another try."""
    baseline = order.baseline.version if order.baseline is not None else ""
    final = evidence["verdict"] == "Passed" or evidence.get("retry", "") == retry
    asked = [
        (gate.name, gate.threshold or "", baseline if gate.compare_with is not None else "") for gate in order.gates
    ]
    told = evidence["name"], evidence.get("threshold", ""), evidence.get("baselineVersion", "")
    return final and told in asked


def exit_code_of(pod: Manifest) -> int | None:
    """How the pod ended, None while it has not."""
    statuses: list[dict[str, Any]] = pod["status"].get("containerStatuses", [])
    return next((entry["state"]["terminated"]["exitCode"] for entry in statuses), None)


def _registered(versions: tuple[RegisteredVersion, ...], order: TrainingOrder) -> tuple[RegisteredVersion, ...]:
    """MLflow after a training: one version for each fingerprint, and one more label on it."""
    fingerprint = hashlib.sha256(order.recipe.model_dump_json().encode()).hexdigest()
    label = {order.label: order.recipe_hash}
    known = next((one for one in versions if one.fingerprint == fingerprint), None)
    if known is not None:
        return tuple(replace(one, labels={**one.labels, **label}) if one is known else one for one in versions)
    new = RegisteredVersion(
        number=str(len(versions) + 1),
        run_id=f"run-{fingerprint[:8]}",
        labels=label,
        fingerprint=fingerprint,
        data_hash="d" * 64,
        git_commit="",
        git_author="ana@example.org",
        artifact_digest=hashlib.sha256(fingerprint.encode()).hexdigest(),
        environment_hash="e" * 64,
        image_digest=order.image_digest,
        metrics={"accuracy": "0.91"},
    )
    return (*versions, new)


def _success(known: RegisteredVersion, order: TrainingOrder) -> TrainingSucceeded:
    return TrainingSucceeded(
        runID=known.run_id,
        registry_version=known.number,
        fingerprint=known.fingerprint,
        recipe_hash=order.recipe_hash,
        data_hash=known.data_hash,
        artifact_digest=known.artifact_digest,
        reused=False,
        metrics=dict(known.metrics),
    )


# Who is tested


@dataclass
class Operator:
    """Passes over the one model, and what a process knows between them: the objects that the watches told of."""

    world: World
    settings: Settings = SETTINGS
    known: dict[Address, Manifest] = field(default_factory=dict[Address, Manifest])
    after_pass: Callable[["Operator", Manifest], None] = lambda _operator, _before: None
    """What has to hold after each pass that had heard everything; it is given the model as it was before."""
    before_rollout: Callable[["Operator", Model, Manifest], None] = lambda _operator, _model, _desired: None
    """What has to hold whenever the Deployment is about to be written; it is given the model as it was read."""
    heard: int = -1
    """Changes of the world that are known here."""
    due_at: datetime | None = None
    writes: list[str] = field(default_factory=list[str])
    """Every write, as verb and kind."""
    questions: list[str] = field(default_factory=list[str])
    """Everything that was asked beyond what the watches tell."""
    writes_left: int | None = None
    """How many more writes it lives for; None: it is not killed."""

    def restart(self) -> None:
        """A new process: it knows nothing but what stands there now."""
        self.writes_left, self.due_at = None, self.world.now
        self.hear()

    def hear(self) -> None:
        """Take in what the watches told."""
        self.known, self.heard = dict(self.world.objects), self.world.changes

    def hear_of(self, kind: Kind) -> None:
        """Take in what the watch of one kind told: every kind has its own, and none waits for another."""
        self._take(kind)

    def hear_and_pass(self) -> None:
        """A pass that knows what stands there now."""
        self.hear()
        before = self.known[MODEL, NAME]
        self.run_pass()
        self.after_pass(self, before)

    def run_pass(self) -> None:
        """Observe, decide, write, report."""
        model = extract.model(self.known[MODEL, NAME])
        observed, plan = self._decided(model)
        before = len(self.writes)
        self._perform(model, plan, observed)
        wrote = len(self.writes) > before
        self._report(model, status(model, observed, plan, self.world.now))
        self.due_at = self._next_due(plan, wrote=wrote)

    def is_due(self) -> bool:
        """Something was heard of, or the last pass asked for another one."""
        return self.heard < self.world.changes or (self.due_at is not None and self.due_at <= self.world.now)

    def _next_due(self, plan: Plan, *, wrote: bool) -> datetime | None:
        if wrote:
            return self.world.now
        return None if plan.requeue_after is None else self.world.now + timedelta(seconds=plan.requeue_after)

    def _decided(self, model: Model) -> tuple[Observed, Plan]:
        """Decide on what is known; where the decision asks for a fresh look, take it and decide again."""
        observed = self._observed(model)
        plan = self._plan(model, observed)
        if plan.needs_registry:
            self.questions.append("MLflow")
            observed = replace(observed, registry=self.world.known_versions())
            plan = self._plan(model, observed)
        if isinstance(plan.step, Train | Search | Compare) or plan.following.look_up is not None:
            self._list(JOB)
            observed = replace(self._observed(model), registry=observed.registry)
            plan = self._plan(model, observed)
        if plan.needs_pods:
            self._list(POD)
            observed = replace(self._observed(model), registry=observed.registry, pods_are_fresh=True)
            plan = self._plan(model, observed)
        if plan.needs_metrics:
            self.questions.append("metrics")
            observed = replace(observed, answered=self.world.answered())
            plan = self._plan(model, observed)
        if plan.needs_probe:
            self.questions.append("Service")
            probe = self.world.answer()
            self._list(POD)
            observed = replace(self._observed(model), registry=observed.registry, probe=probe, pods_are_fresh=True)
            plan = self._plan(model, observed)
        return observed, plan

    def _plan(self, model: Model, observed: Observed) -> Plan:
        plan = decide(model, observed, self.settings, self.world.now)
        return with_preview(plan, model, observed, self.settings, self.world.now)

    def _observed(self, model: Model) -> Observed:
        pods, jobs = self._all(POD), self._all(JOB)
        revisions = extract.revisions(self._all(REVISION), model.uid)
        return Observed(
            revisions=revisions,
            children={
                child: extract.child(self.known.get((kind, names.child_name(NAME, child))), model.uid)
                for child, kind in SERVING.items()
            },
            jobs=tuple(workload.training_job(job, pods, 0) for job in jobs if workload.is_training(job)),
            comparisons=tuple(workload.comparison_job(job, pods) for job in jobs if workload.is_comparison(job)),
            look_ups=tuple(workload.look_up_job(job, pods, model.uid) for job in jobs if is_look_up(job)),
            head=self.world.head,
            answers=self._answers(revisions.get(model.spec.wanted_label())),
            pods=tuple(workload.serving_pod(pod) for pod in pods if _is_serving(pod)),
            registry=RegistryNotAsked(),
        )

    def _answers(self, revision: Revision | None) -> tuple[ApprovalEvidence, ...]:
        return answers_for(self._all(APPROVAL), revision) if revision is not None else ()

    def _all(self, kind: Kind) -> list[Manifest]:
        return [body for (known, _), body in self.known.items() if known == kind]

    def _list(self, kind: Kind) -> None:
        self.questions.append(kind.name)
        self._take(kind)

    def _take(self, kind: Kind) -> None:
        others = {address: body for address, body in self.known.items() if address[0] != kind}
        self.known = others | {(kind, body["metadata"]["name"]): body for body in self.world.of(kind)}

    def _perform(self, model: Model, plan: Plan, observed: Observed) -> None:
        for name in plan.obsolete_jobs:
            self._delete(JOB, name)
        for name in plan.obsolete_revisions:
            self._delete(REVISION, name)
        if plan.following.look_up is not None:
            look_up = children.look_up_job(model, plan.following.look_up, self.settings)
            self._write("create", JOB, lambda: self.world.create(JOB, look_up))
        if isinstance(plan.step, Train):
            job = children.training_job(model, plan.step, self.settings)
            self._write("create", JOB, lambda: self.world.create(JOB, job))
        if isinstance(plan.step, Search):
            search = children.search_job(model, plan.step, self.settings)
            self._write("create", JOB, lambda: self.world.create(JOB, search))
        if isinstance(plan.step, Record):
            revision = children.revision(model, plan.step, self.settings)
            self._write("create", REVISION, lambda: self.world.create(REVISION, revision))
        if isinstance(plan.step, Compare):
            comparison = children.comparison_job(model, plan.step, self.settings)
            self._write("create", JOB, lambda: self.world.create(JOB, comparison))
        if isinstance(plan.step, Seal):
            self._add_to(plan.step.revision.name, sealed(plan.step))
        for child, desired in children.serving_children(model, plan, observed, self.settings).items():
            if child is ChildKind.DEPLOYMENT and desired is not None and not self._is_as(desired, DEPLOYMENT):
                self.before_rollout(self, model, desired)
            self._child(SERVING[child], names.child_name(NAME, child), desired)
        if isinstance(plan.step, TakeOver) and plan.step.hand_over:
            candidate = names.child_name(NAME, ChildKind.CANDIDATE)
            self._write("orphan", DEPLOYMENT, lambda: self.world.orphan(candidate))
        replicas = children.desired_replicas(model, observed)
        if replicas is not None and (DEPLOYMENT, NAME) in self.world.objects:
            live = self.world.objects[DEPLOYMENT, NAME]
            scaled = {**live, "spec": {**live["spec"], "replicas": replicas}}
            self._write("scale", DEPLOYMENT, lambda: self.world.write(DEPLOYMENT, scaled))

    def _is_as(self, desired: Manifest, kind: Kind) -> bool:
        live = self.known.get((kind, desired["metadata"]["name"]))
        return live is not None and is_subset(desired, live)

    def _child(self, kind: Kind, name: str, desired: Manifest | None) -> None:
        live = self.known.get((kind, name))
        if desired is None:
            if live is not None and not is_deleting(live):
                self._delete(kind, name)
        elif not self._is_as(desired, kind) and not (live is not None and is_deleting(live)):
            uid = uid_of(live) if live is not None else ""
            self._write("apply", kind, lambda: self.world.apply(kind, desired, uid))

    def _delete(self, kind: Kind, name: str) -> None:
        known, live = self.known.pop((kind, name)), self.world.objects.get((kind, name))
        # By uid: a successor of the same name is not meant.
        if live is not None and uid_of(live) == uid_of(known):
            self._write("delete", kind, lambda: self.world.delete(kind, name))

    def _report(self, model: Model, after: SentimentModelStatus) -> None:
        if after != model.status:
            wire = after.model_dump(mode="json", by_alias=True, exclude_none=True)
            self._write("status", MODEL, lambda: self.world.write_status(MODEL, NAME, wire))
        if after.history:
            self._begin_serving(model, self._observed(model), after.history[0])

    def _begin_serving(self, model: Model, observed: Observed, interval: HistoryEntry) -> None:
        revision = extract.revisions(self._all(REVISION), model.uid).get(interval.version)
        if revision is None or interval in revision.status.serving:
            return
        if served(revision, self.known[REVISION, revision.name], observed, interval):
            self._add_to(revision.name, began(revision.status, interval))

    def _add_to(self, name: str, after: SentimentModelRevisionStatus) -> None:
        """The status of a revision is added to, so nobody else may have added to it since it was read."""
        seen = self.known[REVISION, name]
        wire = after.model_dump(mode="json", by_alias=True, exclude_none=True)
        self._write("status", REVISION, lambda: self.world.write_status(REVISION, name, wire, seen))

    def _write(self, verb: str, kind: Kind, write: Callable[[], Manifest | None]) -> None:
        """One write, of which the operator knows at once; what others changed meanwhile it has still to hear of."""
        if self.writes_left == 0:
            raise Killed
        if self.writes_left is not None:
            self.writes_left -= 1
        self.writes.append(f"{verb} {kind.name}")
        before = self.world.changes
        try:
            body = write()
        except Conflict:
            # A watch will tell what stands there; until then this write is the next pass's.
            return
        self.heard += self.world.changes - before
        if body is not None:
            self.known[kind, body["metadata"]["name"]] = body


# Time


def turn(operator: Operator, end: datetime | None = None) -> bool:
    """One pass that is due, else one move of the cluster, else a jump to when one is. False: nothing is left to do."""
    world, moves = operator.world, operator.world.moves()
    if operator.is_due():
        operator.hear_and_pass()
        return True
    if moves and world.next_move_at <= world.now:
        moves[0]()
        world.next_move_at = world.now + MOVE
        return True
    waits = [operator.due_at, world.next_move_at if moves else None]
    soonest = min((moment for moment in waits if moment is not None), default=None)
    if soonest is None or (end is not None and soonest > end):
        world.now = end or world.now
        return False
    world.now = soonest
    return True


def branched(operator: Operator) -> Operator:
    """The same operator in the same world, to go on for themselves. Bodies are shared: they are replaced and never changed."""
    return _copied(replace(operator, world=_copied(operator.world)))


def _copied(one: Any) -> Any:
    held = {part.name: getattr(one, part.name) for part in fields(one)}
    return replace(one, **{name: copy(value) for name, value in held.items() if isinstance(value, dict | list)})


def every_moment(operator: Operator) -> Iterator[Operator]:
    """On the way to rest, a world of its own for each moment, the first and the last included."""
    moves = True
    while moves:
        yield branched(operator)
        moves = turn(operator)


def killed_before_each_write(operator: Operator, turned: Callable[[Operator], bool]) -> Iterator[Operator]:
    """On the way to rest, a world for each write of any pass in which the process ended before that write and began anew."""
    moves = True
    while moves:
        before, written = branched(operator), len(operator.writes)
        moves = turned(operator)
        for writes in range(len(operator.writes) - written):
            killed = branched(before)
            killed.writes_left = writes
            try:
                turned(killed)
            except Killed:
                killed.restart()
                yield killed
            else:
                raise AssertionError(f"it did not die before its write {written + writes + 1}: {killed.writes[-5:]}")


def until_quiet(operator: Operator) -> None:
    """Let passes and controllers take turns until nobody has anything left to do."""
    _take_turns(operator, None)


def for_seconds(operator: Operator, seconds: float) -> None:
    """Let passes and controllers take turns for so long."""
    _take_turns(operator, operator.world.now + timedelta(seconds=seconds))


def _take_turns(operator: Operator, end: datetime | None) -> None:
    for _ in range(PATIENCE):
        if not turn(operator, end):
            return
    raise AssertionError(f"after {PATIENCE} turns it still does not rest: {operator.writes[-10:]}")
