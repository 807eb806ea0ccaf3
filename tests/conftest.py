"""What many tests need: real servers on this machine, and people."""

import asyncio
import gc
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import hypothesis
import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase

from config.celery import app
from core import signs_of_life
from ops import embedded_broker
from teams.accounts import account_mail
from teams.models import Membership, Role, Team
from tests.fake_engine import FakeEngine
from tests.template import copy_migrated

hypothesis.settings.register_profile("thorough", deadline=None)
hypothesis.settings.register_profile("dev", parent=hypothesis.settings.get_profile("thorough"), max_examples=20)
hypothesis.settings.load_profile("thorough")

FIRST = ("tests/chaos/", "tests/e2e/", "tests/config/test_up.py")
"""What takes longest by the clock, in this order: begun last, it would keep one process busy while others are idle."""


gc.disable()  # while eight thousand tests are collected, hardly any of which is garbage


def pytest_collection_finish() -> None:
    """Leaves what was collected out of the search for garbage, which took a tenth of the CPU."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a browser together, too, so that each process starts one browser and one site."""
    items.sort(key=lambda item: next((n for n, path in enumerate(FIRST) if item.nodeid.startswith(path)), len(FIRST)))


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """Waits until a condition holds; fails with `why` when it does not within `timeout` seconds."""

    def wait(condition: Callable[[], object], timeout: float = 10, why: str = "it did not happen") -> None:
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"Waited {timeout:g} s: {why}")
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The URL of an embedded Valkey that runs for the whole session."""
    folder = Path(tempfile.mkdtemp(prefix="plimsoll-valkey-"))
    server = subprocess.Popen(
        embedded_broker.command(embedded_broker.server(), folder / "valkey.sock", folder), stdout=subprocess.DEVNULL
    )
    url = f"unix://{folder}/valkey.sock"
    try:
        _until_it_answers(url)
        yield url
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        shutil.rmtree(folder)


def _until_it_answers(url: str) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.RedisError:
            if time.monotonic() > end:
                raise


@pytest.fixture
def valkey(valkey_server: str, settings) -> Iterator[redis.Redis]:
    """A client of an empty Valkey that the settings and the Celery app point to."""
    settings.REDIS_URL = valkey_server
    before = app.conf.broker_url
    _use_broker(valkey_server.replace("unix://", "redis+socket://"))
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
        signs_of_life._fine_at.clear()
        yield client
    _use_broker(before)


def _use_broker(url: str) -> None:
    app.conf.broker_url = url
    app._after_fork()  # forgets the connections to the broker before: there is no public way


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """What one test had counted is not held against the next."""
    cache.clear()


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass
class MailServer:
    """A real SMTP server: `messages` has what it took; `answer` is what it says to the next ones."""

    port: int = 0
    answer: str = "250 taken"
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)  # addresses that it does not know
    tries: int = 0
    ready: threading.Event = field(default_factory=threading.Event)  # cleared: it thinks before it answers

    def __post_init__(self) -> None:
        self.ready.set()

    async def handle_RCPT(
        self, server: object, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        self.tries += 1
        await asyncio.to_thread(self.ready.wait, 10)
        if self.answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.recipients.extend(envelope.rcpt_tos)
            self.messages.append(message)  # last: tests wait for it
        return self.answer


@pytest.fixture
def smtp(settings) -> Iterator[MailServer]:
    """A mail server that the settings point to. Set `smtp.answer = "451 later"` to have it refuse."""
    mail = MailServer()
    mail.port = free_port()
    controller = Controller(mail, hostname="127.0.0.1", port=mail.port)
    controller.start()
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "core.mail_server.MailServer"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
    yield mail
    mail.ready.set()
    account_mail.settle()
    controller.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """On SQLite the database of the tests starts as a copy of one that is migrated."""
    test = django_settings.DATABASES["default"]["TEST"]
    if name := test.get("NAME"):
        copy_migrated(Path(name))


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """The copy is not thrown away before it is used."""
    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_in_one_go() -> Iterator[None]:
    """After a test with real transactions. Django's `flush` creates the permissions again, which takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: _empty_tables())
        yield


def _empty_tables() -> None:
    kept = {"django_migrations", ContentType._meta.db_table, Permission._meta.db_table}
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are checked at its end
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@pytest.fixture
def ollama() -> Iterator[FakeEngine]:
    """A server that answers as Ollama does, with one model."""
    with FakeEngine("ollama") as engine:
        engine.version = "0.30.1"
        engine.models(["qwen3:8b"])
        yield engine


@pytest.fixture
def team(db) -> Team:
    """The team Search, whose outages are mailed to oncall@example.org."""
    return Team.objects.create(name="Search", slug="search", mail_to=["oncall@example.org"])


@pytest.fixture
def alice(team: Team) -> User:
    """An owner of the team Search."""
    return _member("alice", team)


@pytest.fixture
def bob(team: Team) -> User:
    """Another owner of the team Search, Alice's teammate."""
    return _member("bob", team)


@pytest.fixture
def charlie(db) -> User:
    """Signed in, but a member of no team."""
    return User.objects.create_user("charlie", "charlie@example.org", "a long password")


def _member(name: str, team: Team) -> User:
    user = User.objects.create_user(name, f"{name}@example.org", "a long password")
    Membership.objects.create(user=user, team=team, role=Role.OWNER)
    return user


@pytest.fixture(scope="session", autouse=True)
def _sync_fixtures_may_use_the_database() -> Iterator[None]:
    """Playwright keeps an event loop in the test's thread, where Django would refuse to query."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
