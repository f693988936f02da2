"""What keeps the plugin from answering, on one line with the next step. Pure: what kubectl complained in, text out."""

import re
import shlex

from kubectl_rotten.text import clean

_FORBIDDEN = re.compile(
    r'User "(?P<user>.*?)" cannot (?P<verb>\w+) resource "(?P<resource>.*?)"'
    r'.*?(?:in the namespace "(?P<namespace>.*?)"|at the cluster scope)'
)
_COMPLAINT = re.compile(r"(error|Error|Unable to|The connection to|You must be logged in)\b")
_UNKNOWN_KIND = ("doesn't have a resource type", "could not find the requested resource", "no matches for kind")
_STEPS = {
    "nauthorized": "kubectl auth whoami",
    "logged in": "kubectl auth whoami",
    "onnect": "kubectl cluster-info",
    "context": "kubectl config get-contexts",
    "unknown flag": "kubectl rotten --help",
    "unknown shorthand flag": "kubectl rotten --help",
}
"""A part of the complaint → what shows more."""


class Trouble(Exception):
    """There is no answer, and why."""


def explained(complaint: str, name: str, namespace: str) -> str:
    """What kubectl complained, for a person who asked for the model of that name. Namespace: as written, or empty."""
    line = _line(complaint)
    if any(sign in line for sign in _UNKNOWN_KIND):
        what = "This cluster has no SentimentModels: the operator is not installed, or it is another cluster"
        return f"{what}. Next: kubectl config current-context"
    if refused := _FORBIDDEN.search(line):
        return _forbidden(refused)
    if "(NotFound)" in line:
        place = f"the namespace {namespace}" if namespace else "the current namespace"
        return f"There is no SentimentModel {name} in {place}. Next: kubectl get smod -A"
    step = next((step for sign, step in _STEPS.items() if sign in line), "kubectl get smod")
    end = "" if line.endswith((".", "!", "?")) else "."
    return f"{line.removeprefix('error: ')}{end} Next: {step}"


def _line(complaint: str) -> str:
    """The line that matters: kubectl also logs what it tried, and points to its help."""
    lines = [clean(line) for line in complaint.splitlines() if line.strip()]
    return next(filter(_COMPLAINT.match, lines), lines[-1] if lines else "kubectl said nothing")


def _forbidden(refused: re.Match[str]) -> str:
    user, namespace = refused["user"], refused["namespace"] or "NAMESPACE"
    what = f"{user} may not {refused['verb']} {refused['resource']} in the namespace {namespace}"
    grant = (
        f"kubectl -n {namespace} create rolebinding rotten-viewer --clusterrole=sentiment-operator-viewer"
        f" --user={shlex.quote(user)}"
    )
    return f"{what}. Next: ask an administrator to type: {grant}"
