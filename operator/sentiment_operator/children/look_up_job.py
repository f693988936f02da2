"""The look at a branch: one short pod that says what it holds, and fetches no data."""

from sentiment_contract.look_up import LOOK_UP_VARIABLE, LookUpOrder
from sentiment_operator import names
from sentiment_operator.api.resources import Amounts, Resources
from sentiment_operator.children.trainer_job import Limits, Work, trainer_job
from sentiment_operator.deciding.plan import LookUp
from sentiment_operator.facts.observed import Manifest, Model
from sentiment_operator.settings import Settings

LIMITS = Limits(
    resources=Resources(requests=Amounts(cpu="50m", memory="64Mi"), limits=Amounts(memory="512Mi")),
    active_deadline_seconds=300,
    backoff_limit=1,
)
"""A clone without the data, whatever the trainings of the model may use."""


def look_up_job(model: Model, step: LookUp, settings: Settings) -> Manifest:
    """The Job of this attempt."""
    order = LookUpOrder(
        namespace=model.namespace,
        model=model.name,
        source=step.question.source,
        parameters_from=step.question.parameters_from,
    )
    work = Work(
        name=names.look_up_name(model.name, step.question.key(), step.attempt),
        label="",
        annotations={
            names.LOOK_UP_ANNOTATION: step.question.key(),
            names.LOOK_UP_COMMIT_ANNOTATION: step.commit,
            names.ATTEMPT_ANNOTATION: str(step.attempt),
            names.JOB_RETRY_ANNOTATION: model.retry,
        },
        command="look-up",
        variable=LOOK_UP_VARIABLE,
        order=order.model_dump_json(by_alias=True, exclude_none=True),
        data=model.spec.own_recipe().data,
        limits=LIMITS,
    )
    return trainer_job(model, work, settings)
