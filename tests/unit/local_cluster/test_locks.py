import threading

import pytest

from local_cluster.console import holds_within
from local_cluster.locks import lock


def test_the_second_waits_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with lock("thing"):
            order.append("second")

    with lock("thing"):
        thread = threading.Thread(target=second)
        thread.start()
        said: list[str] = []
        assert holds_within(5, lambda: bool(said.append(capsys.readouterr().err) or "waiting" in "".join(said)))
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_locks_of_other_names_do_not_wait(capsys: pytest.CaptureFixture[str]) -> None:
    with lock("one"), lock("other"):
        pass
    assert capsys.readouterr().err == ""


def test_a_lock_is_free_again_after_a_failure() -> None:
    with pytest.raises(ValueError, match="broken"), lock("thing"):
        raise ValueError("broken")
    with lock("thing"):
        pass
