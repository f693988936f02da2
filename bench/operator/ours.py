"""The operator's own entry point with one change: Services have no pods that answer here, so it asks the stand-in instead.

The operator has no setting that leaves the question out; its cost is part of what is measured.
"""

import os
import sys

from sentiment_operator import __main__
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.probing import service_probe


def played_address(service: Manifest | None) -> str:
    """Where the stand-in answers for the Service."""
    metadata = (service or {}).get("metadata", {})
    return f"{os.environ['SERVICES_ANSWER_AT']}/{metadata['namespace']}/{metadata['name']}" if metadata else ""


if __name__ == "__main__":
    service_probe.service_address = played_address
    sys.exit(__main__.main())
