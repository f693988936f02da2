"""Reads objects through the kubectl that runs the plugin: the one module that speaks to a cluster. It only gets.

On purpose no client library: kubectl honours every flag, kubeconfig, credential plugin and proxy that the person has, in
the way the person knows, `--as` included; and the plugin needs pydantic and YAML alone, and no client.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from kubectl_rotten.objects_model import Model
from kubectl_rotten.objects_revision import Revision
from kubectl_rotten.trouble import Trouble, explained

MODELS = "sentimentmodels.rottenpotatoes.com"
REVISIONS = "sentimentmodelrevisions.rottenpotatoes.com"
"""Without a version: kubectl takes the one that the cluster prefers."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revisions of a model."""

    readable: tuple[Revision, ...]
    unreadable: tuple[str, ...]
    """A sentence for each that this plugin does not understand."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with the flags of the person, asked about one model."""

    flags: Sequence[str]
    name: str
    namespace: str
    """As written, for messages alone."""

    def model(self) -> Model:
        """The model."""
        try:
            return Model.model_validate(self._get(MODELS, self.name))
        except ValidationError as error:
            raise Trouble(f"{_unreadable('SentimentModel', self.name, error)} Next: {self._show()}") from error

    def revisions(self) -> Revisions:
        """Its revisions. The API server holds them to the name <model>.<version>, and no model has a dot in its name."""
        items = cast("list[dict[str, Any]]", self._get(REVISIONS).get("items") or [])
        readable: list[Revision] = []
        unreadable: list[str] = []
        for item in items:
            name = str(item["metadata"]["name"])
            if not name.startswith(f"{self.name}."):
                continue
            try:
                readable.append(Revision.model_validate(item))
            except ValidationError as error:
                told = _unreadable("SentimentModelRevision", name, error)
                unreadable.append(f"{told} It is left out, so the answer may be wrong.")
        return Revisions(tuple(readable), tuple(unreadable))

    def _get(self, *what: str) -> dict[str, Any]:
        program = shutil.which("kubectl")
        if program is None:
            raise Trouble("kubectl is not in PATH. Next: add its folder to PATH")
        done = subprocess.run(
            [program, "get", *what, "--output=json", *self.flags], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Trouble(explained(done.stderr, self.name, self.namespace))
        try:
            return cast("dict[str, Any]", json.loads(done.stdout))
        except ValueError as error:
            raise Trouble(f"kubectl printed no JSON ({error}). Next: {self._show()}") from error

    def _show(self) -> str:
        return f"kubectl get smod {self.name} -o yaml"


def _unreadable(kind: str, name: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{kind} {name} is not as this plugin knows it ({place}: {first['msg']}); a newer plugin may read it."
