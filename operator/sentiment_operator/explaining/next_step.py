"""The one next step of a message: how it is put behind what was said, and the commands that it mostly is. Pure texts."""

import json
from typing import Protocol

from sentiment_contract.names import RETRY_ANNOTATION
from sentiment_operator import names
from sentiment_operator.api.model import API_VERSION, Serving
from sentiment_operator.facts.observed import Model, Refusal, Revision

NEXT = "Next:"
LONGEST_EXPLANATION = 2500
"""Characters. A step that is cut off helps nobody, so what stands before it is cut."""


class Named(Protocol):
    """Whatever is told of: a model, or as much of it as is known where its spec cannot be read."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


def then(what: str, step: str) -> str:
    """The message: what, where and why, then one step. Whoever spoke first was nearer, so a step of theirs is kept."""
    _, _, named = what.partition(NEXT)
    return f"{sentence(without_step(what)[:LONGEST_EXPLANATION])} {NEXT} {named.strip() or step}"


def add(message: str, more: str) -> str:
    """The message with one more sentence before its step."""
    what, mark, step = message.partition(NEXT)
    return f"{sentence(what)} {more} {mark}{step}"


def without_step(message: str) -> str:
    """What a message says before its next step."""
    return message.partition(NEXT)[0].strip()


def sentence(text: str) -> str:
    """The text with a full stop, unless it has an end of its own."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def find_registry() -> str:
    """Shows the pods of the chart's MLflow, wherever it was installed."""
    return f"kubectl get pods -A -l {names.selector({names.NAME_LABEL: names.MLFLOW})}"


def reach_registry(model: Model) -> str:
    """What to look at where MLflow is away: the chart's, or the one that the model names and the chart knows nothing of."""
    if model.spec.registry.tracking_url is None:
        return find_registry()
    return (
        "check spec.registry.trackingURL, that it answers from inside the cluster without a login, and that its port is in the"
        " chart's networkPolicy.registryPorts"
    )


def look_at_pods(model: Model, component: str, reason: str = "") -> str:
    """Shows why the pods of a component do not get on; where none may be made, what forbids it."""
    if reason == "FailedCreate":
        return look_at_limits(model)
    return (
        f"kubectl -n {model.namespace} describe pods -l {names.selector(names.identity_labels(model.name, component))}"
    )


def look_at_limits(model: Model) -> str:
    """Shows what limits the namespace, and what was refused there."""
    return f"kubectl -n {model.namespace} get resourcequota,limitrange,events"


def look_at_managers(model: Model, refusal: Refusal) -> str:
    """Shows who wrote which field of a child."""
    kind = refusal.kind.lower()
    return f"kubectl -n {model.namespace} get {kind} {refusal.name} -o yaml --show-managed-fields, and have one of the two let go"


def try_again(model: Model) -> str:
    """Has a failed version tried again."""
    return f'kubectl -n {model.namespace} annotate smod {model.name} --overwrite {RETRY_ANNOTATION}="$(date +%s)"'


def take_another_label(model: Model) -> str:
    """Trains what the spec says now under a label of its own."""
    return _patch(model, '{"spec":{"version":"a-new-label"}}')


def take_router_replicas(model: Model) -> str:
    """Has requests divided by the number of pods, which every cluster can."""
    return _patch(model, '{"spec":{"rollout":{"router":"Replicas","gateway":null}}}')


def look_at_route(model: Model) -> str:
    """Shows what Gateways say of the model's route."""
    return f"kubectl -n {model.namespace} describe httproute {model.name}"


def look_at_revision(model: Model, revision: Revision) -> str:
    """Shows all evidence about a version."""
    return f"kubectl -n {model.namespace} get smrev {revision.name} -o yaml"


def change_gates(model: Model) -> str:
    """Where a gate asks for what cannot be told: a larger maxDecrease, another metric, Warn, or more rows held out."""
    return f"kubectl -n {model.namespace} edit smod {model.name}, and change spec.gates, or train on more rows under another label"


def go_back(model: Named, label: str) -> str:
    """Wants what serves."""
    return _patch(model, f'{{"spec":{{"version":"{label}"}}}}')


def serve_as_before(model: Model, serving: Serving) -> str:
    """Asks for what is in force of how the model is served."""
    value = serving.model_dump_json(by_alias=True, exclude_defaults=True)
    change = f'[{{"op":"add","path":"/spec/serving","value":{value}}}]'
    return f"kubectl -n {model.namespace} patch smod {model.name} --type json -p '{change}'"


def approve(model: Model, revision: Revision) -> str:
    """Approves a version, as the person who types it."""
    spec = {
        "modelRef": {"name": model.name},
        "version": revision.spec.version,
        "revisionDigest": revision.spec.artifact_digest,
        "decision": "Approve",
        "approvedBy": "WHO",
    }
    approval = {
        "apiVersion": API_VERSION,
        "kind": "SentimentModelApproval",
        "metadata": {"generateName": f"{revision.name}-"},
        "spec": spec,
    }
    who = "$(kubectl auth whoami -o jsonpath='{.status.userInfo.username}')"
    document = json.dumps(approval, separators=(",", ":")).replace("WHO", f"'\"{who}\"'")
    return f"kubectl -n {model.namespace} create -f - <<< '{document}'"


def resume(model: Model) -> str:
    """Goes on after a suspension."""
    return _patch(model, '{"spec":{"suspend":false}}')


def _patch(model: Named, change: str) -> str:
    return f"kubectl -n {model.namespace} patch smod {model.name} --type merge -p '{change}'"
