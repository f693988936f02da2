"""What the server is told: by environment variables in a pod, by flags on a laptop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AliasChoices, Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sentiment_contract.names import HTTP_PORT, METRICS_PORT, ServerVariable
from sentiment_contract.rollout import Digest
from sentiment_server.model.download import Limits
from sentiment_server.model.loading import Retry
from sentiment_server.port import EVERY_INTERFACE
from sentiment_server.room import workers_that_fit

HeaderText = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=128)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
SecondsOrZero = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65535)]


def _http(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address must begin with http:// or https://")
    return url.rstrip("/")


@dataclass(frozen=True)
class RegistrySettings:
    """Everything that is needed to fetch a model."""

    tracking_url: str
    registered_model: str
    version: str
    digest: str
    cache_directory: Path


class Settings(BaseSettings):
    """Either `artifact` names a local file, or the four registry fields say what to fetch and which digest it has."""

    model_config = SettingsConfigDict(env_prefix="SENTIMENT_", frozen=True, extra="ignore", populate_by_name=True)

    model: HeaderText = Field(default="sentiment", validation_alias=ServerVariable.MODEL)
    version: HeaderText = Field(default="local", validation_alias=ServerVariable.VERSION)
    lineage: dict[str, str] = Field(default_factory=dict, validation_alias=ServerVariable.LINEAGE)

    artifact: Path | None = None
    digest: Digest | None = Field(default=None, validation_alias=ServerVariable.DIGEST)
    tracking_url: Annotated[str, AfterValidator(_http)] | None = None
    registered_model: str | None = None
    registry_version: str | None = None
    cache_directory: Path | None = None
    artifact_limit_bytes: int = Field(default=2**30, gt=0)
    fetch_timeout_seconds: Seconds = 30.0
    retry_seconds: Seconds = 1.0
    retry_limit_seconds: Seconds = 30.0

    host: str = EVERY_INTERFACE
    port: Port = Field(default=HTTP_PORT, validation_alias=AliasChoices("SENTIMENT_PORT", "PORT"))
    metrics_port: Port = METRICS_PORT
    # 0: as many as the limits of the container give room for. Each limit below is that of one process.
    workers: int = Field(default=0, ge=0, le=256)

    # A text of the greatest length fits however it is escaped: twelve bytes for a character outside the first plane.
    body_limit_bytes: int = Field(default=5 * 2**18, gt=0)
    batch_body_limit_bytes: int = Field(default=4 * 2**20, gt=0)
    held_bodies_limit_bytes: int = Field(default=32 * 2**20, gt=0)
    stream_limit: int = Field(default=16, gt=0)
    stream_idle_seconds: Seconds = 60.0
    in_flight_limit: int = Field(default=256, gt=0)
    header_seconds: Seconds = 10.0
    receipt_seconds: Seconds = 10.0
    drain_seconds: SecondsOrZero = 5.0
    shutdown_seconds: int = Field(default=15, ge=0, le=3600)

    # Clients that keep connections follow a changing set of servers only when these end. 0: they do not.
    connection_requests: int = Field(default=1_000, ge=0)
    connection_seconds: SecondsOrZero = 30.0

    rollout_file: Path | None = Field(default=None, validation_alias=ServerVariable.ROLLOUT_FILE)
    rollout_seconds: Seconds = 1.0

    log_text: bool = False
    direct: bool = True
    """False: FastAPI's own routes answer everything. They are the reference that the direct way is tested against."""

    @property
    def registry(self) -> RegistrySettings:
        """Where the model is fetched from. Raises ValueError that names what is missing."""
        values = {
            ServerVariable.DIGEST: self.digest,
            ServerVariable.TRACKING_URL: self.tracking_url,
            ServerVariable.REGISTERED_MODEL: self.registered_model,
            ServerVariable.REGISTRY_VERSION: self.registry_version,
        }
        missing = [name for name, value in values.items() if not value]
        if self.cache_directory is None or missing:
            missing += [] if self.cache_directory else [ServerVariable.CACHE_DIRECTORY]
            raise ValueError(f"no model to serve: name a file with --artifact, or set {', '.join(missing)}")
        digest, url, model, version = (value or "" for value in values.values())
        return RegistrySettings(url, model, version, digest, self.cache_directory)

    @property
    def processes(self) -> int:
        """How many processes answer."""
        return self.workers or workers_that_fit()

    @property
    def limits(self) -> Limits:
        """Bounds of a download."""
        return Limits(self.fetch_timeout_seconds, self.artifact_limit_bytes)

    @property
    def retry(self) -> Retry:
        """Pauses between attempts to load."""
        return Retry(self.retry_seconds, self.retry_limit_seconds)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.artifact is None:
            _ = self.registry
        return self

    @model_validator(mode="after")
    def _a_place_for_the_baseline(self) -> Self:
        if self.rollout_file and not self.cache_directory:
            raise ValueError(f"{ServerVariable.ROLLOUT_FILE} needs {ServerVariable.CACHE_DIRECTORY}, too")
        return self
