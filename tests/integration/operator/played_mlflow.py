"""The part of MLflow's REST API that the operator uses, over what the played trainer registers."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

Json = dict[str, Any]


class PlayedMLflow:
    """A server on loopback; `down` makes it answer 503."""

    def __init__(self) -> None:
        self.versions: dict[str, list[Json]] = {}
        self.aliases: dict[str, dict[str, str]] = {}
        self.down = False
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Tracking URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def register(self, model: str, tags: Mapping[str, str]) -> Json:
        """Make a model version, or add the tags to the one of equal fingerprint, as the trainer does."""
        versions = self.versions.setdefault(model, [])
        known = next((found for found in versions if found["tags"]["fingerprint"] == tags["fingerprint"]), None)
        if known is not None:
            known["tags"] |= tags
            return known
        number = str(len(versions) + 1)
        versions.append({"version": number, "run_id": f"run-{number}", "status": "READY", "tags": dict(tags)})
        return versions[-1]

    def answer(self, method: str, call: str, query: Json) -> tuple[int, Json]:
        """Status and body of one request."""
        self.asked.append(call)
        if self.down:
            return 503, {}
        match method, call:
            case "GET", "model-versions/search":
                model = query["filter"].removeprefix("name='").removesuffix("'")
                return 200, {"model_versions": [_on_wire(found) for found in self.versions.get(model, [])]}
            case "GET", "registered-models/get":
                aliases = self.aliases.get(query["name"], {})
                entries = [{"alias": alias, "version": version} for alias, version in aliases.items()]
                return 200, {"registered_model": {"name": query["name"], "aliases": entries}}
            case "POST", "registered-models/alias":
                self.aliases.setdefault(query["name"], {})[query["alias"]] = query["version"]
                return 200, {}
            case "DELETE", "registered-models/alias":
                self.aliases.get(query["name"], {}).pop(query["alias"], None)
                return 200, {}
            case "GET", "model-versions/get":
                return 200, {"model_version": _on_wire(self.versions[query["name"]][int(query["version"]) - 1])}
            case "POST", "model-versions/set-tag":
                self.versions[query["name"]][int(query["version"]) - 1]["tags"][query["key"]] = query["value"]
                return 200, {}
            case _:
                return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}


def _on_wire(version: Json) -> Json:
    return version | {"tags": [{"key": key, "value": value} for key, value in version["tags"].items()]}


def _handler(mlflow: PlayedMLflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            address = urlparse(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            query: Json = {name: values[0] for name, values in parse_qs(address.query).items()}
            query |= json.loads(self.rfile.read(length)) if length else {}
            status, body = mlflow.answer(self.command, address.path.removeprefix("/api/2.0/mlflow/"), query)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
