"""What the person who installs the operator decides; read once from the environment, SENTIMENT_*."""

from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from sentiment_operator.notify.sinks import Sinks
from sentiment_operator.replicas.sharding import MOST_SHARDS


class Settings(BaseSettings):
    """Settings of one operator process."""

    model_config = SettingsConfigDict(env_prefix="SENTIMENT_", frozen=True)

    server_image: str
    trainer_image: str
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: str = ""
    """Comma-separated names of Secrets that pods of models pull their images with, each in its model's namespace."""
    tracking_url: str
    """MLflow of models that name none."""
    watch_namespaces: str = ""
    """Comma-separated; empty: all."""
    operator_namespace: str = "sentiment-system"
    """Where the Leases live."""
    identity: str = ""
    """Holder name in a Lease; empty: host name and process id."""
    shards: int = Field(default=1, ge=1, le=MOST_SHARDS)
    """Into so many parts the namespaces are divided, each with a Lease of its own. The same in every replica."""
    lease_seconds: int = Field(default=0, ge=0, le=60)
    """A Lease that is not renewed for so long is taken by another replica; 0: 15, or 12 with more than one shard."""
    max_concurrent_trainings: int = 4
    max_concurrent_rollouts: int = 5
    max_concurrent_look_ups: int = 4
    """Jobs that look up what a branch holds; they do not count as trainings."""
    look_up_seconds: float = 60.0
    """How often a git server is asked that tells its branches to anybody."""
    look_up_job_seconds: float = 180.0
    """How often a Job looks where credentials or a volume are needed."""
    trainers: dict[str, str] = {}
    """Name → image of the trainers that a model may choose from besides the trainer image, as JSON."""
    settle_seconds: float = 2.0
    progress_deadline_seconds: int = 300
    """A rollout without progress for so long has failed."""
    preview_nodes: bool = False
    """Whether previews look at the nodes, for which rights beyond those of the operator are needed."""
    notification_sinks: Sinks = Field(default_factory=dict[str, Any])
    """JSON. Where models may have told what happens to them, by name; what is secret there, by file."""
    notification_pause_seconds: float = 5.0
    """After the first try that a sink did not take; each further pause is three times as long."""
    prometheus_url: str = ""
    """Where the figures of a rollout are read; empty: from the pods themselves."""
    gateway_api: bool = False
    """The cluster knows the Gateway API, and the operator may write its HTTPRoutes."""
    workers: int = 8
    log_level: str = "INFO"
    metrics_port: int = 9000
    health_port: int = 8080
    webhook_secret_file: str = ""
    """File with the secret that git forges sign their webhooks with; empty: no webhook is served."""
    webhook_port: int = 8081

    @property
    def rollouts_of_a_shard(self) -> int:
        """The share of the rollouts that may go on at a time."""
        return max(1, self.max_concurrent_rollouts // self.shards)
