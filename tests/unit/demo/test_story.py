"""What the story says about its data, and what to type next."""

import pytest

from demo import reach, repository, story
from demo.data import Reviews
from demo.scene import Scene
from demo.target import Target
from tests.unit.demo.conftest import Programs


def next_steps(programs: Programs, target: Target, namespace: str = "reviews") -> dict[str, str]:
    programs.answer("get service imdb", "10.96.0.9")
    steps = story._next_steps(Scene(target, namespace, reach.usual_way(target)))
    lines = [line.split(maxsplit=1) for line in steps.replace("the end", "end").splitlines() if line.startswith("  ")]
    return dict(lines)


def test_the_first_step_lets_kubectl_speak_to_the_cluster_and_the_others_are_short(programs: Programs) -> None:
    assert next_steps(programs, Target("local", "demo")) == {
        "first": "export KUBECONFIG=$(make -s kubeconfig) PATH=$PATH:$(dirname $(make -s kubectl))",
        "predict": "curl -s http://10.96.0.9/predict -H 'Content-Type: application/json' -d '{\"text\": \"What a film!\"}'",
        "watch": "kubectl -n reviews get smod -w",
        "explain": "kubectl -n reviews describe smod imdb",
        "versions": "kubectl -n reviews get smrev -o wide",
        "MLflow": "kubectl -n sentiment-system port-forward svc/mlflow 5000, then http://localhost:5000",
        "end": "make down",
    }


def test_a_namespace_whose_name_is_part_of_a_path_changes_nothing(programs: Programs) -> None:
    steps = next_steps(programs, Target("local", "demo"), "kube")
    assert steps["MLflow"].startswith("kubectl -n sentiment-system port-forward svc/mlflow 5000")
    assert steps["watch"] == "kubectl -n kube get smod -w"


def test_on_another_cluster_every_step_means_that_one(programs: Programs) -> None:
    steps = next_steps(programs, Target("kind", "demo", "kind-kind"))
    assert "$(make -s kubeconfig CLUSTER=kind)" in steps["first"]
    assert steps["predict"].startswith("kubectl -n reviews port-forward svc/imdb 8000:80")
    assert steps["end"] == "make down CLUSTER=kind"


def test_the_story_names_the_reviews_that_are_really_used(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(scene: Scene, file: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(repository, "make", lambda target, namespace, reviews: "what lay there before")
    monkeypatch.setattr(story, "_apply", stop)
    with pytest.raises(KeyboardInterrupt):
        story.tell(Target("local", "demo"), Reviews(None, "made-up reviews"))
    told = capsys.readouterr().err
    assert "data: what lay there before" in told
    assert "made-up reviews" not in told
