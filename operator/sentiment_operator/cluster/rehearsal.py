"""Has the API server try, as a dry run, what a preview says would be written first: nothing is kept of it.

It tells what admission, quotas of objects and rights say. It judges nothing.
"""

from http import HTTPStatus

from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.facts.observed import Manifest, Refusal
from sentiment_operator.kinds import DEPLOYMENT, JOB

_KINDS = {kind.name: kind for kind in (JOB, DEPLOYMENT)}


async def refusals(kube: Kube, manifest: Manifest) -> tuple[Refusal, ...]:
    """What the API server said where it refused the write; nothing where it did not, or could not tell."""
    kind, name = _KINDS[manifest["kind"]], manifest["metadata"]["name"]
    try:
        await kube.rehearse(kind, manifest)
    except Refused as refused:
        # A webhook that cannot take part in a dry run fails it, which says nothing of the write itself.
        return () if refused.code == HTTPStatus.BAD_REQUEST else (Refusal(kind.name, name, refused.message),)
    except (Away, Stale):
        return ()
    return ()
