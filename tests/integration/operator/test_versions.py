"""What spec.version means, from edit to served version, with trainings that succeed, fail, hang and queue."""

import time

from sentiment_contract.training import FailureReason
from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import OperatorProcess
from tests.support.eventually import eventually

RETRY = "rottenpotatoes.com/retry"


def wants(shop: Shop, version: str) -> None:
    shop.patch("smod", "imdb", {"spec": {"version": version}})


def test_going_back_and_forth_between_known_versions_starts_no_job(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    for version in ("2", "1", "2", "1"):
        wants(shop, version)
        shop.ready(version=version)
    assert len(shop.node.trained) == 2
    assert shop.names("smrev") == ["imdb.1", "imdb.2"]

    def served() -> bool:
        # The interval is written after the status that says Ready.
        revision = shop.get("smrev", "imdb.1") or {}
        return len(revision["status"]["serving"]) == 3

    eventually("all three intervals of version 1 are on record", served)


def test_without_a_version_a_changed_recipe_becomes_a_new_version(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model()
    shop.ready()
    first = (shop.get("smod", "imdb") or {})["status"]["servingVersion"]
    shop.patch("smod", "imdb", {"spec": {"training": {"parameters": {"seed": 7}}}})
    eventually("another version serves", lambda: len(shop.names("smrev")) == 2)
    shop.ready()
    assert (shop.get("smod", "imdb") or {})["status"]["servingVersion"] != first


def test_quick_edits_start_few_jobs_and_the_losers_go_with_their_pods(shop: Shop, operator: OperatorProcess) -> None:
    shop.node.training_hangs = True
    shop.a_model(version="0")
    for number in range(1, 20):
        wants(shop, str(number))
        time.sleep(0.05)
    wants(shop, "last")
    shop.node.training_hangs = False
    shop.ready(version="last")
    assert len(shop.names("job")) <= 3
    eventually("no pod of a superseded training is left", lambda: len(_training_pods(shop)) == 1)


def _training_pods(shop: Shop) -> list[str]:
    return [name for name in shop.names("pod") if "-train-" in name]


def test_a_failed_training_is_explained_and_tried_again_on_request(shop: Shop, operator: OperatorProcess) -> None:
    shop.node.training_fails = FailureReason.DATA_ONE_CLASS
    shop.a_model(version="1")
    shop.wait("imdb", "Stalled", "True", "DataOneClass")
    eventually("nothing happens any more", operator.is_quiet)
    assert len(shop.names("job")) == 1
    shop.node.training_fails = None
    shop.patch("smod", "imdb", {"metadata": {"annotations": {RETRY: "now"}}})
    shop.ready(version="1")


def test_a_failed_new_version_leaves_the_old_one_serving(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    shop.node.training_fails = FailureReason.DATA_EMPTY
    shop.patch("smod", "imdb", {"spec": {"version": "2", "training": {"parameters": {"seed": 7}}}})
    shop.wait("imdb", "Stalled", "True", "DataEmpty")
    assert shop.condition("imdb", "Available")[0] == "True"
    answering = shop.node.predict("imdb")
    assert answering is not None
    assert answering[0] == "1"


def test_while_mlflow_is_away_nothing_is_trained_and_work_resumes_by_itself(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.mlflow.down = True
    shop.a_model(version="1")
    shop.wait("imdb", "DependenciesReady", "False", "RegistryUnreachable")
    assert shop.names("job") == []
    shop.mlflow.down = False
    shop.ready(version="1")


def test_a_training_whose_pod_is_refused_says_why(shop: Shop, operator: OperatorProcess) -> None:
    with shop.quota(pods=0):
        shop.a_model(version="1")
        shop.wait("imdb", "Trained", "False", "FailedCreate")
    shop.ready(version="1")


def test_a_healthy_model_does_not_need_mlflow(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    shop.mlflow.down = True
    shop.delete("deployment", "imdb")
    eventually("the Deployment is back", lambda: shop.get("deployment", "imdb") is not None, 10)
    shop.ready(version="1")


def test_a_suspended_model_starts_nothing_until_it_may(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1", suspend=True)
    eventually("it was looked at", lambda: shop.condition("imdb", "Ready")[0] == "False")
    eventually("nothing happens any more", operator.is_quiet)
    assert shop.names("job") == []
    shop.patch("smod", "imdb", {"spec": {"suspend": False}})
    shop.ready(version="1")


def test_of_two_models_of_one_registered_model_the_older_is_accepted(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model("elder", version="1", registry={"modelName": "shared"})
    shop.ready("elder", "1")
    shop.a_model("younger", version="1", registry={"modelName": "shared"})
    shop.wait("younger", "Accepted", "False", "Conflict")
    assert shop.condition("elder", "Accepted")[0] == "True"
    shop.delete("smod", "elder")
    shop.wait("younger", "Accepted", "True")


def test_no_more_trainings_run_at_once_than_are_allowed(shop: Shop, start: Start) -> None:
    start(SENTIMENT_MAX_CONCURRENT_TRAININGS="2").wait_until_it_leads()
    shop.node.training_hangs = True
    models = [f"model-{number}" for number in range(6)]
    for name in models:
        shop.a_model(name, version="1")
    eventually("two train", lambda: len(shop.names("job")) == 2)
    eventually("four wait", lambda: [shop.condition(name, "Trained")[1] for name in models].count("Queued") == 4)
    assert len(shop.names("job")) == 2
    shop.node.training_hangs = False
    for name in models:
        shop.ready(name, "1")


def test_a_lost_revision_is_made_again_from_mlflow_without_a_job(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    shop.delete("smrev", "imdb.1")
    for job in shop.names("job"):
        shop.delete("job", job)
    eventually("the revision is back", lambda: shop.names("smrev") == ["imdb.1"])
    shop.ready(version="1")
    assert len(shop.node.trained) == 1
