"""Models that between them make every shape of every child; goldens and the round trip through an API server use them."""

from typing import Any

from sentiment_operator import children
from sentiment_operator.deciding.plan import Compare, Plan, Record, Roll, Search, Train
from sentiment_operator.facts.observed import Manifest, Model
from tests.support.builders import SETTINGS, model, observed, registered, revision, spec

SCENARIOS: dict[str, dict[str, Any]] = {
    "smallest": {},
    "autoscaled": {"serving": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5, "targetCPUUtilizationPercent": 60}}},
    "three-on-a-node-port": {"serving": {"replicas": 3, "serviceType": "NodePort", "nodePort": 30080}},
    "dvc-with-credentials": {
        "data": {
            "dvc": {
                "repoURL": "https://git.example.com/reviews.git",
                "revision": "v1",
                "path": "data/train.csv",
                "credentialsSecretRef": {"name": "git"},
            }
        },
        "training": {
            "preset": "Fast",
            "resources": {"requests": {"cpu": 2, "memory": "1.5Gi"}, "limits": {"memory": 8_589_934_592}},
            "activeDeadlineSeconds": 600,
        },
        "serving": {"resources": {"requests": {"cpu": "0.5"}, "limits": {"cpu": "1000m", "memory": "1.5Gi"}}},
        "registry": {"trackingURL": "https://mlflow.example.com", "modelName": "team-reviews"},
    },
    "searched": {
        "training": {
            "preset": "Best",
            "search": {
                "strategy": "Random",
                "parameters": {"ngramMax": [1, 2, 3], "regularizationC": ["1", "3", "10", "30"]},
                "maxTrials": 6,
                "parallelism": 3,
                "queueName": "research",
            },
            "activeDeadlineSeconds": 7200,
            "backoffLimit": 1,
        },
    },
    "gated": {
        "gates": [
            {"name": "accurate", "metric": "accuracy", "threshold": "0.88"},
            {"name": "no-worse", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.005"},
            {"name": "short", "metric": "recall", "threshold": "0.8", "slice": {"maxWords": 50}, "onFailure": "Warn"},
        ],
        "promotion": {"approval": {"policy": "Manual"}},
    },
    "divided-by-a-gateway": {
        "serving": {"replicas": 2},
        "rollout": {
            "strategy": "Canary",
            "router": "GatewayAPI",
            "gateway": {"name": "public", "namespace": "edge", "hostname": "reviews.example.com"},
            "steps": [{"weightPercent": 10, "pauseSeconds": 60}],
        },
    },
}


def scenario(name: str) -> Model:
    """The model of that name."""
    return model(spec("1", **SCENARIOS[name]))


def manifests(name: str) -> list[Manifest]:
    """Everything the operator would write for it."""
    wanted = scenario(name)
    of = revision("1", of=wanted.spec)
    plan = Plan(step=Roll(of), wanted="1", target=of)
    settings = SETTINGS.model_copy(update={"gateway_api": wanted.spec.rollout.gateway is not None})
    serving = children.serving_children(wanted, plan, observed(of), settings)
    scored = tuple(gate for gate in wanted.spec.gates if gate.needs_scoring)
    compare = Compare(of, baseline=revision("0", of=wanted.spec), gates=scored, key="0123456789abcdef", attempt=1)
    return [
        *[manifest for manifest in serving.values() if manifest is not None],
        *([children.search_job(wanted, Search("1", attempt=1), SETTINGS)] if wanted.spec.training.search else []),
        children.training_job(wanted, Train("1", attempt=1), SETTINGS),
        *([children.comparison_job(wanted, compare, SETTINGS)] if scored else []),
        children.revision(wanted, Record("1", registered(of=wanted.spec)), SETTINGS),
    ]
