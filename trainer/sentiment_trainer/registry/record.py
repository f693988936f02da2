"""What MLflow remembers of one training, independent of how MLflow stores it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sentiment_contract import names
from sentiment_contract.recipe import sha256_of_json
from sentiment_contract.search import SEARCH_FORMAT, SearchResult
from sentiment_contract.training import TRAINING_FORMAT, TrainingOrder
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.data.split import SplitKind

TAG_IMAGE_DIGEST = "image_digest"
"""Which trainer image made it. Information for people: no program reads it."""


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from, known before it is fitted."""

    order: TrainingOrder
    data: FetchedFile
    environment_hash: str
    split: SplitKind

    @property
    def fingerprint(self) -> str:
        """Equal for trainings that must give the same model: data bytes, parameters, sample, split, columns, format.

        A trainer image of somebody's own fits in its own way, so its name counts as well. Of searched parameters it is the
        search that counts, so that the same one is found again without being made.
        """
        data, parameters = self.order.recipe.data, self.order.recipe.parameters
        own = {"trainer": self.order.recipe.trainer} if self.order.recipe.trainer is not None else {}
        search = self.order.recipe.search
        searched = {"search": {**search.identity(), "searchFormat": SEARCH_FORMAT}} if search is not None else {}
        return sha256_of_json(
            {
                "dataHash": self.data.sha256,
                "parameters": parameters.model_dump(mode="json", by_alias=True, exclude_none=True),
                "rows": data.rows,
                "testPercent": data.test_percent,
                "columns": [data.text_column, data.label_column],
                "trainingFormat": TRAINING_FORMAT,
                **own,
                **searched,
            }
        )

    @property
    def label_tag(self) -> str:
        """The model version tag that says: this label means this version."""
        return names.REGISTRY_LABEL_TAG + self.order.label

    def tags(self) -> dict[str, str]:
        """Tags of the run and of the model version alike."""
        tags = {
            names.TAG_FINGERPRINT: self.fingerprint,
            names.TAG_RECIPE_HASH: self.order.recipe_hash,
            names.TAG_DATA_HASH: self.data.sha256,
            names.TAG_GIT_COMMIT: self.data.git_commit,
            names.TAG_GIT_AUTHOR: self.data.git_author,
            names.TAG_SPLIT: self.split.value,
            names.TAG_MODEL_UID: self.order.model_uid,
            names.TAG_ENVIRONMENT_HASH: self.environment_hash,
            TAG_IMAGE_DIGEST: self.order.image_digest,
            names.TAG_RECIPE: self.order.recipe.model_dump_json(by_alias=True, exclude_none=True),
        }
        return {name: value for name, value in tags.items() if value}


@dataclass(frozen=True)
class Outcome:
    """What a training gave, as MLflow keeps it in tags: enough to answer for it without doing it again."""

    artifact_digest: str
    held_out_digest: str
    metrics: dict[str, str]
    search: SearchResult | None = None
    """What the search of its parameters came to, where they were searched."""

    def tags(self) -> dict[str, str]:
        """The tags that say so."""
        return {
            names.TAG_ARTIFACT_DIGEST: self.artifact_digest,
            names.TAG_HELD_OUT_DIGEST: self.held_out_digest,
            names.TAG_METRICS: json.dumps(self.metrics, separators=(",", ":")),
            **({names.TAG_SEARCH_RESULT: wire_of(self.search)} if self.search is not None else {}),
        }


def outcome_in(tags: Mapping[str, str]) -> Outcome | None:
    """The outcome that the tags tell of, or None where the training did not get so far."""
    digest, metrics = tags.get(names.TAG_ARTIFACT_DIGEST), tags.get(names.TAG_METRICS)
    held_out = tags.get(names.TAG_HELD_OUT_DIGEST, "")
    return Outcome(digest, held_out, json.loads(metrics), search_result_in(tags)) if digest and metrics else None


def search_result_in(tags: Mapping[str, str]) -> SearchResult | None:
    """What the tags tell of a search, None where there was none, or its result is not known yet."""
    wire = tags.get(names.TAG_SEARCH_RESULT)
    return SearchResult.model_validate_json(wire) if wire else None


def wire_of(result: SearchResult) -> str:
    """The result as the tag holds it."""
    return result.model_dump_json(by_alias=True, exclude_none=True)
