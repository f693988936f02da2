"""The spec with a followed branch or tag pinned to what it was last found to hold. Pure.

Whoever reads `model.spec` gets a recipe and a label that name contents, and need not know that there is a branch. What a
label stands for that a person gave is as written, unless its parameters stand in a file: then it is looked up once.
"""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sentiment_contract.data import DVCSource
from sentiment_contract.parameters import Parameters, ParametersFrom, effective_parameters, overridden
from sentiment_contract.recipe import Pin, Recipe, sha256_of_json
from sentiment_contract.values import GIT_COMMIT
from sentiment_operator.api.following import Followed
from sentiment_operator.api.model import SentimentModelSpec

QUESTION_DIGITS = 16
_WHOLE = re.compile(GIT_COMMIT)
_SHORTENED = re.compile(r"^[0-9a-f]{7,64}$")


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be looked up before the recipe is known."""

    source: DVCSource
    parameters_from: ParametersFrom | None
    version: str | None
    """The label that it is looked up for; None: for whatever the branch holds at the time."""

    @property
    def is_asked_once(self) -> bool:
        """Whether the answer cannot change, or must not: a commit, or a label whose meaning is settled with it."""
        return self.version is not None or _SHORTENED.match(self.source.revision) is not None

    @property
    def is_for_the_operator(self) -> bool:
        """Whether the git server tells anybody which commit it is. Else a Job that has the credentials looks."""
        is_open = self.source.credentials_secret_ref is None and self.source.repo_url.startswith(
            ("http://", "https://")
        )
        return is_open and not self.is_asked_once

    def digest(self) -> str:
        """Names the question. Credentials are no part of it: renewing them changes nothing that was found."""
        reference = {
            "source": self.source.model_dump(
                mode="json", by_alias=True, include={"repo_url", "revision", "path", "volume_claim_name"}
            ),
            "parametersFrom": self.parameters_from.model_dump(mode="json") if self.parameters_from else None,
            "version": self.version,
        }
        return sha256_of_json(reference)[:QUESTION_DIGITS]

    def key(self) -> str:
        """Names the Jobs that answer it: models of a namespace share them who ask the same with the same credentials."""
        reference = self.source.credentials_secret_ref
        return sha256_of_json([self.digest(), reference.name if reference is not None else ""])[:QUESTION_DIGITS]


class PinnedSpec(SentimentModelSpec):
    """A spec whose branch or tag is known to hold this."""

    pin: Pin
    found_parameters: Parameters

    def recipe(self) -> Recipe | None:
        """The recipe at what was found."""
        written = super().recipe()
        parameters = effective_parameters(
            self.training.preset, overridden(self.found_parameters, self.training.parameters)
        )
        return written.model_copy(update={"pin": self.pin, "parameters": parameters}) if written is not None else None


class UnresolvedSpec(SentimentModelSpec):
    """A spec whose branch or tag was not looked up yet: it has no recipe to train from."""

    def wanted_label(self) -> str:
        """The label as written; empty where only a look-up can tell it."""
        return self.version or ""


def question_of(spec: SentimentModelSpec) -> Question | None:
    """What has to be looked up for the spec, None where it says everything itself."""
    source = spec.data.dvc if spec.data is not None else None
    reference = spec.training.parameters_from
    if source is None:
        return None
    if reference is None and (spec.version is not None or _WHOLE.match(source.revision)):
        return None
    return Question(source, reference, spec.version)


def pinned(spec: SentimentModelSpec, followed: Followed | None) -> SentimentModelSpec:
    """The spec at what was found."""
    question = question_of(spec)
    if question is None:
        return spec
    fields, parameters = _fields(spec), _parameters(followed)
    if followed is None or parameters is None or followed.question != question.digest():
        return UnresolvedSpec(**fields)
    return PinnedSpec(**fields, pin=Pin(commit=followed.commit, content=followed.content), found_parameters=parameters)


def hashes_of_today(spec: SentimentModelSpec, followed: Followed | None) -> set[str]:
    """Hashes of every recipe that the spec stands for: as written, and as followed where its branch was looked up."""
    unlabelled: dict[str, Any] = {**_fields(spec), "version": None}
    specs = (spec, pinned(SentimentModelSpec(**unlabelled), followed))
    return {one.recipe_hash() for one in specs if not isinstance(one, UnresolvedSpec)}


def _parameters(followed: Followed | None) -> Parameters | None:
    """What was found; None where another release wrote it in a way that is not read here: then it is looked up anew."""
    try:
        return Parameters.model_validate_json(followed.parameters or "{}") if followed is not None else None
    except ValidationError:
        return None


def _fields(spec: SentimentModelSpec) -> dict[str, Any]:
    """What was written, by name."""
    return {name: getattr(spec, name) for name in SentimentModelSpec.model_fields}
