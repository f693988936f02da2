"""Whether the people who have to agree to a version do: answers in, standing out.

An answer is a SentimentModelApproval; who gave it, and that they may, was proven by admission when it was created. It is
copied to the status of its revision, where it stays when the SentimentModelApproval is deleted: to take an answer back is
to give another one. This module knows no client and no clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from sentiment_operator.api.approval import SentimentModelApprovalSpec
from sentiment_operator.api.promotion import ApprovalEvidence, ApprovalPolicy, Decision, Promotion, SeparationOfDuties
from sentiment_operator.api.revision import SentimentModelRevisionSpec
from sentiment_operator.facts.observed import Manifest, Revision

_PREFIX_ENDS = (":", "#", "/")
"""What stands between the name that a person has elsewhere and what an authenticator puts before it, as `oidc:`."""
_COMMIT_DIGITS = 12

MOST_RECORDED = 50
"""As many answers as the status of a revision holds."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Nobody's agreement is missing."""

    by: tuple[str, ...]
    """Who approved, the latest last; empty where nobody is asked."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Some people still have to agree."""

    have: int
    need: int
    not_counted: tuple[str, ...] = ()
    """Approvals that do not count: whose, and why, a sentence for each."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Somebody said no."""

    by: str
    note: str


Standing = Granted | Awaiting | Rejected


def missing(promotion: Promotion, revision: Revision) -> Standing:
    """What the answers to a version come to. One no outweighs any number of yeses."""
    wanted = promotion.approval
    if wanted.policy is ApprovalPolicy.NONE:
        return Granted(by=())
    latest = answers(revision.status.approvals)
    rejections = [answer for answer in latest if answer.decision is Decision.REJECT]
    if rejections:
        return Rejected(by=rejections[-1].approved_by, note=rejections[-1].note)
    spec = revision.spec
    not_counted = {
        answer.approved_by: why for answer in latest if (why := _why_not(promotion, spec, answer.approved_by))
    }
    by = tuple(answer.approved_by for answer in latest if answer.approved_by not in not_counted)
    if len(by) >= wanted.min_approvals:
        return Granted(by)
    return Awaiting(have=len(by), need=wanted.min_approvals, not_counted=tuple(not_counted.values()))


def _why_not(promotion: Promotion, spec: SentimentModelRevisionSpec, name: str) -> str:
    """Why an approval by that person does not count, empty where it does."""
    if promotion.approval.separation_of_duties is SeparationOfDuties.NONE:
        return ""
    if promotion.requested_by is None:
        return f"The approval by {name} does not count: spec.promotion.requestedBy does not say who asked"
    same = _asked_or_wrote(promotion, spec, name)
    if not same:
        return ""
    return (
        f"The approval by {name} does not count: the same person {same}, and separationOfDuties is Required, so somebody"
        " else has to approve"
    )


def _asked_or_wrote(promotion: Promotion, spec: SentimentModelRevisionSpec, name: str) -> str:
    """What that person did for the version, as far as the user name tells; empty where it tells nothing."""
    if promotion.requested_by == name:
        return "asked"
    if _is_address(name, spec.git_author):
        return f"wrote commit {spec.git_commit[:_COMMIT_DIGITS]}, which the version was trained from"
    return ""


def _is_address(name: str, address: str) -> bool:
    """Whether the user name is that e-mail address, alone or behind a prefix. Nothing but an address is one."""
    given, address = name.casefold(), address.casefold()
    return "@" in address and (given == address or given.endswith(tuple(end + address for end in _PREFIX_ENDS)))


def answers(approvals: Iterable[ApprovalEvidence]) -> tuple[ApprovalEvidence, ...]:
    """The latest answer of each person, the latest last.

    Times are whole seconds: of two answers of one second the no counts.
    """
    by_age = sorted(approvals, key=lambda answer: (answer.time, answer.decision is Decision.REJECT, answer.uid))
    return _in_order({answer.approved_by: answer for answer in by_age}.values())


def answers_for(bodies: Sequence[Manifest], revision: Revision) -> tuple[ApprovalEvidence, ...]:
    """What SentimentModelApprovals say to this very revision, the latest last. What cannot be read does not count."""
    return _in_order(answer for answer in (_answer(body, revision) for body in bodies) if answer is not None)


def _answer(body: Manifest, revision: Revision) -> ApprovalEvidence | None:
    try:
        spec = SentimentModelApprovalSpec.model_validate(body.get("spec", {}))
    except ValidationError:
        return None
    there = revision.spec
    if (spec.model_ref, spec.revision_digest) != (there.model_ref, there.artifact_digest):
        return None
    # What was rejected stays so under another label.
    if spec.decision is Decision.APPROVE and spec.version != there.version:
        return None
    metadata = body["metadata"]
    return ApprovalEvidence(
        approval=metadata["name"],
        uid=metadata["uid"],
        approved_by=spec.approved_by,
        decision=spec.decision,
        note=(spec.note or "").strip(),
        time=metadata["creationTimestamp"],
    )


def new_answers(revision: Revision, live: Sequence[ApprovalEvidence]) -> tuple[ApprovalEvidence, ...]:
    """The answers that the status of the revision does not hold yet and has room for, the latest last."""
    recorded = {answer.uid: answer for answer in revision.status.approvals}
    everything = {answer.uid: answer for answer in live} | recorded
    return tuple(answer for answer in on_record(everything.values()) if answer.uid not in recorded)


def on_record(approvals: Iterable[ApprovalEvidence]) -> tuple[ApprovalEvidence, ...]:
    """What the status of a revision has room for, the latest last.

    Beyond that, answers that were taken back go first: nobody loses a no by being outnumbered.
    """
    given = {answer.uid: answer for answer in approvals}.values()
    counting = {answer.uid for answer in answers(given)}
    by_weight = sorted(given, key=lambda each: (each.uid in counting, each.decision is Decision.REJECT, _age(each)))
    return _in_order(by_weight[-MOST_RECORDED:])


def _in_order(approvals: Iterable[ApprovalEvidence]) -> tuple[ApprovalEvidence, ...]:
    return tuple(sorted(approvals, key=_age))


def _age(answer: ApprovalEvidence) -> tuple[str, str]:
    return answer.time, answer.uid
