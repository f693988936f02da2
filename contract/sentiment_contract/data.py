"""Where reviews come from, and what they have to look like: the `spec.data` of the custom resource.

Its descriptions are what `kubectl explain` prints. It must not know how data is fetched.
"""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from sentiment_contract.base import Wire
from sentiment_contract.values import ColumnName, ObjectName, PathInside, Sha256


class LocalObjectReference(Wire):
    """A named object in the model's own namespace."""

    name: ObjectName = Field(description="Name of the object, in the namespace of the SentimentModel.")


class DVCSource(Wire):
    """A file that DVC tracks in a git repository."""

    repo_url: Annotated[
        str,
        StringConstraints(pattern=r"^(https?://|file:///data/)[!-~]+$", min_length=8, max_length=1024),
    ] = Field(
        alias="repoURL",
        description="Git repository that holds the .dvc files: https, or file:///data/... together with volumeClaimName.",
    )
    revision: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", min_length=1, max_length=255)
    ] = Field(
        description=(
            "Git commit, tag or branch whose .dvc files name the data. While spec.version is absent, a branch or tag is"
            " followed: other data or parameters become a new version by themselves."
        )
    )
    path: PathInside = Field(description="Path of the data file inside the repository, for example data/train.csv.")
    remote: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=1, max_length=128)] | None
    ) = Field(
        default=None,
        description=(
            "Name of the DVC remote to read from: in S3, over http, or a folder of the volume. Absent: the repository's default"
            " remote."
        ),
    )
    volume_claim_name: ObjectName | None = Field(
        default=None,
        description="PersistentVolumeClaim mounted read-only at /data, for a repository or a DVC remote on a volume.",
    )
    credentials_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description=(
            "Secret whose keys become environment variables of the trainer: GIT_USERNAME and GIT_PASSWORD for git over"
            " https, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for a DVC remote in S3. A remote over http is read without a"
            " login."
        ),
    )


class URLSource(Wire):
    """A file behind http or https, pinned by its content."""

    href: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", min_length=10, max_length=2048)] = Field(
        description="Where the CSV or parquet file is downloaded from."
    )
    sha256: Sha256 = Field(description="SHA-256 of the file in lower-case hex. Another content is refused.")


class VolumeSource(Wire):
    """A file on a PersistentVolumeClaim of the model's namespace."""

    claim_name: ObjectName = Field(description="PersistentVolumeClaim, mounted read-only at /data in the training pod.")
    path: PathInside = Field(description="Path of the CSV or parquet file inside the volume, without a leading slash.")
    sha256: Sha256 | None = Field(
        default=None,
        description=(
            "SHA-256 of the file in lower-case hex. Absent: whatever the volume holds is trained on, and changed contents"
            " do not retrain by themselves."
        ),
    )


class DataChecks(Wire):
    """What the data must look like before anything is trained on it."""

    min_rows: int = Field(default=100, ge=2, le=100_000_000, description="Fewer usable rows fail the check.")
    max_empty_percent: int = Field(
        default=1, ge=0, le=100, description="Highest share of rows without text, in percent."
    )
    min_class_share_percent: int = Field(
        default=10, ge=0, le=50, description="Lowest share of the rarer sentiment, in percent."
    )
    max_duplicate_percent: int = Field(
        default=20, ge=0, le=100, description="Highest share of rows whose text stands in the file before, in percent."
    )


class Data(Wire):
    """Where the reviews come from and how they are read."""

    dvc: DVCSource | None = Field(default=None, description="A file that DVC tracks in a git repository.")
    url: URLSource | None = Field(default=None, description="A file behind http or https, pinned by sha256.")
    volume: VolumeSource | None = Field(default=None, description="A file on a PersistentVolumeClaim.")
    text_column: ColumnName = Field(default="review", description="Column that holds the review.")
    label_column: ColumnName = Field(
        default="sentiment", description="Column that holds the sentiment: positive/negative or 1/0."
    )
    rows: int | None = Field(
        default=None,
        ge=2,
        le=100_000_000,
        description="Use only this many rows, chosen by a hash of the text, so that a larger sample holds the smaller one.",
    )
    test_percent: int = Field(
        default=20,
        ge=1,
        le=90,
        description="Share of rows held out for evaluation, in percent; unused where the file has a split column.",
    )
    checks: DataChecks = Field(default=DataChecks(), description="What the data must look like before training starts.")

    @model_validator(mode="after")
    def _exactly_one_source(self) -> "Data":
        if sum(source is not None for source in (self.dvc, self.url, self.volume)) != 1:
            raise ValueError("spec.data: set exactly one of dvc, url, volume")
        return self
