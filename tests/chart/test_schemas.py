"""Every object against its schema with kubeconform, the schemas taken from the API server and made strict.

kube-linter is not run: it cannot be had as a Go module. What it would look for is in test_pod_security.py.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cluster import toolchain
from tests.chart.conftest import Server
from tests.chart.rendering import EVERYTHING, Helm, Values

Schema = dict[str, Any]
OF_THE_PROMETHEUS_OPERATOR = "ServiceMonitor,PodMonitor"
"""Its definitions are not part of Kubernetes."""


@pytest.fixture(scope="session")
def kubeconform() -> str:
    """The one that the local cluster's tool chain builds."""
    if sys.platform != "linux":
        pytest.skip("the tool chain that builds kubeconform is for Linux")
    toolchain.build_module(toolchain.TOOLS)
    return str(toolchain.binary("kubeconform"))


@pytest.fixture(scope="session")
def schemas(installed: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one schema for each kind, named as kubeconform asks for them."""
    folder = tmp_path_factory.mktemp("schemas")
    definitions: dict[str, Schema] = json.loads(installed.must("get", "--raw=/openapi/v2").output)["definitions"]
    strict = {name: made_strict(definition) for name, definition in definitions.items()}
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            file = "-".join(part.lower() for part in (kind["kind"], group, kind["version"]) if part)
            schema = {"$ref": f"#/definitions/{name}", "definitions": needed_by(name, strict)}
            (folder / f"{file}.json").write_text(json.dumps(schema), encoding="utf-8")
    return folder


def made_strict(schema: Any) -> Any:
    """The schema with unknown fields forbidden, and with numbers where Kubernetes takes either."""
    if isinstance(schema, list):
        return [made_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    result = {name: made_strict(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result


def needed_by(name: str, definitions: dict[str, Schema]) -> dict[str, Schema]:
    """The definition and whatever it refers to, directly or not."""
    needed: dict[str, Schema] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in needed:
            needed[current] = definitions[current]
            waiting += [part.split('"')[0] for part in json.dumps(definitions[current]).split("#/definitions/")[1:]]
    return needed


def check(kubeconform: str, schemas: Path, documents: str) -> subprocess.CompletedProcess[str]:
    """What kubeconform says to the documents."""
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [
        kubeconform,
        "-strict",
        "-summary",
        f"-schema-location={location}",
        f"-skip={OF_THE_PROMETHEUS_OPERATOR}",
    ]
    return subprocess.run(command, input=documents, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_every_object_fits_its_schema(kubeconform: str, schemas: Path, helm: Helm, values: Values) -> None:
    answer = check(kubeconform, schemas, yaml.safe_dump_all(helm.template(values)))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Invalid: 0, Errors: 0" in answer.stdout


def test_a_field_that_does_not_exist_would_be_found(kubeconform: str, schemas: Path) -> None:
    wrong = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "x"},
        "automountServiceAccountTokens": False,
    }
    answer = check(kubeconform, schemas, yaml.safe_dump(wrong))
    assert answer.returncode == 1
    assert "automountServiceAccountTokens" in answer.stdout
