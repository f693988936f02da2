"""The page of notifications is written by hand; what it says of times is what the code does."""

from docs.__main__ import FOLDER
from sentiment_operator.notify.transitions import SILENT_AGAIN, STALLED_AGAIN

IN_WORDS = {240: "four hours", 15: "fifteen minutes"}


def test_trouble_is_told_again_as_often_as_the_page_says() -> None:
    page = " ".join((FOLDER / "notifications.md").read_text(encoding="utf-8").split())
    stalled, silent = (IN_WORDS[int(again.total_seconds()) // 60] for again in (STALLED_AGAIN, SILENT_AGAIN))
    assert f"at most every {stalled}, `NoVersionAnswers` every {silent}" in page
