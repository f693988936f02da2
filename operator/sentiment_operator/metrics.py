"""What Prometheus may ask of the operator. Values are set where things happen; nothing here decides anything."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()

PASS_SECONDS = Histogram(
    "sentiment_operator_reconcile_duration_seconds",
    "Duration of one pass over one model.",
    ["outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
_ROLLOUT_BUCKETS = (0, 1, 2, 3, 5, 8, 13, 30, 60, 120, 300, 900, 3600)
"""Whole seconds, as the API server writes times."""
ROLLOUT_STEP_SECONDS = Histogram(
    "sentiment_rollout_step_seconds",
    "Seconds from one milestone of a rollout to the next, by the one that was reached: First or Next of a model.",
    ["reached", "rollout"],
    buckets=_ROLLOUT_BUCKETS,
)
ROLLOUT_SECONDS = Histogram(
    "sentiment_rollout_seconds",
    "Seconds from the edit until the version was Ready, its training included where it had one.",
    ["rollout"],
    buckets=_ROLLOUT_BUCKETS,
)
QUEUE_DEPTH = Gauge("sentiment_operator_queue_depth", "Models that are due for a pass.")
QUEUE_OLDEST = Gauge("sentiment_operator_queue_oldest_seconds", "Since when the longest waiting model is due.")
_API_CALLS = Counter(
    "sentiment_operator_api_calls_total",
    "Calls to the Kubernetes API by verb and resource.",
    ["verb", "resource", "code"],
)
REGISTRY_CALLS = Counter("sentiment_operator_registry_calls_total", "Calls to MLflow.", ["call", "outcome"])
LEADER = Gauge("sentiment_operator_leader", "1 while this process holds the Lease, or that of any shard.")
SHARDS_HELD = Gauge("sentiment_operator_shards_held", "Shards that this process acts for; undivided, all is one.")
MODELS = Gauge(
    "sentiment_operator_models", "Models of this process by the status of a condition.", ["condition", "status"]
)
TRAININGS = Gauge("sentiment_operator_trainings_running", "Training Jobs of this process that are not finished.")
WATCH_EVENTS = Counter(
    "sentiment_operator_watch_events_total", "Watch events that brought something new.", ["resource"]
)
MISSED = Counter(
    "sentiment_operator_sweep_repairs_total", "Objects that a sweep found and the watch had not told of.", ["resource"]
)
NOTIFICATIONS = Counter(
    "sentiment_notifications_total",
    "Tries to deliver a notification: delivered, retried or failed.",
    ["sink", "result"],
)
NOTIFICATIONS_WAITING = Gauge("sentiment_notifications_waiting", "Notifications on their way to a sink.", ["sink"])


@lru_cache(maxsize=1024)
def api_calls(verb: str, resource: str, code: int) -> Counter:
    """Calls of that kind with that answer. Looked up once: prometheus_client takes a lock for it, and there are few."""
    return _API_CALLS.labels(verb, resource, str(code))
