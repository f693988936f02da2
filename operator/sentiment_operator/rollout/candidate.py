"""What the candidate's own Deployment says of it: how far its rollout is. Pure.

That stands in an annotation, written together with the number of pods it belongs to: a rollout whose Deployment is gone
has not begun, and one that is there goes on where it was, whoever reads it.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from sentiment_contract.recipe import sha256_of_json
from sentiment_operator import names
from sentiment_operator.facts.observed import ChildKind, Manifest, Model, Observed, Revision
from sentiment_operator.reading.deployed import Deployed, deployment_of
from sentiment_operator.reading.raw import annotations_of, is_deleting
from sentiment_operator.rollout.progress import Progress

KEY_DIGITS = 16
NOT_OF_THE_WAY = {"on_failure", "progress_deadline_seconds", "revision_history_limit"}
"""Fields that may be changed while a rollout runs: it goes on."""


@dataclass(frozen=True, slots=True)
class Running:
    """The candidate's Deployment, as far as it is ours."""

    live: Deployed
    progress: Progress | None
    """None: it cannot be read, so the rollout begins anew."""
    deleting: bool


def running(observed: Observed) -> Running | None:
    """The candidate that is there, None without one."""
    child = observed.children.get(ChildKind.CANDIDATE)
    if child is None or not child.ours:
        return None
    return Running(deployment_of(child.body), _progress(child.body), is_deleting(child.body))


def rollout_key(model: Model, revision: Revision, stable: Revision) -> str:
    """Names one rollout: what, in place of what, in which way, and for the how manieth time a person asks.

    Defaults are no part of it: what failed stays failed, and what runs goes on, when a later release adds a field.
    """
    rollout = model.spec.rollout.model_dump(mode="json", exclude=NOT_OF_THE_WAY, exclude_defaults=True)
    digests = revision.spec.artifact_digest, stable.spec.artifact_digest
    return sha256_of_json([revision.spec.version, *digests, rollout, model.retry])[:KEY_DIGITS]


def _progress(body: Manifest) -> Progress | None:
    try:
        return Progress.model_validate_json(annotations_of(body).get(names.ROLLOUT_ANNOTATION, ""))
    except ValidationError:
        return None
