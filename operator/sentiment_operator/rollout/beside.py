"""What a candidate is put beside: the pods that answer, and how many there have to be. Pure."""

from sentiment_operator.facts.observed import Observed, ServingPod
from sentiment_operator.reading.deployed import deployed


def answering_pods(observed: Observed) -> list[ServingPod]:
    """The pods that requests are answered by."""
    return [pod for pod in observed.pods if pod.ready and not pod.deleting and not pod.is_shadow]


def wanted_pods(observed: Observed) -> int:
    """How many pods the model is to have."""
    live = deployed(observed)
    return live.wanted_replicas if live is not None else 1
