"""What the git servers last said of the branches that models follow: each repository is asked once for all its models.

Asked at intervals, at once where a model names a repository that nobody asked for yet, and at once when a webhook tells
of a change. Nothing of it is kept over a restart: what a branch was found to hold stands in the status of each model.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.facts.observed import Head, Manifest
from sentiment_operator.git.git_server import Refs
from sentiment_operator.reading.pinning import Question

log = logging.getLogger(__name__)

JITTER = 0.2
AT_ONCE = 4
"""Servers that are asked at the same time."""


def spread(seconds: float, chance: float) -> float:
    """The interval, up to 20 % shorter or longer by a chance of 0 to 1: operators that start together part."""
    return seconds * (1 + JITTER * (2 * chance - 1))


@dataclass(slots=True)
class Heads:
    """The latest answers, by repository."""

    store: Store
    ask: Callable[[str], Awaitable[Refs]]
    seconds: float
    changed: Callable[[Key], None]
    """Told of every model whose repository said something new."""
    chance: Callable[[], float] = random.random
    _refs: dict[str, Refs] = field(default_factory=dict[str, Refs])
    _due: set[str] = field(default_factory=set[str])
    _told_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def head(self, question: Question) -> Head | None:
        """What the server said of the revision, None while it was not asked; then it will be, at once."""
        url = question.source.repo_url
        if not question.is_for_the_operator:
            return None
        if url not in self._refs:
            self._due.add(url)
            self._wake.set()
            return None
        return self._refs[url].head(question.source.revision, url)

    def told_at(self, question: Question) -> datetime | None:
        """When a webhook last told of a change of the repository."""
        return self._told_at.get(repository(question.source.repo_url))

    def tell(self, urls: set[str]) -> int:
        """A webhook says that the repository changed that goes by these addresses; gives how many models follow it."""
        named = {repository(url) for url in urls}
        followers = [(key, url) for key, url in self._followed() if repository(url) in named]
        for key, url in followers:
            self._told_at[repository(url)] = datetime.now(UTC)
            if url in self._refs:
                self._due.add(url)
            self.changed(key)
        self._wake.set()
        return len(followers)

    async def run(self) -> None:
        """Ask again and again."""
        while True:
            self._wake.clear()
            await self._round()
            try:
                async with asyncio.timeout(spread(self.seconds, self.chance())):
                    await self._wake.wait()
            except TimeoutError:
                self._due.update(self._refs)

    async def _round(self) -> None:
        due, followed = self._due, {url for _, url in self._followed()}
        self._due = set()
        self._refs = {url: known for url, known in self._refs.items() if url in followed}
        places = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._ask(url, places) for url in sorted(due)))

    async def _ask(self, url: str, places: asyncio.Semaphore) -> None:
        async with places:
            answer = await self.ask(url)
        before = self._refs.get(url)
        self._refs[url] = answer
        if answer == before:
            return
        log.debug("%s said something new", url)
        for key, of_model in self._followed():
            if of_model == url:
                self.changed(key)

    def _followed(self) -> list[tuple[Key, str]]:
        """Every model whose data is in git, with its repository."""
        bodies = ((key, self.store.model(key)) for key in self.store.models())
        found = ((key, _repository_of(body)) for key, body in bodies if body is not None)
        return [(key, url) for key, url in found if url]


def repository(url: str) -> str:
    """One spelling for the addresses of one repository: `git@host:a/b.git`, `https://host/a/b`, `ssh://git@host/a/b/`."""
    _, mark, rest = url.partition("://")
    address = rest if mark else url.replace(":", "/", 1)
    host, _, path = address.rpartition("@")[2].partition("/")
    return f"{host.partition(':')[0].lower()}/{path.strip('/').removesuffix('.git').strip('/')}"


def _repository_of(body: Manifest) -> str:
    source: Manifest = body.get("spec", {}).get("data", {}).get("dvc") or {}
    return str(source.get("repoURL", ""))
