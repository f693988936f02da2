"""What is said where kubectl has no answer: one line, with the next step."""

import pytest

from kubectl_rotten.trouble import explained

FORBIDDEN = (
    'Error from server (Forbidden): sentimentmodels.rottenpotatoes.com "imdb" is forbidden: User "eve" cannot get resource'
    ' "sentimentmodels" in API group "rottenpotatoes.com" in the namespace "reviews"\n'
)
GRANT = "kubectl -n reviews create rolebinding rotten-viewer --clusterrole=sentiment-operator-viewer --user="
COMPLAINTS = {
    "no such model": (
        'Error from server (NotFound): sentimentmodels.rottenpotatoes.com "imdb" not found\n',
        "There is no SentimentModel imdb in the namespace reviews. Next: kubectl get smod -A",
    ),
    "no right": (
        FORBIDDEN,
        f"eve may not get sentimentmodels in the namespace reviews. Next: ask an administrator to type: {GRANT}eve",
    ),
    "no right, a name with a space": (
        FORBIDDEN.replace("eve", "Eve Adams"),
        f"Eve Adams may not get sentimentmodels in the namespace reviews. Next: ask an administrator to type: {GRANT}'Eve Adams'",
    ),
    "no right anywhere": (
        FORBIDDEN.replace('in the namespace "reviews"', "at the cluster scope"),
        (
            "eve may not get sentimentmodels in the namespace NAMESPACE. Next: ask an administrator to type: "
            f"{GRANT.replace('reviews', 'NAMESPACE')}eve"
        ),
    ),
    "another cluster": (
        'error: the server doesn\'t have a resource type "sentimentmodels"\n',
        (
            "This cluster has no SentimentModels: the operator is not installed, or it is another cluster."
            " Next: kubectl config current-context"
        ),
    ),
    "nobody there": (
        (
            'E0101 12:00:00.1 1 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list"\n'
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n"
        ),
        (
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
            " Next: kubectl cluster-info"
        ),
    ),
    "unauthorized": (
        "error: You must be logged in to the server (Unauthorized)\n",
        "You must be logged in to the server (Unauthorized). Next: kubectl auth whoami",
    ),
    "a context that is not there": (
        'error: context "moon" does not exist\n',
        'context "moon" does not exist. Next: kubectl config get-contexts',
    ),
    "a flag that kubectl does not know": (
        "error: unknown flag: --moon\nSee 'kubectl get --help' for usage.\n",
        "unknown flag: --moon. Next: kubectl rotten --help",
    ),
    "anything else": ("W0101 strange\nit broke\n", "it broke. Next: kubectl get smod"),
    "nothing": ("", "kubectl said nothing. Next: kubectl get smod"),
}


@pytest.mark.parametrize(("complaint", "told"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_a_complaint_is_explained(complaint: str, told: str) -> None:
    assert explained(complaint, "imdb", "reviews") == told


def test_a_namespace_that_was_not_written_is_the_current_one() -> None:
    assert "in the current namespace." in explained("Error from server (NotFound): x not found", "imdb", "")
