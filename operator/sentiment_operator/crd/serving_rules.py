"""Rules of how a version is served and takes over: pods, their number, and the steps of a rollout.

Kept and worded as in rules.py.
"""

from sentiment_operator.api.model import Autoscaling
from sentiment_operator.crd.rule import Rule


def _quantity(of: str) -> str:
    """In CEL. What may be a number is made a text first."""
    return f"quantity(string(self.{of}))"


def _within_limit(resource: str) -> Rule:
    request, limit = f"requests.{resource}", f"limits.{resource}"
    return Rule(
        f"!has(self.requests) || !has(self.requests.{resource}) || !has(self.limits) || !has(self.limits.{resource})"
        f" || {_quantity(request)}.compareTo({_quantity(limit)}) <= 0",
        f"{request} must be at most {limit}",
        field=f".{request}",
        detail=f"'{request} (' + string(self.{request}) + ') must be at most {limit} (' + string(self.{limit}) + ')'",
    )


# The default of the object is checked before the defaults of its fields are there, so each field may be absent.
_STRATEGY = "self.?strategy.orValue('RollingUpdate')"
_NO_LIMITS = (
    "(!has(self.analysis) || !has(self.analysis.maxErrorPercent) && !has(self.analysis.maxP95Milliseconds)"
    " && !has(self.analysis.maxDisagreementPercent))"
)
_ROUTER = "self.?router.orValue('Replicas')"


SERVING_RULES: dict[str, tuple[Rule, ...]] = {
    "Amounts": (
        Rule(
            f"!has(self.cpu) || {_quantity('cpu')}.isGreaterThan(quantity('0'))",
            "cpu must be greater than 0",
            field=".cpu",
        ),
        Rule(
            f"!has(self.memory) || {_quantity('memory')}.isGreaterThan(quantity('0'))"
            f" && {_quantity('memory')}.compareTo(quantity('1Pi')) <= 0",
            "memory must be greater than 0 and at most 1Pi",
            field=".memory",
        ),
    ),
    "Resources": (_within_limit("cpu"), _within_limit("memory")),
    "Autoscaling": (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            f"minReplicas must be at most maxReplicas ({Autoscaling().max_replicas} where it is absent)",
            field=".minReplicas",
        ),
    ),
    "Rollout": (
        Rule(
            f"{_STRATEGY} == 'RollingUpdate' || {_STRATEGY} == 'BlueGreen' || has(self.steps) && size(self.steps) > 0",
            "strategies Canary and Shadow need at least one step, for example steps: [{weightPercent: 20, pauseSeconds: 60}]",
            field=".steps",
            reason="FieldValueRequired",
        ),
        Rule(
            f"{_STRATEGY} != 'RollingUpdate' || (!has(self.steps) || size(self.steps) == 0) && {_NO_LIMITS}",
            "steps and analysis need strategy Canary, BlueGreen or Shadow: RollingUpdate runs no candidate that they could"
            " speak of",
            field=".strategy",
        ),
        Rule(
            f"{_STRATEGY} != 'BlueGreen' || !has(self.steps) || size(self.steps) <= 1"
            " && self.steps.all(step, !has(step.weightPercent))",
            "strategy BlueGreen has one step at most, without weightPercent: all requests move at once",
            field=".steps",
        ),
        Rule(
            f"{_STRATEGY} == 'BlueGreen' || !has(self.steps) || self.steps.all(step, has(step.weightPercent))",
            "every step of strategies Canary and Shadow needs weightPercent",
            field=".steps",
            reason="FieldValueRequired",
        ),
        Rule(
            f"{_STRATEGY} != 'Canary' || {_ROUTER} != 'Replicas' || !has(self.steps)"
            " || self.steps.all(step, !has(step.weightPercent) || step.weightPercent <= 50)",
            "with router Replicas weightPercent is at most 50: more would take more candidate pods than there are pods that"
            " serve. Use router GatewayAPI, or let the candidate take over after its last step",
            field=".steps",
        ),
        Rule(
            f"({_ROUTER} == 'GatewayAPI') == has(self.gateway)",
            "router GatewayAPI needs gateway, and gateway needs router GatewayAPI",
            field=".gateway",
        ),
        Rule(
            f"{_ROUTER} != 'GatewayAPI' || {_STRATEGY} == 'Canary'",
            "router GatewayAPI divides the requests of strategy Canary: choose that, or remove router",
            field=".router",
        ),
    ),
    "Serving": (
        Rule(
            "!(has(self.replicas) && has(self.autoscaling))",
            "replicas and autoscaling exclude each other: remove replicas to let the autoscaler choose",
            field=".replicas",
            reason="FieldValueForbidden",
        ),
        Rule(
            "!has(self.nodePort) || self.serviceType == 'NodePort'",
            "nodePort needs serviceType NodePort",
            field=".nodePort",
            reason="FieldValueForbidden",
        ),
    ),
}
