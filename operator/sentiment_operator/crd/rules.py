"""Rules that no single field can state, in CEL, for the API server to check before anything is stored.

Each is kept under the name of the API model it belongs to. Messages are for the person: what is wrong and what to do.
"""

from dataclasses import dataclass
from typing import Any

from sentiment_contract.gates import COMPARED_METRICS
from sentiment_operator.api.model import Autoscaling


@dataclass(frozen=True, slots=True)
class Rule:
    """One x-kubernetes-validations entry."""

    expression: str
    message: str
    field: str = ""
    """Path below the object that the rule stands at, with a leading dot; empty: the object itself."""
    detail: str = ""
    """CEL for a message that names values; `message` stands in where it cannot be computed."""
    reason: str = "FieldValueInvalid"

    def manifest(self) -> dict[str, Any]:
        """The entry as the API server reads it."""
        entry: dict[str, Any] = {"rule": self.expression, "message": self.message, "reason": self.reason}
        if self.field:
            entry["fieldPath"] = self.field
        if self.detail:
            entry["messageExpression"] = self.detail
        return entry


def _immutable(parent: str, field: str) -> Rule:
    # A rule on the field itself would not run when it is added or removed; optional values (`.?`) cost too much.
    new, old = (f"has({side}.{parent}) && has({side}.{parent}.{field})" for side in ("self", "oldSelf"))
    return Rule(
        f"{new} ? {old} && self.{parent}.{field} == oldSelf.{parent}.{field} : !({old})",
        f"{parent}.{field} cannot be changed: versions would be looked for where they are not."
        " Delete the model and create it anew",
        field=f".{parent}.{field}",
    )


def _without_password(field: str, instead: str) -> Rule:
    return Rule(
        f"!self.{field}.matches('^https?://[^/]*@')",
        f"{field} must not hold a user or password: anyone who may read the model would read it too. {instead}",
        field=f".{field}",
    )


def _within_limit(resource: str) -> Rule:
    return Rule(
        f"!has(self.requests) || !has(self.requests.{resource}) || !has(self.limits) || !has(self.limits.{resource})"
        f" || quantity(self.requests.{resource}).compareTo(quantity(self.limits.{resource})) <= 0",
        f"requests.{resource} must be at most limits.{resource}",
        field=f".requests.{resource}",
        detail=f"'requests.{resource} (' + self.requests.{resource} + ') must be at most limits.{resource} ('"
        f" + self.limits.{resource} + ')'",
    )


def _only_with(classifier: str, field: str, given: str) -> Rule:
    return Rule(
        f"!has(self.{field}) || {given}",
        f"{field} is used by classifier {classifier} alone: remove it, or choose that classifier",
        field=f".{field}",
    )


_SEARCHED = ("ngramMax", "minDocumentFrequency", "maxFeatures", "minWordLength", "sublinearTF", "regularizationC",
             "naiveBayesSmoothing", "trees", "maxDepth")  # fmt: skip
_COMBINATIONS = " * ".join(
    f"(has(self.parameters.{name}) && size(self.parameters.{name}) > 0 ? size(self.parameters.{name}) : 1)"
    for name in _SEARCHED
)


def _searched_only_with(classifier: str, field: str, given: str) -> Rule:
    return Rule(
        f"!has(self.search) || !has(self.search.parameters.{field}) || {given}",
        f"{field} is used by classifier {classifier} alone: remove it, or set parameters.classifier to that",
        field=f".search.parameters.{field}",
    )


_SEARCHES_FOREST = "has(self.parametersFrom) || self.?parameters.?classifier.orValue('') == 'RandomForest'"
_SEARCHES_LINEAR = (
    "has(self.parametersFrom) || self.?parameters.?classifier.orValue('LogisticRegression') == 'LogisticRegression'"
)
_FOREST = "self.?classifier.orValue('') == 'RandomForest'"
_LINEAR = "self.?classifier.orValue('LogisticRegression') == 'LogisticRegression'"
# The default of the object is checked before the defaults of its fields are there, so each field may be absent.
_STRATEGY = "self.?strategy.orValue('RollingUpdate')"
_NO_LIMITS = (
    "(!has(self.analysis) || !has(self.analysis.maxErrorPercent) && !has(self.analysis.maxP95Milliseconds)"
    " && !has(self.analysis.maxDisagreementPercent))"
)
_ROUTER = "self.?router.orValue('Replicas')"
_FOLLOWS = "(has(self.promotion) && has(self.promotion.from))"
_MANUAL = "has(self.policy) && self.policy == 'Manual'"

RULES: dict[str, tuple[Rule, ...]] = {
    "SentimentModel": (
        Rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must begin with a letter a-z and hold only a-z, 0-9 and '-': a Service is named like it",
            field=".metadata.name",
        ),
        Rule(
            "size(self.metadata.name) <= 40",
            "metadata.name must have at most 40 characters: names of its Jobs and pods are built from it",
            field=".metadata.name",
        ),
        Rule(
            "!self.metadata.name.endsWith('-candidate')",
            "metadata.name must not end in '-candidate': that name belongs to the candidate of another model",
            field=".metadata.name",
        ),
        Rule(
            f"!{_FOLLOWS.replace('self.', 'self.spec.')} || has(self.spec.promotion.from.__namespace__)"
            " || self.spec.promotion.from.modelRef.name != self.metadata.name",
            "a model cannot follow itself: promotion.from names another one, or one in another namespace",
            field=".spec.promotion.from.modelRef.name",
        ),
    ),
    "SentimentModelRevision": (
        Rule(
            "self.metadata.name == self.spec.modelRef.name + '.' + self.spec.version",
            "metadata.name must be <modelRef.name>.<version>",
            field=".metadata.name",
        ),
    ),
    "SentimentModelSpec": (
        _immutable("registry", "trackingURL"),
        _immutable("registry", "modelName"),
        Rule(
            f"has(self.data) != {_FOLLOWS}",
            "set exactly one of data, promotion.from: a model is trained from data, or serves what another one has proven",
        ),
        Rule(
            "!has(self.training) || !has(self.training.parametersFrom) || (has(self.data) && has(self.data.dvc))",
            "training.parametersFrom needs data.dvc: the file stands in the git repository of the data",
            field=".training.parametersFrom",
            reason="FieldValueForbidden",
        ),
    ),
    "SentimentModelRevisionSpec": (
        Rule(
            "self == oldSelf",
            "spec cannot be changed: a revision records what was trained",
            reason="FieldValueForbidden",
        ),
    ),
    "SentimentModelApprovalSpec": (
        Rule(
            "self == oldSelf",
            "spec cannot be changed: an approval is what a person said at that time. To answer otherwise, create another"
            " SentimentModelApproval: your latest answer counts",
            reason="FieldValueForbidden",
        ),
    ),
    "Data": (
        Rule(
            "[has(self.dvc), has(self.url), has(self.volume)].filter(set, set).size() == 1",
            "set exactly one of dvc, url, volume",
        ),
    ),
    "DVCSource": (
        Rule(
            "!self.repoURL.startsWith('file:') || has(self.volumeClaimName)",
            "repoURL file:///data/... needs volumeClaimName: the claim that is mounted at /data",
            field=".volumeClaimName",
            reason="FieldValueRequired",
        ),
        _without_password("repoURL", "Name a Secret in credentialsSecretRef"),
    ),
    "URLSource": (_without_password("href", "Put the file where it can be read without, or on a volume"),),
    "Parameters": (
        _only_with("RandomForest", "trees", _FOREST),
        _only_with("RandomForest", "maxDepth", _FOREST),
        _only_with("LogisticRegression", "regularizationC", _LINEAR),
        _only_with("LogisticRegression", "naiveBayesSmoothing", _LINEAR),
        _only_with("LogisticRegression", "maxIterations", _LINEAR),
        Rule(
            "!has(self.regularizationC) || double(self.regularizationC) > 0.0",
            "regularizationC must be greater than 0",
            field=".regularizationC",
        ),
    ),
    "Training": (
        _searched_only_with("RandomForest", "trees", _SEARCHES_FOREST),
        _searched_only_with("RandomForest", "maxDepth", _SEARCHES_FOREST),
        _searched_only_with("LogisticRegression", "regularizationC", _SEARCHES_LINEAR),
        _searched_only_with("LogisticRegression", "naiveBayesSmoothing", _SEARCHES_LINEAR),
    ),
    "SearchedParameters": (
        Rule(
            f"[{', '.join(f'has(self.{name}) && size(self.{name}) > 0' for name in _SEARCHED)}].exists(set, set)",
            "list values of at least one parameter: without any there is nothing to search",
        ),
        Rule(
            "!has(self.regularizationC) || self.regularizationC.all(strength, double(strength) > 0.0)",
            "every regularizationC must be greater than 0",
            field=".regularizationC",
        ),
    ),
    "SearchSpec": (
        Rule(
            f"self.strategy == 'Random' || {_COMBINATIONS} <= self.maxTrials",
            "strategy Grid tries every combination of the values, and these are more than maxTrials: raise it, list fewer"
            " values, or choose strategy Random",
            field=".maxTrials",
        ),
    ),
    "Amounts": (
        Rule(
            "!has(self.cpu) || quantity(self.cpu).isGreaterThan(quantity('0'))",
            "cpu must be greater than 0",
            field=".cpu",
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
    "Gate": (
        Rule(
            "has(self.threshold) != has(self.compareWith)",
            "set exactly one of threshold, compareWith: a gate holds the metric against a number, or against what serves",
        ),
        Rule(
            "!has(self.operator) || has(self.threshold)",
            "operator needs threshold: beside compareWith, maxDecrease says what passes",
            field=".operator",
            reason="FieldValueForbidden",
        ),
        Rule(
            "!has(self.maxDecrease) || has(self.compareWith)",
            "maxDecrease needs compareWith: it says how much lower than that the metric may be",
            field=".maxDecrease",
            reason="FieldValueForbidden",
        ),
        Rule(
            f"!has(self.slice) && !has(self.compareWith) || self.metric in {list(COMPARED_METRICS)}",
            f"with slice or compareWith, metric must be one of {', '.join(COMPARED_METRICS)}: no other is measured anew",
            field=".metric",
        ),
    ),
    "Slice": (
        Rule(
            "has(self.minWords) || has(self.maxWords) || has(self.column)",
            "set at least one of minWords, maxWords, column: without one it would be all reviews",
        ),
        Rule("has(self.column) == has(self.value)", "set column and value together, or neither"),
        Rule(
            "!has(self.minWords) || !has(self.maxWords) || self.minWords <= self.maxWords",
            "minWords must be at most maxWords",
            field=".minWords",
        ),
    ),
    "Promotion": (
        Rule(
            "!has(self.approval) || !has(self.approval.separationOfDuties) || self.approval.separationOfDuties == 'None'"
            " || has(self.requestedBy)",
            "separationOfDuties Required needs requestedBy: who asks, so that the approval of another can be told from it",
            field=".requestedBy",
            reason="FieldValueRequired",
        ),
    ),
    "Approval": (
        Rule(
            f"!has(self.separationOfDuties) || self.separationOfDuties == 'None' || {_MANUAL}",
            "separationOfDuties Required needs policy Manual: else nobody is asked",
            field=".policy",
        ),
        Rule(
            f"!has(self.minApprovals) || self.minApprovals == 1 || {_MANUAL}",
            "minApprovals above 1 needs policy Manual: else nobody is asked",
            field=".policy",
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
