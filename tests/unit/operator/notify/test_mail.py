"""Messages to a real mail server: over TLS or not at all, to whoever is named, and what every failure is called."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sentiment_operator.notify import mail
from sentiment_operator.notify.mail import MailSender
from sentiment_operator.notify.sinks import Mail, Undelivered
from tests.support.ports import free_port
from tests.support.receivers import Certificates, MailServer, certificates, mail_server
from tests.unit.operator.notify.test_letter import letter

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


def people(server: MailServer, ca: Path | None, **more: Any) -> Mail:
    to = ("ana@example.org", "ben@example.org")
    plain = {"type": "SMTP", "host": "127.0.0.1", "port": server.port, "from": "models@example.org", "to": to}
    return Mail.model_validate({**plain, "caFile": ca, **more})


def send(sink: Mail) -> None:
    asyncio.run(MailSender(sink).send(letter()))


def not_taken(sink: Mail) -> str:
    with pytest.raises(Undelivered) as found:
        send(sink)
    return str(found.value)


def credentials(folder: Path, password: str = PASSWORD) -> dict[str, Path]:
    (folder / "username").write_text("operator\n")
    (folder / "password").write_text(password)
    return {"usernameFile": folder / "username", "passwordFile": folder / "password"}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # it does not see TLS that was there before the first word
@pytest.mark.parametrize("mode", ["STARTTLS", "Implicit"])
def test_a_message_arrives_encrypted_after_a_login(made: Certificates, tmp_path: Path, mode: str) -> None:
    with mail_server(made.server, implicit=mode == "Implicit", password=PASSWORD) as server:
        send(people(server, made.ca, tls=mode, **credentials(tmp_path)))
    (message,) = server.messages
    assert message["Subject"] == letter().subject
    assert message["Message-ID"] == f"<{letter().record.id}@example.org>"
    assert "Gate no-worse: f1 is 0.8" in message.get_content()
    assert server.recipients == [["ana@example.org", "ben@example.org"]]
    assert (server.was_encrypted, server.users) == ([True], ["operator"])


def test_a_server_that_asks_for_no_login_gets_none(made: Certificates) -> None:
    with mail_server(made.server) as server:
        send(people(server, made.ca))
    assert (len(server.messages), server.users) == (1, [])


@pytest.mark.parametrize("has_login", [True, False])
def test_nothing_is_sent_in_the_clear(made: Certificates, tmp_path: Path, *, has_login: bool) -> None:
    """Whoever sits between may strip STARTTLS from what the server offers."""
    with mail_server(made.server, offers_tls=False) as server:
        told = not_taken(people(server, made.ca, **(credentials(tmp_path) if has_login else {})))
        assert told == "the mail server offers no STARTTLS, and nothing is sent in the clear"
    assert (server.messages, server.users) == ([], [])


@pytest.mark.parametrize("mode", ["STARTTLS", "Implicit"])
def test_a_certificate_that_nobody_vouches_for_is_refused(made: Certificates, tmp_path: Path, mode: str) -> None:
    with mail_server(made.server, implicit=mode == "Implicit") as server:
        assert "certificate is not trusted" in not_taken(people(server, None, tls=mode, **credentials(tmp_path)))
    assert (server.messages, server.users) == ([], [])


@pytest.mark.parametrize("mode", ["STARTTLS", "Implicit"])
def test_a_certificate_of_another_host_is_refused(tmp_path: Path, mode: str) -> None:
    other = certificates(tmp_path, host="another.example.org")
    with mail_server(other.server, implicit=mode == "Implicit") as server:
        assert "that of another host" in not_taken(people(server, other.ca, tls=mode))
    assert server.messages == []


def test_a_wrong_password_is_told(made: Certificates, tmp_path: Path) -> None:
    with mail_server(made.server, password=PASSWORD) as server:
        told = not_taken(people(server, made.ca, **credentials(tmp_path, "wrong")))
    assert told == "the mail server does not take the credentials (SMTP 535)"


@pytest.mark.parametrize("answer", ["451 try again later, secret", "554 no, secret"])
def test_a_refusal_is_told_by_its_code_and_not_in_the_words_of_the_server(made: Certificates, answer: str) -> None:
    with mail_server(made.server) as server:
        server.answer = answer
        assert not_taken(people(server, made.ca)) == f"SMTP {answer[:3]}"


def test_a_server_that_is_away_is_told(made: Certificates) -> None:
    assert not_taken(people(MailServer(free_port()), made.ca)) == "no connection"


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_a_server_that_hangs_is_given_up(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.3)

    async def story() -> str:
        async with await asyncio.start_server(_silent, "127.0.0.1", free_port()) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Undelivered) as found:
                await MailSender(people(MailServer(port), made.ca)).send(letter())
            return str(found.value)

    assert "no answer within" in asyncio.run(story())
