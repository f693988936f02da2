"""What `make bench-ready` compares with: the pod of a tutorial, FastAPI around a scikit-learn pipeline from MLflow.

It runs in the trainer's image, which holds all three libraries, and is present on the node like ours. Its readiness is
asked every second, as ours is; tutorials leave it at ten.
"""

from typing import Any

NAME, PORT = "tutorial", 8000
APPLICATION = """
import os, time

began = time.time()
import mlflow.sklearn
from fastapi import FastAPI
from pydantic import BaseModel

imported = time.time()
app = FastAPI()
model = mlflow.sklearn.load_model(f"models:/tutorial/{os.environ['VERSION']}")
loaded = time.time()


class Review(BaseModel):
    text: str


@app.post("/predict")
def predict(review: Review):
    positive = float(model.predict_proba([review.text])[0][1])
    sentiment = "positive" if positive > 0.5 else "negative"
    return {"sentiment": sentiment, "probability": max(positive, 1 - positive), "version": os.environ["VERSION"]}


@app.get("/health")
def health():
    return {"began": began, "imported": imported, "loaded": loaded, "cpu_seconds": time.process_time()}
"""
TRAINING = """
import csv
import mlflow.sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

with open("/data/reviews.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
texts, labels = [row["review"] for row in rows], [int(row["sentiment"] in ("1", "positive")) for row in rows]
pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=30, max_iter=200))
pipeline.fit(texts, labels)
for _ in range(2):
    with mlflow.start_run():
        mlflow.sklearn.log_model(pipeline, name="model", registered_model_name="tutorial", serialization_format="cloudpickle")
"""
_SECURE: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_POD: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
}


def sources() -> dict[str, Any]:
    """Both programs, as a ConfigMap."""
    data = {"app.py": APPLICATION, "train.py": TRAINING}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, "data": data}


def service() -> dict[str, Any]:
    """Its Service."""
    spec = {"selector": {"app": NAME}, "ports": [{"port": 80, "targetPort": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": spec}


def deployment(image: str, tracking_url: str, version: str) -> dict[str, Any]:
    """Its Deployment, of one pod."""
    container = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "python",
            "-m",
            "uvicorn",
            "app:app",
            "--app-dir",
            "/app",
            "--host",
            "0.0.0.0",
            "--port",
            str(PORT),
        ],
        "env": [*_environment(tracking_url), {"name": "VERSION", "value": version}],
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": PORT}, "periodSeconds": 1},
        "securityContext": _SECURE,
        "volumeMounts": [{"name": "app", "mountPath": "/app"}],
    }
    pod = {**_POD, "containers": [container], "volumes": [{"name": "app", "configMap": {"name": NAME}}]}
    template = {"metadata": {"labels": {"app": NAME, "version": version}}, "spec": pod}
    spec = {"selector": {"matchLabels": {"app": NAME}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}


def training(image: str, tracking_url: str) -> dict[str, Any]:
    """A pod that fits the pipeline and logs it twice, as versions 1 and 2."""
    container = {
        "name": "train",
        "image": image,
        "command": ["python", "/app/train.py"],
        "env": _environment(tracking_url),
        "securityContext": _SECURE,
        "volumeMounts": [{"name": "app", "mountPath": "/app"}, {"name": "data", "mountPath": "/data"}],
    }
    volumes = [
        {"name": "app", "configMap": {"name": NAME}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "reviews"}},
    ]
    pod = {**_POD, "restartPolicy": "Never", "containers": [container], "volumes": volumes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tutorial-training"}, "spec": pod}


def _environment(tracking_url: str) -> list[dict[str, str]]:
    values = {"MLFLOW_TRACKING_URI": tracking_url, "GIT_PYTHON_REFRESH": "quiet", "HOME": "/tmp"}
    return [{"name": name, "value": value} for name, value in values.items()]
