"""Writes made-up film reviews for offline demos and tests: seeded, unique, and with doubts built in.

A few reviews carry the wrong label and many mix praise with blame, so that a model reaches about 93 %, not 100 %.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SUBJECTS = (
    "acting",
    "story",
    "script",
    "camera work",
    "music",
    "ending",
    "dialogue",
    "pacing",
    "cast",
    "direction",
    "editing",
    "lighting",
    "plot",
    "lead role",
    "second half",
    "opening scene",
    "soundtrack",
    "humour",
    "romance",
    "finale",
)
_PRAISE = (
    "brilliant",
    "moving",
    "superb",
    "delightful",
    "clever",
    "gripping",
    "wonderful",
    "charming",
    "masterful",
    "honest",
    "touching",
    "stunning",
    "witty",
    "beautiful",
    "perfect",
    "fresh",
    "memorable",
    "elegant",
    "powerful",
    "warm",
)
_BLAME = (
    "boring",
    "awful",
    "clumsy",
    "predictable",
    "dreadful",
    "lazy",
    "painful",
    "shallow",
    "tedious",
    "hollow",
    "annoying",
    "terrible",
    "weak",
    "wooden",
    "pointless",
    "noisy",
    "forgettable",
    "messy",
    "stale",
    "cold",
)
_NEUTRAL = (
    "I saw it on a rainy {day} with {who}.",
    "The film runs for {minutes} minutes.",
    "It is set in {place} around {year}.",
    "I heard of it from {who}.",
    "There were {minutes} people in the cinema.",
    "It was shot in {place}, mostly at night.",
    "The director made {count} films before this one.",
    "Half of it plays on a train to {place}.",
)
_POSITIVE = (
    "The {subject} is {praise}.",
    "I loved the {subject}, so {praise} and {praise2}!",
    "What a {praise} {subject}.",
    "A {praise} {subject}, and a {praise2} film.",
    "A {praise} film, I would watch it again.",
    "Highly recommended for its {praise} {subject}.",
)
_NEGATIVE = (
    "The {subject} is {blame}.",
    "I hated the {subject}, so {blame} and {blame2}!",
    "What a {blame} {subject}.",
    "A {blame} {subject}, and a {blame2} film.",
    "A {blame} film and a waste of an evening.",
    "Avoid it, if only for its {blame} {subject}.",
)
_DAYS = ("Monday", "Tuesday", "Thursday", "Friday", "Sunday")
_COMPANY = ("friends", "my sister", "a colleague", "the neighbours", "my father", "nobody else")
_PLACES = ("Lisbon", "Oslo", "Kyoto", "Lima", "Zürich", "Montréal", "Nairobi", "Kraków")
_MIXED_SHARE, _WRONG_LABEL_SHARE = 0.35, 0.03


@dataclass(frozen=True)
class MadeUpReview:
    """A review and the sentiment written beside it."""

    review: str
    sentiment: str


def generate(rows: int, seed: int) -> Iterator[MadeUpReview]:
    """`rows` different reviews, half of them positive; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  made-up texts, no secrets
    written: set[str] = set()
    while len(written) < rows:
        positive = len(written) % 2 == 0
        review = _review(chance, positive=positive)
        if review in written:
            continue
        written.add(review)
        says = positive != (chance.random() < _WRONG_LABEL_SHARE)
        yield MadeUpReview(review, "positive" if says else "negative")


def write_csv(path: Path, rows: int, seed: int) -> None:
    """Write the reviews with a header `review,sentiment`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows((made_up.review, made_up.sentiment) for made_up in generate(rows, seed))


def _review(chance: random.Random, *, positive: bool) -> str:
    own, other = (_POSITIVE, _NEGATIVE) if positive else (_NEGATIVE, _POSITIVE)
    opinions = chance.choice((1, 2, 2, 3, 3, 4, 6, 9))
    sentences = [chance.choice(own) for _ in range(opinions)]
    if opinions > 1 and chance.random() < _MIXED_SHARE:
        sentences += [chance.choice(other) for _ in range(chance.randint(1, opinions - 1))]
    sentences += [chance.choice(_NEUTRAL) for _ in range(chance.randint(1, 5))]
    chance.shuffle(sentences)
    return " ".join(_filled(sentence, chance) for sentence in sentences)


def _filled(sentence: str, chance: random.Random) -> str:
    praise, praise2 = chance.sample(_PRAISE, 2)
    blame, blame2 = chance.sample(_BLAME, 2)
    return sentence.format(
        subject=chance.choice(_SUBJECTS),
        praise=praise,
        praise2=praise2,
        blame=blame,
        blame2=blame2,
        day=chance.choice(_DAYS),
        who=chance.choice(_COMPANY),
        place=chance.choice(_PLACES),
        minutes=chance.randint(70, 190),
        year=chance.randint(1890, 2025),
        count=chance.randint(2, 30),
    )
