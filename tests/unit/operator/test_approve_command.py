"""The command that approves a version, as a person pastes it into a shell: who pastes it, and no other, has approved."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sentiment_operator.api.approval import SentimentModelApprovalSpec
from sentiment_operator.api.model import API_VERSION
from sentiment_operator.explaining.next_step import approve
from sentiment_operator.facts.observed import Manifest
from tests.support.builders import digest, model, revision

COMMAND = approve(model(), revision("2"))
KUBECTL = """#!/bin/sh
case "$1 $2" in
  "auth whoami") cat "$PLAYED/who" ;;
  *) printf '%s\\n' "$*" > "$PLAYED/arguments"; cat > "$PLAYED/stdin" ;;
esac
"""
PEOPLE = (
    "ana",
    "ana@example.org",
    "system:serviceaccount:a:b",
    "oidc:https://login.example.org#ana",
    "o'neil@example.org",
    "Zoë Müller",
    "CN=Ana, O=Reviews",
    "$HOME `id` $(id) ; rm *",
)


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """A folder with a kubectl that keeps what it is given."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(KUBECTL, encoding="utf-8")
    kubectl.chmod(0o755)
    return tmp_path


def pasted(played: Path, who: str) -> str:
    """What kubectl gets on its standard input where this user pastes the command."""
    (played / "who").write_text(who, encoding="utf-8")
    environment = {"PATH": f"{played}{os.pathsep}{os.environ['PATH']}", "PLAYED": str(played)}
    subprocess.run(["bash", "-euc", COMMAND], env=environment, check=True, timeout=30)
    return (played / "stdin").read_text(encoding="utf-8")


def test_a_shell_can_read_the_command() -> None:
    subprocess.run(["bash", "-n", "-c", COMMAND], check=True, timeout=30)
    assert "\n" not in COMMAND


@pytest.mark.parametrize("who", PEOPLE)
def test_the_approval_is_by_whoever_pastes_it_and_of_exactly_these_bytes(played: Path, who: str) -> None:
    sent: Manifest = json.loads(pasted(played, who))
    assert (played / "arguments").read_text(encoding="utf-8") == "-n reviews create -f -\n"
    assert (sent["apiVersion"], sent["kind"]) == (API_VERSION, "SentimentModelApproval")
    assert sent["metadata"] == {"generateName": "imdb.2-"}
    spec = SentimentModelApprovalSpec.model_validate(sent["spec"])
    assert (spec.model_ref.name, spec.version, spec.revision_digest) == ("imdb", "2", digest("2"))
    assert (spec.decision, spec.approved_by) == ("Approve", who)


@pytest.mark.parametrize("who", ["EXAMPLE\\ana", "EXAMPLE\\bob", 'the "boss"'])
def test_a_name_that_json_would_quote_is_refused_and_never_taken_for_another(played: Path, who: str) -> None:
    with pytest.raises(ValueError):  # of the JSON, or of the name's pattern, as the API server would
        SentimentModelApprovalSpec.model_validate(json.loads(pasted(played, who))["spec"])
