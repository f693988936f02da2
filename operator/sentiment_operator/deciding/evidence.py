"""What the gates of a revision came to: evidence made from figures, and found again in the revision's status. Pure.

Evidence speaks of one definition of a gate, one artifact, and one artifact that it was compared with; for anything else
there is none yet. It does not know what follows from a verdict.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sentiment_contract.gates import Figures, Gate, OnFailure, Verdict, decisive, judge
from sentiment_contract.recipe import sha256_of_json
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.promotion import GateEvidence
from sentiment_operator.api.status import HistoryEntry
from sentiment_operator.explaining.next_step import without_step
from sentiment_operator.facts.observed import Model, Observed, Revision, Source
from sentiment_operator.reading.deployed import Deployed, deployed

MESSAGE_CHARACTERS = 1024
FIGURE_CHARACTERS = 32
KEY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Trial:
    """A revision before the gates of its model."""

    model: Model
    revision: Revision
    baseline: Revision | None
    """What it is compared with, None where nothing ever served."""
    lost: str = ""
    """Label of what serves, where it has no revision any more: then there is something to compare with and no way to."""
    stages: Mapping[str, Source] = field(default_factory=dict[str, Source])
    """Other models that gates compare with, by what their gates call them; one that is not there is not in it."""

    def needs_scoring(self, gate: Gate) -> bool:
        """Whether reviews have to be scored for the gate."""
        if gate.compare_with is None:
            return gate.slice is not None
        compared = self.compared_with(gate)
        return compared is not None and not self._is_the_same(compared) and not self._hindrance(gate)

    def compared_with(self, gate: Gate) -> Revision | None:
        """What the gate compares the revision with; None: nothing, or nothing that is there."""
        if gate.compare_with is None:
            return None
        if gate.stage is None:
            return self.baseline
        source = self.stages.get(gate.compare_with)
        return source.revisions.get(source.status.serving_version) if source is not None else None

    def _is_the_same(self, compared: Revision) -> bool:
        """Whether what is compared is one model under two labels."""
        return compared.spec.artifact_digest == self.revision.spec.artifact_digest

    def _hindrance(self, gate: Gate) -> str:
        """Why there is something to compare with and no way to; empty where there is none."""
        compared = self.compared_with(gate)
        if gate.stage is None and gate.compare_with is not None and self.lost:
            return f"version {self.lost} serves and its SentimentModelRevision is gone, so it cannot be compared with"
        if gate.compare_with is None or gate.stage is None:
            return ""
        source, stage = self.stages.get(gate.compare_with), "/".join(filter(None, gate.stage))
        if source is None or (source.allows and compared is None):
            return f"{stage} serves no version that could be compared with"
        if not source.allows:
            return f"{stage} does not list namespace {self.model.namespace} in its spec.promotion.allowedNamespaces"
        registries = {one.spec.registry.tracking_url for one in (compared, self.revision) if one is not None}
        return f"what {stage} serves stands in another MLflow" if len(registries) > 1 else ""

    def found(self) -> dict[str, GateEvidence]:
        """The latest evidence for each gate of the spec, by its name; a gate that was not judged yet is not in it.

        Whether it blocks or warns is what the spec says now.
        """
        pairs = ((gate, self._latest(gate)) for gate in self.model.spec.gates)
        return {gate.name: was.model_copy(update={"on_failure": gate.on_failure}) for gate, was in pairs if was}

    def judged_at_once(self, gate: Gate, now: datetime) -> GateEvidence:
        """Evidence for a gate that needs no scoring."""
        if problem := self._hindrance(gate):
            return self.judged(gate, Figures(gate=gate.name, problem=problem), now)
        if gate.compare_with is not None:
            said = (
                "nothing served before, so there is nothing to compare with"
                if self.compared_with(gate) is None
                else "it is the model that serves, under another label"
                if gate.stage is None
                else f"it is what {'/'.join(filter(None, gate.stage))} serves"
            )
            evidence = self.judged(gate, Figures(gate=gate.name), now)
            return evidence.model_copy(update={"verdict": Verdict.PASSED, "message": said})
        return self.judged(gate, Figures(gate=gate.name, value=self.revision.spec.metric(gate.metric)), now)

    def judged(self, gate: Gate, figures: Figures, now: datetime) -> GateEvidence:
        """Evidence from what was measured."""
        verdict, said = judge(gate, figures)
        compared, measured = self.compared_with(gate), decisive(gate, figures)
        return GateEvidence(
            name=gate.name,
            verdict=verdict,
            on_failure=gate.on_failure,
            message=without_step(said)[:MESSAGE_CHARACTERS],
            metric=gate.metric,
            value=measured.value[:FIGURE_CHARACTERS],
            threshold=gate.threshold or "",
            baseline_version=compared.spec.version if compared is not None else "",
            baseline_value=measured.baseline_value[:FIGURE_CHARACTERS],
            low=measured.low[:FIGURE_CHARACTERS],
            high=measured.high[:FIGURE_CHARACTERS],
            p_value=measured.p_value[:FIGURE_CHARACTERS],
            samples=max(0, measured.samples),
            time=timestamp(now),
            key=self._key(gate),
            retry=self.model.retry,
        )

    def comparison_key(self, gates: Iterable[Gate]) -> str:
        """Names the comparison for these gates: another one is needed where anything in it differs."""
        return _hash([self.model.retry, *map(self._key, gates)])

    def _latest(self, gate: Gate) -> GateEvidence | None:
        """What passed has passed; anything else is asked anew with every value of the retry annotation."""
        key = self._key(gate)
        return next(
            (
                entry
                for entry in reversed(self.revision.status.gates)
                if entry.key == key and (entry.verdict is Verdict.PASSED or entry.retry == self.model.retry)
            ),
            None,
        )

    def _key(self, gate: Gate) -> str:
        compared = self.compared_with(gate)
        definition = gate.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"on_failure"})
        against = compared.spec.artifact_digest if compared is not None else ""
        return _hash([definition, self.revision.spec.artifact_digest, against])


def trial(model: Model, observed: Observed, revision: Revision) -> Trial:
    """The revision, against what serves, or else began to serve last."""
    live, history, label = deployed(observed), model.status.history, revision.spec.version
    serves = live.version if live is not None else next((entry.version for entry in history), "")
    lost = serves if serves not in observed.revisions else ""
    if lost:
        return Trial(model, revision, None, lost, observed.stages)
    serving = observed.revisions.get(serves)
    if live is None or not live.is_alone or serving is None or serving == revision or not runs(live, serving):
        serving = served_last(model, observed, but=label)
    return Trial(model, revision, serving, stages=observed.stages)


def served_last(model: Model, observed: Observed, but: str = "") -> Revision | None:
    """What took over last of all that is recorded. The history of the model knows it first: it is written first."""
    told = {entry.version: entry.since for entry in reversed(model.status.history) if not entry.on_trial}
    began = {
        label: max([told.get(label, ""), *(interval.since for interval in _taken_over(revision))])
        for label, revision in observed.revisions.items()
        if label != but
    }
    latest = max((label for label in began if began[label]), key=lambda label: began[label], default=None)
    return observed.revisions[latest] if latest is not None else None


def is_proven(model: Model, observed: Observed, revision: Revision) -> bool:
    """Whether it serves or has served: then it was let through before. Another artifact of that label was not.

    What a Deployment runs proves it only together with the model's status, which nobody else may write.
    """
    status, label = model.status, revision.spec.version
    told = {status.serving_version, status.candidate_version, *(entry.version for entry in status.history)}
    return has_served(revision) or (label in told and runs(deployed(observed), revision))


def has_served(revision: Revision) -> bool:
    """Whether it took over at any time. What a candidate answers on trial does not count."""
    return bool(_taken_over(revision))


def _taken_over(revision: Revision) -> list[HistoryEntry]:
    return [interval for interval in revision.status.serving if not interval.on_trial]


def runs(live: Deployed | None, revision: Revision) -> bool:
    """Whether the Deployment's template is that of the revision."""
    spec = revision.spec
    return live is not None and (live.version, live.digest) == (spec.version, spec.artifact_digest)


def blocking(found: Mapping[str, GateEvidence]) -> list[GateEvidence]:
    """What keeps a version from serving."""
    return [one for one in found.values() if one.verdict is not Verdict.PASSED and one.on_failure is OnFailure.BLOCK]


def _hash(value: object) -> str:
    return sha256_of_json(value)[:KEY_DIGITS]
