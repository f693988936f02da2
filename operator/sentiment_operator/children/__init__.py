"""Builds every object that belongs to a model, as it has to be. Pure: a value comes in, a manifest comes out.

Nothing here reads what is live, except to hold back a rollout that nobody asked for.
"""

from sentiment_operator.children.autoscaler import autoscaler
from sentiment_operator.children.candidate import candidate_deployment, candidate_service, rollout_setting
from sentiment_operator.children.comparison_job import comparison_job
from sentiment_operator.children.deployment import MAX_SURGE, deployment
from sentiment_operator.children.disruption_budget import disruption_budget
from sentiment_operator.children.job import search_job, training_job
from sentiment_operator.children.look_up_job import look_up_job
from sentiment_operator.children.network_policy import network_policy
from sentiment_operator.children.revision import revision
from sentiment_operator.children.route import route
from sentiment_operator.children.service import service
from sentiment_operator.children.service_account import service_account
from sentiment_operator.deciding.plan import Plan, TakeOver
from sentiment_operator.facts.observed import Child, ChildKind, Manifest, Model, Observed
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.in_force import as_in_force
from sentiment_operator.rollout.routing import gateway_of, may_lead_to_candidate
from sentiment_operator.settings import Settings

OF_A_ROLLOUT = (ChildKind.ROLLOUT_SETTING, ChildKind.CANDIDATE_SERVICE, ChildKind.CANDIDATE)

__all__ = [
    "comparison_job",
    "desired_replicas",
    "look_up_job",
    "revision",
    "search_job",
    "serving_children",
    "training_job",
]


def serving_children(
    model: Model, plan: Plan, observed: Observed, settings: Settings
) -> dict[ChildKind, Manifest | None]:
    """The objects to hold true; None stands for one that must not exist. Kinds that are absent are left as they are."""
    model = as_in_force(model, observed)
    account: dict[ChildKind, Manifest | None] = {ChildKind.SERVICE_ACCOUNT: service_account(model, settings)}
    if plan.target is None:
        return account
    workload: dict[ChildKind, Manifest | None] = {}
    if not _waits_its_turn(plan, observed, settings):
        paused, surge = isinstance(plan.step, TakeOver), _surge(plan, observed)
        workload[ChildKind.DEPLOYMENT] = deployment(model, plan.target, settings, paused=paused, surge=surge)
    served = [plan.target, *([plan.candidate.revision] if plan.candidate is not None else [])]
    return {
        **account,
        ChildKind.NETWORK_POLICY: network_policy(model, served, settings),
        **_addresses(model, plan, settings),
        **workload,
        **_rollout_children(model, plan, observed, settings),
        ChildKind.AUTOSCALER: autoscaler(model),
        ChildKind.DISRUPTION_BUDGET: disruption_budget(model),
    }


def _addresses(model: Model, plan: Plan, settings: Settings) -> dict[ChildKind, Manifest | None]:
    """What leads requests to the pods."""
    own: dict[ChildKind, Manifest | None] = {ChildKind.SERVICE: service(model, plan.only_version)}
    gateway = gateway_of(model)
    if not settings.gateway_api or (gateway is not None and _is_handing_over(plan)):
        return own  # While pods are handed over, a Gateway divides requests as it did.
    return own | {ChildKind.ROUTE: route(model, gateway, plan.candidate_percent) if gateway is not None else None}


def _is_handing_over(plan: Plan) -> bool:
    return isinstance(plan.step, TakeOver) and plan.candidate is None


def _rollout_children(
    model: Model, plan: Plan, observed: Observed, settings: Settings
) -> dict[ChildKind, Manifest | None]:
    """What there is for the time of a rollout."""
    if plan.candidate is None:
        # While its pods are handed over, the candidate's Deployment is neither held true nor removed. Nor is anything
        # that a Gateway may still lead requests to.
        is_needed = _is_handing_over(plan) or may_lead_to_candidate(model, observed)
        return {} if is_needed else dict.fromkeys(OF_A_ROLLOUT)
    return {
        ChildKind.ROLLOUT_SETTING: rollout_setting(model, plan.candidate),
        ChildKind.CANDIDATE_SERVICE: candidate_service(model, plan.candidate),
        ChildKind.CANDIDATE: candidate_deployment(model, plan.candidate, settings),
    }


def desired_replicas(model: Model, observed: Observed) -> int | None:
    """Replicas to set where no autoscaler owns them and the Deployment has others; None: leave them alone."""
    model = as_in_force(model, observed)
    if model.spec.serving.autoscaling is not None:
        return None
    live: Child | None = observed.children.get(ChildKind.DEPLOYMENT)
    wanted = model.spec.serving.replicas or 1
    if live is None or not live.ours or live.body["spec"].get("replicas", 1) == wanted:
        return None
    return wanted


def _surge(plan: Plan, observed: Observed) -> int:
    """Pods beyond those that are wanted.

    Room for a candidate's pods until they have all replaced older ones: with less of it, the Deployment controller would
    end some at once, and count on others that it has just told to end.
    """
    if plan.candidate is not None and isinstance(plan.step, TakeOver):
        return max(MAX_SURGE, plan.candidate.stage.pods)
    live = deployed(observed)
    if live is None or plan.target is None or live.is_complete or live.version != plan.target.spec.version:
        return MAX_SURGE
    return max(MAX_SURGE, live.surge)


def _waits_its_turn(plan: Plan, observed: Observed, settings: Settings) -> bool:
    """True where the Deployment runs its version already and enough others roll: what differs is the operator's own."""
    live = deployed(observed)
    if live is None or live.paused or plan.target is None or observed.rollouts_elsewhere < settings.rollouts_of_a_shard:
        return False
    return (live.version, live.digest) == (plan.target.spec.version, plan.target.spec.artifact_digest)
