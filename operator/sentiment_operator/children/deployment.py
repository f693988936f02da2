"""The pods that serve one revision, replaced without a gap when it changes."""

import json

from sentiment_contract.names import HTTP_PORT, METRICS_PORT, ServerVariable
from sentiment_contract.rollout import SETTING_DIRECTORY, SETTING_FILE
from sentiment_operator import names
from sentiment_operator.api.resources import SERVER_RESOURCES
from sentiment_operator.api.revision import SentimentModelRevisionSpec
from sentiment_operator.children.metadata import child
from sentiment_operator.children.pods import container_security, pod_security, resources
from sentiment_operator.facts.observed import ChildKind, Manifest, Model, Revision
from sentiment_operator.reading.in_force import written
from sentiment_operator.settings import Settings

CACHE = "/var/cache/sentiment"
MAX_SURGE = 1
SECONDS_UNTIL_NO_NEW_REQUESTS = 5
"""Endpoints are taken away while the pod is told to end: requests go on arriving until every node has heard of it."""
SECONDS_TO_START = 60
"""Until then nobody asks whether a server is alive: imports may take long on a busy node."""


def deployment(
    model: Model, revision: Revision, settings: Settings, *, paused: bool = False, surge: int = MAX_SURGE
) -> Manifest:
    """The Deployment. It names no replicas: those belong to the autoscaler, or are set through /scale.

    `paused`: it waits for the pods of a candidate, which are to become its own. `surge`: so many pods it may have beyond
    those that are wanted.
    """
    head = child("apps/v1", "Deployment", model, version=revision.spec.version)
    return {
        **head,
        "metadata": {**head["metadata"], "annotations": {names.IN_FORCE_ANNOTATION: written(model)}},
        "spec": {
            "selector": {"matchLabels": names.identity_labels(model.name, names.SERVER)},
            "paused": paused,
            **rolling(model, settings, surge),
            "template": pod_template(model, revision.spec, settings),
        },
    }


def rolling(model: Model, settings: Settings, surge: int = MAX_SURGE) -> Manifest:
    """How pods are replaced: a new one has to answer before an old one goes."""
    return {
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": model.spec.rollout.progress_deadline_seconds or settings.progress_deadline_seconds,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": surge}},
    }


def pod_template(
    model: Model, revision: SentimentModelRevisionSpec, settings: Settings, component: str = names.SERVER
) -> Manifest:
    """A pod that serves the revision."""
    return {
        "metadata": {
            "labels": names.labels(model, component, revision.version),
            "annotations": _annotations(revision),
        },
        "spec": {
            "serviceAccountName": model.name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 30,
            "securityContext": pod_security(),
            "containers": [_container(model, revision, settings)],
            "volumes": [
                {"name": "cache", "emptyDir": {"sizeLimit": "2Gi"}},
                {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
                # It is there while a rollout runs. That it comes and goes must not restart a pod.
                {"name": "rollout", "configMap": {"name": _setting(model), "optional": True}},
            ],
        },
    }


def _container(model: Model, revision: SentimentModelRevisionSpec, settings: Settings) -> Manifest:
    return {
        "name": "server",
        "image": settings.server_image,
        "imagePullPolicy": settings.image_pull_policy,
        "env": [{"name": name, "value": value} for name, value in _environment(model, revision).items()],
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": resources(model.spec.serving.resources, SERVER_RESOURCES),
        "securityContext": container_security(),
        # Ready as soon as it can answer. A server that waits for its artifact is alive. No startupProbe: what it found, the
        # kubelet would act upon only with its next look at the container runtime, up to a second later.
        "readinessProbe": _probe("/readyz?wait", period=1, failures=3),
        "livenessProbe": {**_probe("/healthz", period=10, failures=6), "initialDelaySeconds": SECONDS_TO_START},
        "lifecycle": {"preStop": {"sleep": {"seconds": SECONDS_UNTIL_NO_NEW_REQUESTS}}},
        "volumeMounts": [
            {"name": "cache", "mountPath": CACHE},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "rollout", "mountPath": SETTING_DIRECTORY, "readOnly": True},
        ],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _setting(model: Model) -> str:
    return names.child_name(model.name, ChildKind.ROLLOUT_SETTING)


def _probe(path: str, *, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def _environment(model: Model, revision: SentimentModelRevisionSpec) -> dict[str, str]:
    return {
        ServerVariable.MODEL: model.name,
        ServerVariable.VERSION: revision.version,
        ServerVariable.DIGEST: revision.artifact_digest,
        ServerVariable.TRACKING_URL: revision.registry.tracking_url,
        ServerVariable.REGISTERED_MODEL: revision.registry.model_name,
        ServerVariable.REGISTRY_VERSION: revision.registry.version,
        ServerVariable.CACHE_DIRECTORY: CACHE,
        ServerVariable.ROLLOUT_FILE: f"{SETTING_DIRECTORY}/{SETTING_FILE}",
        ServerVariable.LINEAGE: json.dumps(_lineage(revision), sort_keys=True),
    }


def _lineage(revision: SentimentModelRevisionSpec) -> dict[str, str]:
    return {
        "gitCommit": revision.git_commit,
        "dataHash": revision.data_hash,
        "recipeHash": revision.recipe_hash,
        "fingerprint": revision.fingerprint,
        "runID": revision.registry.run_id,
        "registryVersion": revision.registry.version,
        "environmentHash": revision.environment_hash,
    }


def _annotations(revision: SentimentModelRevisionSpec) -> dict[str, str]:
    commit = {names.COMMIT_ANNOTATION: revision.git_commit} if revision.git_commit else {}
    return {
        names.ARTIFACT_DIGEST_ANNOTATION: revision.artifact_digest,
        names.DATA_HASH_ANNOTATION: revision.data_hash,
        names.RUN_ANNOTATION: revision.registry.run_id,
        **commit,
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(METRICS_PORT),
    }
