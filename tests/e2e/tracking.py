"""MLflow of the test cluster, asked by its REST API as a person's own script would."""

import json
import urllib.request
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from demo.installation import NAMESPACE as SYSTEM
from tests.e2e.shop import Shop


def ask(call: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
    """One call; POST where there is a body."""
    url = f"http://{Shop(SYSTEM).address('mlflow')}:5000/api/2.0/mlflow/{call}?{urlencode(query)}"
    headers = {"Host": "mlflow", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as response:
        return json.loads(response.read())


def finished_runs(registered_model: str) -> Counter[str]:
    """How many runs of each fingerprint ended well."""
    experiment = ask("experiments/get-by-name", experiment_name=registered_model)["experiment"]["experiment_id"]
    question = {"experiment_ids": [experiment], "filter": "attributes.status = 'FINISHED'", "max_results": 1000}
    runs = ask("runs/search", question).get("runs", [])
    tags = [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in runs]
    return Counter(tag.get("fingerprint", "none") for tag in tags)


def champion(registered_model: str) -> str:
    """The version that the alias names."""
    answer = ask("registered-models/alias", name=registered_model, alias="champion")
    return answer["model_version"]["version"]
