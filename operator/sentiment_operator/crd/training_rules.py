"""Rules of where the data is and how it is learned: parts of a recipe that no single field can state.

Kept and worded as in rules.py.
"""

from sentiment_operator.crd.rule import Rule


def without_password(field: str, instead: str, *, optional: bool = False) -> Rule:
    """An address tells everybody who may read the model what stands in it."""
    absent = f"!has(self.{field}) || " if optional else ""
    return Rule(
        f"{absent}!self.{field}.matches('^https?://[^/]*@')",
        f"{field} must not hold a user or password: anyone who may read the model would read it too. {instead}",
        field=f".{field}",
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


TRAINING_RULES: dict[str, tuple[Rule, ...]] = {
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
        without_password("repoURL", "Name a Secret in credentialsSecretRef"),
        Rule(
            "!self.repoURL.startsWith('ssh:') && !self.repoURL.startsWith('git@')",
            "repoURL over ssh cannot be read, since a trainer has no key: use https with credentialsSecretRef",
            field=".repoURL",
        ),
    ),
    "URLSource": (without_password("href", "Put the file where it can be read without, or on a volume"),),
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
}
