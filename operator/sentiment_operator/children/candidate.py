"""What a rollout adds for its time: the candidate's pods, an address of their own, and what the servers are told of it.

The pod template is the one that the model's Deployment gets when the candidate takes over, to the letter: then its pods
are handed over as they are. A candidate that answers copies only is labelled otherwise, so that nothing counts it in.
"""

from sentiment_contract.names import VERSION_LABEL
from sentiment_contract.rollout import SETTING_FILE, Mirror, RolloutSetting, ServedArtifact
from sentiment_operator import names
from sentiment_operator.api.revision import SentimentModelRevisionSpec
from sentiment_operator.children.deployment import pod_template, rolling
from sentiment_operator.children.metadata import child
from sentiment_operator.deciding.plan import Candidate
from sentiment_operator.facts.observed import ChildKind, Manifest, Model
from sentiment_operator.rollout.stages import Flow
from sentiment_operator.settings import Settings


def candidate_deployment(model: Model, candidate: Candidate, settings: Settings) -> Manifest:
    """Its Deployment, which says in an annotation how far the rollout is."""
    label, component = candidate.revision.spec.version, _component(candidate)
    head = child(
        "apps/v1",
        "Deployment",
        model,
        version=label,
        component=component,
        name=names.child_name(model.name, ChildKind.CANDIDATE),
    )
    progress = candidate.progress.model_dump_json(by_alias=True, exclude_none=True)
    return {
        **head,
        "metadata": {**head["metadata"], "annotations": {names.ROLLOUT_ANNOTATION: progress}},
        "spec": {
            "replicas": candidate.stage.pods,
            "selector": {"matchLabels": {**names.identity_labels(model.name, component), VERSION_LABEL: label}},
            # Whoever takes its pods over shares out anew how many each version has, by what each was allowed before. Allowed
            # as many as both have together, it gets no more than it has: no pod ends for one that has yet to start.
            **rolling(model, settings, max(1, candidate.stage.beside)),
            "template": pod_template(model, candidate.revision.spec, settings, component),
        },
    }


def candidate_service(model: Model, candidate: Candidate) -> Manifest:
    """An address of the candidate alone: for copies of requests, for a router, and for whoever wants to try it."""
    label, component = candidate.revision.spec.version, _component(candidate)
    name = names.child_name(model.name, ChildKind.CANDIDATE_SERVICE)
    return {
        **child("v1", "Service", model, version=label, component=component, name=name),
        "spec": {
            "type": "ClusterIP",
            "selector": {**names.identity_labels(model.name, component), VERSION_LABEL: label},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def rollout_setting(model: Model, candidate: Candidate) -> Manifest | None:
    """The ConfigMap that is mounted into every serving pod; None where they have nothing to do but to serve."""
    compares = model.spec.rollout.analysis.max_disagreement_percent is not None
    copies = candidate.stage.flow is Flow.COPIES and candidate.progress.since is not None
    if not compares and not copies:
        return None
    setting = RolloutSetting(
        candidate=_artifact(candidate.revision.spec),
        baseline=_artifact(candidate.stable.spec) if compares else None,
        mirror=Mirror(url=_address(model), percent=candidate.stage.weight) if copies else None,
    )
    name = names.child_name(model.name, ChildKind.ROLLOUT_SETTING)
    return {
        **child("v1", "ConfigMap", model, name=name),
        "data": {SETTING_FILE: setting.model_dump_json(by_alias=True, exclude_none=True)},
    }


def _component(candidate: Candidate) -> str:
    return names.SHADOW if candidate.stage.flow is Flow.COPIES else names.SERVER


def _address(model: Model) -> str:
    return f"http://{names.child_name(model.name, ChildKind.CANDIDATE_SERVICE)}.{model.namespace}.svc"


def _artifact(revision: SentimentModelRevisionSpec) -> ServedArtifact:
    return ServedArtifact(
        version=revision.version,
        digest=revision.artifact_digest,
        trackingURL=revision.registry.tracking_url,
        registered_model=revision.registry.model_name,
        registry_version=revision.registry.version,
    )
