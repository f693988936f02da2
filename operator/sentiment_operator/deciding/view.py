"""What a verdict is made of: the model, what was seen, and the plan, with the questions that several verdicts ask."""

from dataclasses import dataclass

from sentiment_operator.deciding.plan import Plan
from sentiment_operator.facts.jobs import Trouble
from sentiment_operator.facts.observed import Model, Observed, Revision


@dataclass(frozen=True, slots=True)
class View:
    """What a verdict is made of."""

    model: Model
    observed: Observed
    plan: Plan

    @property
    def revision(self) -> Revision | None:
        """The wanted version, if it exists."""
        return self.observed.revisions.get(self.plan.wanted)

    @property
    def trouble(self) -> Trouble | None:
        """Why a pod of the wanted version does not get on."""
        pods = [
            pod for pod in self.observed.pods if pod.label == self.plan.wanted and not pod.ready and not pod.deleting
        ]
        return next((pod.trouble for pod in pods if pod.trouble is not None), None)
