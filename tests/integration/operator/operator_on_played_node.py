"""The operator's own entry point with one change: Services are asked at the played node, they have no address here."""

import os
import sys

from sentiment_operator import __main__
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.probing import service_probe


def played_address(service: Manifest | None) -> str:
    """Where the played node answers for the Service."""
    metadata = (service or {}).get("metadata", {})
    return f"{os.environ['PLAYED_NODE']}/{metadata['namespace']}/{metadata['name']}" if metadata else ""


if __name__ == "__main__":
    service_probe.service_address = played_address
    sys.exit(__main__.main())
