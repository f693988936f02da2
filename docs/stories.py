"""What is found of the reasons, sorted for a reader: which condition tells of which, and where on the page it is told.

Ready, Reconciling and Stalled mostly pass on the reason of another condition. It is told once, where it comes from.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from docs.advice import Act, advice_on
from docs.reasons import SERVER_TROUBLES, PodReason
from docs.situations import Finding
from sentiment_contract.training import FailureReason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.telling.chain import CHAIN

PODS = "What pods say"
"""The chapter of what comes from pods, whichever condition passes it on."""
_OF_PODS = frozenset(PodReason) | frozenset(SERVER_TROUBLES) - frozenset(FailureReason)
_PASS_ON_WHERE_TRUE = frozenset({ConditionType.RECONCILING, ConditionType.STALLED})


@dataclass(frozen=True, slots=True)
class Story:
    """A reason that asks for something to be done, with the conditions that are False for it."""

    reason: str
    act: Act
    found: tuple[Finding, ...]
    stalls: bool

    @property
    def chapter(self) -> str:
        """Where it is told."""
        return PODS if self.reason in _OF_PODS else self.found[0].condition.value


def own_findings(found: Iterable[Finding]) -> list[Finding]:
    """What the conditions say of themselves, without what they pass on."""
    found = list(found)
    of_the_way = {finding.reason for finding in found if finding.condition in CHAIN}
    return [finding for finding in found if not _is_passed_on(finding, of_the_way)]


def stories(found: Iterable[Finding]) -> list[Story]:
    """Every reason that asks for something to be done, in the order of the conditions."""
    found = list(found)
    stalling = {finding.reason for finding in found if _is_stalled(finding)}
    by_reason: dict[str, list[Finding]] = {}
    for finding in own_findings(found):
        if not is_calm(finding):
            by_reason.setdefault(finding.reason, []).append(finding)
    return [
        Story(reason, advice, tuple(told), reason in stalling)
        for reason, told in by_reason.items()
        if isinstance(advice := advice_on(reason), Act)
    ]


def is_calm(finding: Finding) -> bool:
    """Nothing is wrong, or what is wrong is told elsewhere: what was not looked at waits for another condition."""
    return finding.status == "Unknown" or not isinstance(advice_on(finding.reason), Act)


def _is_passed_on(finding: Finding, of_the_way: set[str]) -> bool:
    match finding.condition, finding.status:
        case ConditionType.READY, "False":
            return finding.reason in of_the_way
        case kind, "True":
            return kind in _PASS_ON_WHERE_TRUE
        case _:
            return False


def _is_stalled(finding: Finding) -> bool:
    return (finding.condition, finding.status) == (ConditionType.STALLED, "True")
