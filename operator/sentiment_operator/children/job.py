"""The training of one version: one pod that fetches, fits and registers; before it, where parameters are searched for, a
pod for each group of trials that share a featurisation."""

from sentiment_contract.search import groups_of, trials_of
from sentiment_contract.training import ORDER_VARIABLE, TrainingOrder
from sentiment_operator import names
from sentiment_operator.children.trainer_job import Indexes, Work, trainer_job
from sentiment_operator.deciding.plan import Search, Train
from sentiment_operator.facts.observed import Manifest, Model
from sentiment_operator.settings import Settings


def training_job(model: Model, step: Train, settings: Settings) -> Manifest:
    """The Job of this attempt."""
    recipe_hash = model.spec.recipe_hash()
    work = Work(
        name=names.job_name(model.name, recipe_hash, step.attempt),
        label=step.label,
        annotations=_annotations(model, recipe_hash, step),
        command="run",
        variable=ORDER_VARIABLE,
        order=_order(model, step, settings),
        data=model.spec.own_recipe().data,
        image=_image(model, settings),
    )
    return trainer_job(model, work, settings)


def search_job(model: Model, step: Search, settings: Settings) -> Manifest:
    """The Job of this attempt: an index for each group of trials. Raises ValueError for a model that searches nothing."""
    recipe, asked = model.spec.own_recipe(), model.spec.training.search
    if asked is None:
        raise ValueError("a model without spec.training.search has no trials")
    groups, recipe_hash = groups_of(trials_of(recipe)), recipe.recipe_hash()
    sizes = ",".join(str(len(group)) for group in groups)
    work = Work(
        name=names.search_name(model.name, recipe_hash, step.attempt),
        label=step.label,
        annotations={**_annotations(model, recipe_hash, step), names.SEARCH_ANNOTATION: sizes},
        command="search",
        variable=ORDER_VARIABLE,
        order=_order(model, step, settings),
        data=recipe.data,
        image=_image(model, settings),
        indexes=Indexes(len(groups), asked.parallelism, asked.queue_name),
    )
    return trainer_job(model, work, settings)


def _annotations(model: Model, recipe_hash: str, step: Train | Search) -> dict[str, str]:
    return {
        names.RECIPE_HASH_ANNOTATION: recipe_hash,
        names.ATTEMPT_ANNOTATION: str(step.attempt),
        names.JOB_RETRY_ANNOTATION: model.retry,
    }


def _image(model: Model, settings: Settings) -> str:
    """What the model chose from the list; deciding/decide.py lets no other name through."""
    name = model.spec.training.trainer
    return settings.trainers[name] if name is not None else settings.trainer_image


def _order(model: Model, step: Train | Search, settings: Settings) -> str:
    recipe = model.spec.own_recipe()
    order = TrainingOrder(
        namespace=model.namespace,
        model=model.name,
        model_uid=model.uid,
        label=step.label,
        recipe=recipe,
        recipe_hash=recipe.recipe_hash(),
        registered_model=names.registered_model(model),
        trackingURL=names.tracking_url(model, settings),
        image_digest=_image(model, settings),
    )
    return order.model_dump_json(by_alias=True, exclude_none=True)
