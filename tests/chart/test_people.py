"""What the notes of an installation hand out and show: who is bound to a role as they say can do what they say."""

import subprocess

import pytest
import yaml

from docs import commands
from local_cluster import toolchain
from sentiment_operator.explaining.next_step import look_at_pods
from tests.chart.conftest import Server
from tests.chart.rendering import NAMESPACE, RELEASE, Helm, Manifest
from tests.support.builders import model

TEAM = "people"
OF_OTHER_PEOPLE = (commands.OPERATOR, commands.MLFLOW)
"""They look at the operator's own namespace."""


@pytest.fixture(scope="module")
def first_model(installed: Server, helm: Helm) -> Manifest:
    """The model that the notes show; and dave's namespace, where he is bound as they say."""
    notes = helm.run("get", "notes", RELEASE, f"--namespace={NAMESPACE}", f"--kubeconfig={installed.plane.kubeconfig}")
    installed.must("create", "namespace", TEAM)
    (binding,) = (line.split() for line in notes.splitlines() if "create rolebinding developers" in line)
    assert binding.pop() == "--user=…"
    installed.must(*binding[1:], "--user=dave", f"--namespace={TEAM}")
    shown = notes[notes.index("  apiVersion:") :].split("\n\n")[0]
    return yaml.safe_load(shown)


def as_dave(server: Server, *arguments: str, body: Manifest | None = None) -> str:
    """What the API server says to dave in his namespace."""
    answer = server.kubectl(*arguments, f"--namespace={TEAM}", body=body, user="dave")
    return answer.output + answer.error


def test_a_developer_applies_the_model_that_the_notes_show(installed: Server, first_model: Manifest) -> None:
    assert "created" in as_dave(installed, "apply", "--filename=-", body=first_model)


@pytest.mark.parametrize("command", [look.command for look in commands.LOOKS if look.command not in OF_OTHER_PEOPLE])
def test_a_developer_may_look_where_the_pages_say(installed: Server, first_model: Manifest, command: str) -> None:
    assert "forbidden" not in said_to_dave(installed, first_model, command)


@pytest.mark.parametrize(
    "command",
    [
        commands.ENDPOINTS,
        commands.QUOTA,
        look_at_pods(model(), "server"),
        look_at_pods(model(), "trainer", "FailedCreate"),
    ],
)
def test_a_developer_may_look_where_messages_say(installed: Server, first_model: Manifest, command: str) -> None:
    assert "forbidden" not in said_to_dave(installed, first_model, command.replace(model().namespace, TEAM, 1))


def test_the_same_is_refused_to_who_is_bound_to_nothing(installed: Server, first_model: Manifest) -> None:
    assert "forbidden" in said_to_dave(installed, first_model, commands.OBJECTS, who="eve")


def said_to_dave(server: Server, first_model: Manifest, command: str, who: str = "dave") -> str:
    """What the command of a page prints; a shell reads it, since some need one."""
    assert command.startswith("kubectl ")
    options = f"--kubeconfig={server.plane.kubeconfig} --as={who}"
    named = command.replace("kubectl", f"{toolchain.binary('kubectl')} {options}", 1)
    named = named.replace("NAMESPACE", TEAM).replace("NAME", first_model["metadata"]["name"])
    done = subprocess.run(["bash", "-c", named], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
