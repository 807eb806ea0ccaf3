"""Webhook and Apprise against real HTTP servers."""

import contextlib
import hashlib
import hmac
import json
import os
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from fleet.alerts import channels
from fleet.alerts.channels import apprise, webhook
from fleet.models import Alert, AlertPolicy, Message
from tests import hostile_server as hostile
from tests.hostile_server import HostileServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    with HostileServer() as running:
        yield running


@pytest.fixture
def policy(team):
    return AlertPolicy.objects.create(team=team, webhook_secret="s3cret")


def message(policy: AlertPolicy, channel: str, url: str) -> Message:
    setattr(policy, f"{channel}_url", url)
    policy.save()
    now = datetime.now(UTC)
    facts = {"subject": "A decision", "text": "Please look — änderung.", "path": "/decisions/1/", "name": "x"}
    facts |= {"link_text": "The decision", "team": "Search", "team_slug": "search"}
    same = {"team": policy.team, "channel": channel, "recipient": channel, "created_at": now}
    found = Message.objects.create(next_try_at=now, **same)
    Alert.objects.create(kind="review", key=f"k{found.pk}", facts=facts, message=found, **same)
    return found


def refused(sent: Message) -> channels.NotTaken:
    with pytest.raises(channels.NotTaken) as raised:
        channels.send(sent)
    return raised.value


def test_the_webhook_gets_json_that_the_secret_proves(server, policy):
    server.on("/hook", hostile.answer(200, b"ok"))
    sent = message(policy, "webhook", f"{server.url}/hook?token=t0k")
    channels.send(sent)
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/hook?token=t0k")
    body = json.loads(request.body)
    assert (body["version"], body["team"], body["subject"]) == (1, "search", "REVIEW  A decision (Search)")
    at, signed = (part.split("=")[1] for part in request.headers["x-plimsoll-signature"].split(","))
    expected = hmac.new(b"s3cret", at.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert signed == expected and abs(time.time() - int(at)) < 5


def test_every_try_has_the_same_delivery_number(server, policy):
    server.on("/", hostile.answer(500, b"broken"))
    sent = message(policy, "webhook", server.url)
    first, second = refused(sent), refused(sent)
    assert {request.headers["x-plimsoll-delivery"] for request in server.requests} == {str(sent.pk)}
    assert len(server.requests) == 2 and {type(first), type(second)} == {channels.NotTaken}
    assert str(first) == "The webhook answered 500 (Internal Server Error)."


def test_gone_is_final(server, policy):
    server.on("/", hostile.answer(410))
    assert isinstance(refused(message(policy, "webhook", server.url)), channels.Refused)


def test_a_redirect_to_the_metadata_service_is_not_followed(server, policy):
    server.on("/", hostile.redirect("http://169.254.169.254/latest/"))
    error = refused(message(policy, "webhook", server.url))
    assert "answered 302" in str(error) and "not followed" in str(error) and type(error) is channels.NotTaken


def test_a_refused_address_is_not_called(policy):
    began = time.monotonic()
    error = refused(message(policy, "webhook", "http://169.254.169.254/hook"))
    assert "metadata service" in str(error) and time.monotonic() - began < 1


@pytest.mark.parametrize("behaviour", [hostile.hang(), hostile.dribble_headers()])
def test_a_receiver_that_hangs_or_dribbles_is_left_when_the_time_is_over(server, policy, monkeypatch, behaviour):
    monkeypatch.setattr(webhook, "SECONDS", 0.4)
    server.on("/", behaviour)
    began = time.monotonic()
    assert "longer than 0.4 s" in str(refused(message(policy, "webhook", server.url)))
    assert time.monotonic() - began < 2


def test_the_body_of_an_answer_is_not_waited_for(server, policy):
    server.on("/", hostile.dribble_body())
    began = time.monotonic()
    channels.send(message(policy, "webhook", server.url))
    assert time.monotonic() - began < 2


def test_nothing_listens(policy):
    with HostileServer() as gone:
        url = gone.url
    assert "refused" in str(refused(message(policy, "webhook", url)))


@pytest.mark.parametrize("channel", ["apprise", "webhook"])
def test_what_waits_for_a_channel_that_was_taken_away_knows_so(policy, channel):
    assert isinstance(refused(message(policy, channel, "")), channels.TakenAway)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://169.254.169.254/", "metadata"),
        ("ftp://example.org/", "Only http"),
        ("http://me:secret@127.0.0.1/", "user name"),
        ("http://127.0.0.1/\r\nX: y", "space or a control"),
        ("http://127.0.0.1/?a=b\r\nX: y", "cannot hold"),
        ("http://no-such-host.invalid/", "was not found"),
    ],
)
def test_a_webhook_that_can_not_be_called_is_reported_before_it_is_stored(url, said):
    assert said in webhook.trouble_with(url)


def test_a_webhook_at_home_is_fine():
    assert webhook.trouble_with("http://127.0.0.1:9/hook?x=1") == ""


def test_apprise_hands_the_text_to_the_service(server, policy):
    server.on("/notify", hostile.answer(200, b"ok"))
    channels.send(message(policy, "apprise", server.url.replace("http://", "json://") + "/notify"))
    [request] = server.requests
    body = json.loads(request.body)
    assert body["title"] == "REVIEW  A decision (Search)" and "Please look — änderung." in body["message"]


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("json://HOST/secret-path", "/secret-path"),
        ("ntfy://HOST/topic", "/"),
        ("gotify://HOST/secret-token", "/message"),
        ("rocket://me:pw@HOST/#room", "/api/v1/login"),
        ("mmost://HOST/3ccdd113474722377935511fc85d3dd4", "/hooks/3ccdd113474722377935511fc85d3dd4"),
    ],
)
def test_apprise_shows_the_status_and_nothing_of_the_answer_or_the_url(server, policy, url, called):
    shown = json.dumps({"error": "inner-secret", "message": "inner-secret", "errorDescription": "inner-secret"})
    server.on(called, hostile.answer(503, shown, Content_Type="application/json"))
    error = refused(message(policy, "apprise", url.replace("HOST", server.url.removeprefix("http://"))))
    assert str(error) == "The service answered 503 (Service Unavailable)." and type(error) is channels.NotTaken


def test_apprise_follows_no_redirect(server, policy):
    server.on("/", hostile.redirect("/elsewhere", 307))
    refused(message(policy, "apprise", server.url.replace("http://", "json://")))
    assert [request.path for request in server.requests] == ["/"]


def test_apprise_is_left_when_the_time_is_over(server, policy, monkeypatch):
    monkeypatch.setattr(apprise, "SECONDS", 1)
    server.on("/", hostile.hang())
    began = time.monotonic()
    refused(message(policy, "apprise", server.url.replace("http://", "json://")))
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://169.254.169.254/x", "metadata"),
        ("json://[::ffff:169.254.169.254]/x", "metadata"),
        ("mailtos://me:pw@example.org?smtp=169.254.169.254", "mailtos:// is not allowed here. Possible are"),
        ("syslog://", "is not allowed here. Possible are"),
        ("file:///etc/apprise.yml", "is not allowed here. Possible are"),
        ("https://127.0.0.1/x", "is not allowed here. Possible are"),
        ("json://127.0.0.1/?keyfile=x", "A parameter of this URL is not allowed here. Possible are"),
        ("slack://half", "can't read"),
        ("nonsense", "not an Apprise URL"),
        ("json://host/ json://other/", "not an Apprise URL"),
    ],
)
def test_an_apprise_url_that_can_not_be_used_is_reported(url, said):
    assert said in apprise.trouble_with(url)
    assert apprise.trouble_with("ntfys://127.0.0.1/topic") == ""


def _connections_to(port: int) -> int:
    """Descriptors of this process that are connected to the port."""
    found = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(descriptor))) as sock:
            found += sock.getpeername()[1] == port
    return found


def _callers() -> list[str]:
    """Threads that are neither ours for good nor the test server's."""
    known = ("MainThread", "probe-watchdog", "_serve", "_accept", "asyncio", "account-mail")
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if not any(word in name for word in known)]


@pytest.mark.parametrize(
    ("url", "behaviour", "greeting"),
    [
        ("json://HOST/", hostile.dribble_headers(0.5), None),
        ("json://HOST/", hostile.dribble_body(0.5), None),
        ("ntfy://HOST/topic", hostile.dribble_headers(0.5), None),
        ("jsons://HOST/", None, hostile.dribble_handshake(0.5)),
        ("json://HOST/", hostile.hang(), None),
    ],
)
def test_an_apprise_call_leaves_no_thread_and_no_descriptor_behind(
    policy, monkeypatch, wait_for, url, behaviour, greeting
):
    monkeypatch.setattr(apprise, "SECONDS", 0.6)
    before = len(_callers())
    with HostileServer(greeting=greeting) as slow:
        if behaviour:
            slow.on("/", behaviour)
        sent = message(policy, "apprise", url.replace("HOST", f"127.0.0.1:{slow.port}"))
        for _ in range(3):
            assert isinstance(refused(sent), channels.Unreached)
        assert slow.connections == 3
        wait_for(lambda: len(_callers()) <= before, 5, f"threads are left: {_callers()}")
        wait_for(lambda: not _connections_to(slow.port), 5, "connections are left")


def test_a_token_that_looks_like_an_address_is_no_host():
    metadata = int.from_bytes(bytes((169, 254, 169, 254)))
    assert apprise.trouble_with(f"tgram://{metadata}:{'a' * 35}/1234567/") == ""
    assert "metadata" in apprise.trouble_with(f"json://{metadata}/x")
