"""What a version is made from, data and parameters together, and the hash that names both.

It must not know how data is fetched or a model is fitted.
"""

import hashlib
import json

from pydantic import Field

from sentiment_contract.base import Wire
from sentiment_contract.data import Data
from sentiment_contract.parameters import EffectiveParameters
from sentiment_contract.searching import Search
from sentiment_contract.values import DataContent, GitCommit, TrainerName


class Pin(Wire):
    """What a branch or tag was found to hold when it was looked up."""

    commit: GitCommit = Field(description="Commit that the revision stood for. Lineage: it is no part of the hash.")
    content: DataContent = Field(description="Hash that git or DVC names the data file by at that commit.")


class Recipe(Wire):
    """Everything that decides what a version is: the same recipe always names the same training."""

    data: Data = Field(description="The data reference as it was written.")
    parameters: EffectiveParameters = Field(description="Every parameter with its value.")
    pin: Pin | None = Field(
        default=None, description="What data.dvc.revision was found to hold. Absent: the revision is taken as written."
    )
    trainer: TrainerName | None = Field(
        default=None, description="Name of the trainer image it was trained by. Absent: the operator's own."
    )
    search: Search | None = Field(
        default=None, description="How the parameters were searched for. Absent: they were trained with as they stand."
    )

    def recipe_hash(self) -> str:
        """64 hex digits, known before training. Credentials are no part of it: renewing them changes no model.

        Defaults are left out, so that writing one down, or a field that a later release adds, changes no hash. Where a
        revision was looked up, the content that it held stands in place of its name and of the commit: a commit that
        changes neither data nor parameters is the same recipe, and a revert is the earlier one.
        """
        left_out = {"credentials_secret_ref", "revision"} if self.pin is not None else {"credentials_secret_ref"}
        told: dict[str, object] = {
            "data": self.data.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"dvc": left_out}),
            "parameters": self.parameters.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        if self.pin is not None:
            told["content"] = self.pin.content
        if self.trainer is not None:
            told["trainer"] = self.trainer
        if self.search is not None:
            told["search"] = self.search.identity()
        return sha256_of_json(told)

    def pinned_data(self) -> Data:
        """The data reference to fetch from: at the commit that was looked up, where one was."""
        if self.pin is None or self.data.dvc is None:
            return self.data
        return self.data.model_copy(update={"dvc": self.data.dvc.model_copy(update={"revision": self.pin.commit})})


def sha256_of_json(value: object) -> str:
    """SHA-256 in hex of the value as canonical JSON: sorted keys, no spaces, UTF-8."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def followed_label(recipe_hash: str) -> str:
    """The version label of a model that names none: it follows the recipe."""
    return f"r{recipe_hash[:10]}"
