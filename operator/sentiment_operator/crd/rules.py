"""Rules that no single field can state, in CEL, for the API server to check before anything is stored.

Each is kept under the name of the API model it belongs to. Messages are for the person: what is wrong and what to do.
"""

from sentiment_contract.gates import COMPARED_METRICS
from sentiment_operator.crd.rule import Rule
from sentiment_operator.crd.serving_rules import SERVING_RULES
from sentiment_operator.crd.training_rules import TRAINING_RULES, without_password


def _immutable(parent: str, field: str) -> Rule:
    # A rule on the field itself would not run when it is added or removed; optional values (`.?`) cost too much.
    new, old = (f"has({side}.{parent}) && has({side}.{parent}.{field})" for side in ("self", "oldSelf"))
    return Rule(
        f"{new} ? {old} && self.{parent}.{field} == oldSelf.{parent}.{field} : !({old})",
        f"{parent}.{field} cannot be changed: versions would be looked for where they are not."
        " Delete the model and create it anew",
        field=f".{parent}.{field}",
    )


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
    "Registry": (without_password("trackingURL", "MLflow has to answer without a login", optional=True),),
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
    **TRAINING_RULES,
    **SERVING_RULES,
}
