"""The way from a status to sinks: tried again, never twice where it arrived, and of no concern to other sinks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from sentiment_operator.api.notifications import DeliveryState, Notification
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.cluster.store import Key
from sentiment_operator.notify import courier as module
from sentiment_operator.notify.courier import MOST_ATTEMPTS, Courier, Sender, pause_after
from sentiment_operator.notify.letter import Letter
from sentiment_operator.notify.outbox import Told, with_post
from sentiment_operator.notify.sinks import Undelivered, Webhook
from sentiment_operator.notify.webhook import WebhookSender
from tests.support.receivers import HTTPReceiver, http_receiver
from tests.unit.operator.notify.statuses import ORIGIN, WELL, at, not_ready, ready, status

IMDB, UID = Key("reviews", "imdb"), "uid-1"
CHAT, MAIL = "team-chat", "on-call"


class PlayedSink:
    """A sink whose answers are given."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.taken, self.tries = list(failures), list[str](), 0
        self.hangs = False

    async def send(self, letter: Letter) -> None:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(letter.record.id)


class Operator:
    """A courier, and the passes over one model that it wakes. The status is what survives a restart."""

    def __init__(self, senders: dict[str, Sender], stored: SentimentModelStatus | None = None, **more: Any) -> None:
        self.stored = stored or SentimentModelStatus()
        self.wanted = tuple(Notification(sink=sink) for sink in senders)
        self.leads = True
        self.woken = asyncio.Event()
        more = {"first_pause_seconds": 0.01, **more}
        self.courier = Courier(
            senders,
            may_send=lambda _: self.leads,
            exists=lambda _, uid: uid == UID,
            wake=lambda _: self.woken.set(),
            **more,
        )

    def comes_to(self, after: SentimentModelStatus, minutes: float) -> None:
        """One pass: what it writes is what stands in the API server."""
        told = Told(ORIGIN, self.wanted, self.courier.post(UID))
        self.stored = with_post(after, self.stored, told, at(minutes))
        self.courier.take(IMDB, UID, self.stored)

    def looks_again(self) -> None:
        """A pass that finds nothing new but what the courier has to say."""
        self.comes_to(self.stored, 1)

    async def run(self) -> None:
        """Passes as often as the courier wakes the model."""
        running = asyncio.create_task(self.courier.run())
        try:
            while True:
                await self.woken.wait()
                self.woken.clear()
                self.looks_again()
        finally:
            running.cancel()
            await asyncio.wait([running])

    def states(self) -> list[tuple[str, str, int]]:
        """Sink, state and tries of the latest message."""
        return [(entry.sink, entry.state, entry.attempts) for entry in self.stored.notifications[0].deliveries]


def play(operator: Callable[[], Operator], story: Callable[[Operator], Awaitable[None]]) -> Operator:
    async def run() -> Operator:
        begun = operator()
        running = asyncio.create_task(begun.run())
        await story(begun)
        running.cancel()
        await asyncio.wait([running])
        return begun

    return asyncio.run(run())


async def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not within 10 s")


async def never(is_so: Callable[[], bool]) -> None:
    for _ in range(50):
        assert not is_so()
        await asyncio.sleep(0.002)


def failures(count: int, why: str = "HTTP 503") -> Iterable[Exception]:
    return (Undelivered(why) for _ in range(count))


def test_what_a_status_says_is_delivered_and_then_stands_there_as_delivered() -> None:
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        assert operator.states() == [(CHAT, "Pending", 0)]
        await eventually(lambda: operator.states() == [(CHAT, "Delivered", 1)])
        for _ in range(3):
            operator.looks_again()
        await never(lambda: sink.tries > 1)

    play(lambda: Operator({CHAT: sink}), story)
    assert len(sink.taken) == 1


def test_what_is_not_taken_is_tried_again_until_it_is() -> None:
    sink = PlayedSink(*failures(3))

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: operator.states() == [(CHAT, "Delivered", 4)])

    play(lambda: Operator({CHAT: sink}), story)


def test_tries_are_bounded_and_the_last_reason_stands_in_the_status() -> None:
    sink = PlayedSink(*failures(MOST_ATTEMPTS + 5))

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: operator.states() == [(CHAT, "Failed", MOST_ATTEMPTS)])
        await never(lambda: sink.tries > MOST_ATTEMPTS)

    ended = play(lambda: Operator({CHAT: sink}, first_pause_seconds=0.00001), story)
    assert ended.stored.notifications[0].deliveries[0].problem == "HTTP 503"


def test_pauses_grow_and_all_tries_take_some_hours() -> None:
    pauses = [pause_after(attempts, 5.0) for attempts in range(1, MOST_ATTEMPTS)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 5
    assert max(pauses) == 3600
    assert 3 < sum(pauses) / 3600 < 4


def test_a_sink_may_ask_for_a_longer_pause() -> None:
    sink = PlayedSink(Undelivered("HTTP 429", retry_after=30))

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: operator.states() == [(CHAT, "Pending", 1)])
        await never(lambda: sink.tries > 1)

    play(lambda: Operator({CHAT: sink}), story)


def test_a_sink_that_hangs_delays_neither_the_others_nor_the_passes() -> None:
    chat, mail = PlayedSink(), PlayedSink()
    chat.hangs = True

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: operator.states() == [(CHAT, "Pending", 0), (MAIL, "Delivered", 1)])

    play(lambda: Operator({CHAT: chat, MAIL: mail}), story)


def test_a_sink_that_hangs_is_given_up_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 0.02)
    sink = PlayedSink()
    sink.hangs = True

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: sink.tries >= 2)
        sink.hangs = False
        await eventually(lambda: operator.states()[0][1] == "Delivered")

    play(lambda: Operator({CHAT: sink}), story)


def test_a_fault_of_a_sender_ends_nothing() -> None:
    sink = PlayedSink(RuntimeError("a fault"))

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: operator.states() == [(CHAT, "Delivered", 2)])

    play(lambda: Operator({CHAT: sink}), story)


def test_a_pass_that_began_before_the_delivery_does_not_have_it_made_again() -> None:
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        before = operator.stored
        await eventually(lambda: len(sink.taken) == 1)
        operator.courier.take(IMDB, UID, before)
        await never(lambda: sink.tries > 1)

    async def without_passes() -> None:
        operator = Operator({CHAT: sink})
        running = asyncio.create_task(operator.courier.run())
        await story(operator)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(without_passes())


def test_whoever_does_not_lead_delivers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEADING_AGAIN_SECONDS", 0.01)
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.leads = False
        operator.comes_to(ready(), 0)
        await never(lambda: sink.tries > 0)
        operator.leads = True
        await eventually(lambda: len(sink.taken) == 1)

    play(lambda: Operator({CHAT: sink}), story)


def test_a_restart_before_the_delivery_delivers() -> None:
    """The process ended after the status was written, and before anything was sent."""

    async def written() -> SentimentModelStatus:
        operator = Operator({CHAT: PlayedSink()})
        operator.comes_to(ready(), 0)
        return operator.stored

    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.looks_again()
        await eventually(lambda: operator.states() == [(CHAT, "Delivered", 1)])

    stored = asyncio.run(written())
    play(lambda: Operator({CHAT: sink}, stored), story)
    assert sink.taken == [stored.notifications[0].id]


def test_a_restart_after_the_delivery_was_written_delivers_nothing() -> None:
    async def deliver(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        await eventually(lambda: operator.states() == [(CHAT, "Delivered", 1)])

    stored = play(lambda: Operator({CHAT: PlayedSink()}), deliver).stored
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        for _ in range(3):
            operator.looks_again()
        await never(lambda: sink.tries > 0)

    play(lambda: Operator({CHAT: sink}, stored), story)


def test_a_restart_between_delivery_and_status_delivers_once_more_under_the_same_id() -> None:
    """The one case in which a receiver gets a message twice; the id tells it."""
    sink = PlayedSink()

    async def taken_and_not_written() -> SentimentModelStatus:
        operator = Operator({CHAT: sink})
        operator.comes_to(ready(), 0)
        running = asyncio.create_task(operator.courier.run())
        await eventually(lambda: len(sink.taken) == 1)
        running.cancel()
        await asyncio.wait([running])
        return operator.stored

    async def story(operator: Operator) -> None:
        operator.looks_again()
        await eventually(lambda: operator.states()[0][1] == "Delivered")

    stored = asyncio.run(taken_and_not_written())
    play(lambda: Operator({CHAT: sink}, stored), story)
    assert len(sink.taken) == 2
    assert len(set(sink.taken)) == 1


def test_a_restart_goes_on_counting_tries() -> None:
    sink = PlayedSink(*failures(MOST_ATTEMPTS))

    async def story(operator: Operator) -> None:
        operator.looks_again()
        await eventually(lambda: operator.states() == [(CHAT, "Failed", MOST_ATTEMPTS)])

    async def begin() -> SentimentModelStatus:
        operator = Operator({CHAT: sink})
        operator.comes_to(ready(), 0)
        (record,) = operator.stored.notifications
        tried = record.deliveries[0].model_copy(update={"attempts": MOST_ATTEMPTS - 2})
        return operator.stored.model_copy(
            update={"notifications": (record.model_copy(update={"deliveries": (tried,)}),)}
        )

    stored = asyncio.run(begin())
    play(lambda: Operator({CHAT: sink}, stored, first_pause_seconds=0.00001), story)
    assert sink.tries == 2


def test_messages_arrive_in_their_order() -> None:
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.comes_to(ready(), 0)
        before = operator.stored
        operator.comes_to(not_ready(before, 10, "2"), 10)
        operator.comes_to(ready(operator.stored, 11, "2"), 11)
        await eventually(lambda: len(sink.taken) == 2)
        assert sink.taken == [record.id for record in reversed(operator.stored.notifications)]

    play(lambda: Operator({CHAT: sink}), story)


def test_of_a_model_that_is_gone_nothing_is_kept() -> None:
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.courier.exists = lambda _, uid: False
        operator.comes_to(ready(), 0)
        await eventually(lambda: len(sink.taken) == 1)
        await never(lambda: operator.states() != [(CHAT, "Pending", 0)])
        assert operator.courier.post(UID).outcomes == {}

    play(lambda: Operator({CHAT: sink}), story)


def test_a_real_receiver_that_fails_and_hangs_gets_the_message_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 0.5)
    with http_receiver() as receiver:
        receiver.answers = [500, 503, 302]

        async def story() -> list[tuple[str, str, int]]:
            async with aiohttp.ClientSession() as session:
                sender = WebhookSender(Webhook(type="Webhook", url=receiver.url), session, lambda: datetime.now(UTC))
                operator = Operator({CHAT: sender})
                running = asyncio.create_task(operator.run())
                operator.comes_to(ready(), 0)
                await eventually(lambda: operator.states()[0][1] == DeliveryState.DELIVERED)
                await hangs_once(operator, receiver)
                running.cancel()
                await asyncio.wait([running])
                return operator.states()

        assert asyncio.run(story()) == [(CHAT, "Delivered", 2)]
    assert len(receiver.requests) == 6
    assert len(set(receiver.ids)) == 2


async def hangs_once(operator: Operator, receiver: HTTPReceiver) -> None:
    receiver.hold.clear()
    operator.comes_to(not_ready(operator.stored, 10, "2"), 10)
    operator.comes_to(ready(operator.stored, 11, "2"), 11)
    await eventually(lambda: operator.states()[0][2] == 1)
    receiver.hold.set()
    await eventually(lambda: operator.states()[0][1] == DeliveryState.DELIVERED)


def test_a_status_without_messages_is_left_as_it_is() -> None:
    async def story(operator: Operator) -> None:
        operator.wanted = ()
        operator.comes_to(ready(), 0)
        operator.comes_to(status(operator.stored, 1, WELL, serving="1"), 1)
        assert operator.stored.notifications == ()

    play(lambda: Operator({CHAT: PlayedSink()}), story)


def test_what_is_on_its_way_is_left_to_whoever_acts_for_the_namespace_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEADING_AGAIN_SECONDS", 0.01)
    sink = PlayedSink()

    async def story(operator: Operator) -> None:
        operator.leads = False
        operator.comes_to(ready(), 0)
        await never(lambda: bool(sink.tries))
        operator.courier.leave(lambda namespace: namespace == IMDB.namespace)
        operator.leads = True
        await never(lambda: bool(sink.tries))
        operator.looks_again()
        await eventually(lambda: sink.tries == 1)

    play(lambda: Operator({CHAT: sink}), story)
