"""What the person who installs the operator decides; read once from the environment, SENTIMENT_*."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one operator process."""

    model_config = SettingsConfigDict(env_prefix="SENTIMENT_", frozen=True)

    server_image: str
    trainer_image: str
    image_pull_policy: str = "IfNotPresent"
    tracking_url: str
    """MLflow of models that name none."""
    watch_namespaces: str = ""
    """Comma-separated; empty: all."""
    operator_namespace: str = "sentiment-system"
    """Where the Lease lives."""
    identity: str = ""
    """Holder name in the Lease; empty: host name and process id."""
    max_concurrent_trainings: int = 4
    max_concurrent_rollouts: int = 5
    settle_seconds: float = 2.0
    progress_deadline_seconds: int = 300
    """A rollout without progress for so long has failed."""
    preview_nodes: bool = False
    """Whether previews look at the nodes, for which rights beyond those of the operator are needed."""
    workers: int = 8
    log_level: str = "INFO"
    metrics_port: int = 9000
    health_port: int = 8080
