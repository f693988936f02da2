"""Sinks in the chart's values: the operator reads them as its own code does, and their Secrets only as files."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from sentiment_operator.notify.sinks import Mail, Sinks, Webhook
from tests.chart.rendering import Helm, Manifest, Refused, Values, of_kind, pod_templates
from tests.chart.test_rendering import environment, ports_to_any_host

CHAT = {
    "type": "Webhook",
    "urlSecret": {"name": "team-chat", "key": "url"},
    "signingSecret": {"name": "team-chat", "key": "hmac"},
}
BOT = {"type": "Webhook", "url": "http://bot.tools.svc:8085/hook?a=1&b=2", "caSecret": {"name": "ca", "key": "ca.crt"}}
PEOPLE = {
    "type": "SMTP",
    "host": "smtp.example.org",
    "port": 2525,
    "tls": "Implicit",
    "from": "models@example.org",
    "to": ["ana@example.org"],
    "credentialsSecret": {"name": "smtp"},
}
FOLDER = "/etc/sentiment-operator/sinks"


def with_sinks(**sinks: Any) -> Values:
    return {"notifications": {"sinks": sinks}}


ALL = with_sinks(chat=CHAT, bot=BOT, people=PEOPLE)


def operator(helm: Helm, values: Values) -> Manifest:
    return pod_templates(helm.template(values))["Deployment/sentiment-operator"]


def test_the_operator_reads_what_the_chart_tells_it(helm: Helm) -> None:
    told = environment(operator(helm, ALL))["SENTIMENT_NOTIFICATION_SINKS"]
    sinks = TypeAdapter[Sinks](Sinks).validate_json(told)
    chat, bot, people = sinks["chat"], sinks["bot"], sinks["people"]
    assert isinstance(chat, Webhook)
    assert (str(chat.url_file), str(chat.signing_key_file)) == (f"{FOLDER}/chat/url", f"{FOLDER}/chat/signingKey")
    assert isinstance(bot, Webhook)
    assert (bot.url, str(bot.ca_file)) == (BOT["url"], f"{FOLDER}/bot/ca")
    assert isinstance(people, Mail)
    assert (people.host, people.port, people.tls_mode) == ("smtp.example.org", 2525, "Implicit")
    assert (str(people.username_file), str(people.password_file)) == (
        f"{FOLDER}/people/username",
        f"{FOLDER}/people/password",
    )


def test_every_file_that_is_named_is_mounted(helm: Helm) -> None:
    pod = operator(helm, ALL)
    told = json.loads(environment(pod)["SENTIMENT_NOTIFICATION_SINKS"])
    named = {value for sink in told.values() for field, value in sink.items() if field.endswith("File")}
    (mount,) = (mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "sinks")
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "sinks")
    sources = [source["secret"] for source in volume["projected"]["sources"]]
    mounted = {f"{mount['mountPath']}/{item['path']}" for source in sources for item in source["items"]}
    assert (mount["mountPath"], mount["readOnly"]) == (FOLDER, True)
    assert mounted == named
    assert {(source["name"], item["key"]) for source in sources for item in source["items"]} == {
        ("team-chat", "url"),
        ("team-chat", "hmac"),
        ("ca", "ca.crt"),
        ("smtp", "username"),
        ("smtp", "password"),
    }


def test_a_secret_that_is_missing_does_not_keep_the_operator_from_starting(helm: Helm) -> None:
    (volume,) = (volume for volume in operator(helm, ALL)["volumes"] if volume["name"] == "sinks")
    assert all(source["secret"]["optional"] for source in volume["projected"]["sources"])


def test_without_sinks_nothing_is_told_and_nothing_mounted(helm: Helm) -> None:
    pod = operator(helm, {})
    assert "SENTIMENT_NOTIFICATION_SINKS" not in environment(pod)
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    without_secrets = operator(helm, with_sinks(bot={"type": "Webhook", "url": "http://bot.tools.svc"}))
    assert [volume["name"] for volume in without_secrets["volumes"]] == ["tmp"]


def test_secrets_are_named_and_no_right_to_read_them_is_asked_for(helm: Helm) -> None:
    manifests = helm.template(ALL)
    assert of_kind(manifests, "Secret") == {}
    roles = [*of_kind(manifests, "ClusterRole").values(), *of_kind(manifests, "Role").values()]
    assert not [role for role in roles for rule in role.get("rules") or () if "secrets" in rule["resources"]]


@pytest.mark.parametrize(
    ("sink", "port"),
    [
        (CHAT, 443),
        ({**CHAT, "port": 8444}, 8444),
        (BOT, 8085),
        ({"type": "Webhook", "url": "http://bot.tools.svc/hook"}, 80),
        ({"type": "Webhook", "url": "https://bot.example.org"}, 443),
        (PEOPLE, 2525),
        ({key: value for key, value in PEOPLE.items() if key != "port"}, 587),
    ],
)
def test_the_operator_may_call_a_sink(helm: Helm, sink: Values, port: int) -> None:
    assert ports_to_any_host(helm, with_sinks(one=sink)) == ports_to_any_host(helm, {}) | {port}


WRONG: dict[str, tuple[Values, str]] = {
    "a name that no model could write": (with_sinks(**{"Team Chat": BOT}), "Team Chat"),
    "an unknown type": (with_sinks(one={**BOT, "type": "Pigeon"}), "type"),
    "no type": (with_sinks(one={"url": "https://bot.example.org"}), "type"),
    "no address": (with_sinks(one={"type": "Webhook"}), "sinks/one"),
    "two addresses": (with_sinks(one={**CHAT, "url": "https://bot.example.org"}), "sinks/one"),
    "an address with a password": (with_sinks(one={"type": "Webhook", "url": "https://me:pw@example.org"}), "url"),
    "a secret written down": (with_sinks(one={**BOT, "signingSecret": "abc"}), "signingSecret"),
    "a field of another type": (with_sinks(one={**BOT, "host": "smtp.example.org"}), "host"),
    "e-mail in the clear": (with_sinks(one={**PEOPLE, "tls": "None"}), "tls"),
    "nobody to write to": (with_sinks(one={**PEOPLE, "to": []}), "to"),
    "a header behind a recipient": (with_sinks(one={**PEOPLE, "to": ["a@example.org\nBcc: b@example.org"]}), "to"),
}


@pytest.mark.parametrize("values_and_place", WRONG.values(), ids=WRONG)
def test_a_wrong_sink_is_refused_by_its_place(helm: Helm, values_and_place: tuple[Values, str]) -> None:
    values, place = values_and_place
    with pytest.raises(Refused) as refused:
        helm.template(values)
    assert place in str(refused.value)
