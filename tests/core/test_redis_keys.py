"""Installations that share a Redis database never meet."""

from pathlib import Path

import pytest
from django.core.cache.backends.base import BaseCache
from kombu import Connection

from config import settings as product
from config.celery import app
from core import redis_keys, schedule, signs_of_life
from core.cache import Cache
from fleet import live
from fleet.probing.probe_counts import ProbeCounts

SECRET = "s" * 50
POSTGRES = {
    "NAME": "plimsoll", "HOST": "db", "PORT": 5432, "USER": "plimsoll", "PASSWORD": "first",
    "OPTIONS": {"sslmode": "require"},
}  # fmt: skip
SQLITE = {"NAME": "/srv/plimsoll/var/plimsoll.sqlite3"}


@pytest.mark.parametrize(
    ("database", "other", "secret"),
    [
        (SQLITE, SQLITE, "t" * 50),
        (SQLITE, {"NAME": "/srv/staging/var/plimsoll.sqlite3"}, SECRET),
        (SQLITE, POSTGRES, SECRET),
        (POSTGRES, POSTGRES | {"NAME": "staging"}, SECRET),
        (POSTGRES, POSTGRES | {"HOST": "db-staging"}, SECRET),
        (POSTGRES, POSTGRES | {"PORT": 5433}, SECRET),
        (POSTGRES, POSTGRES | {"USER": "staging"}, SECRET),
        (POSTGRES, POSTGRES | {"OPTIONS": {"options": "-c search_path=staging"}}, SECRET),
    ],
)
def test_installations_have_different_prefixes(database, other, secret):
    assert redis_keys.prefix(SECRET, database) != redis_keys.prefix(secret, other)


@pytest.mark.parametrize(
    "seen_from_there",
    [
        POSTGRES,
        POSTGRES | {"PASSWORD": "second"},
        POSTGRES | {"OPTIONS": {"sslmode": "prefer"}},
        POSTGRES | {"PORT": ""},
        POSTGRES | {"PORT": "5432"},
    ],
)
def test_machines_of_one_installation_have_the_same_prefix(seen_from_there):
    assert redis_keys.prefix(SECRET, POSTGRES) == redis_keys.prefix(SECRET, seen_from_there)


def test_no_installation_takes_the_tasks_of_another(valkey):
    def connection(prefix: str) -> Connection:
        options = app.conf.broker_transport_options | {"global_keyprefix": prefix}
        return Connection(app.conf.broker_url, transport_options=options)

    with connection("production:") as one, connection("staging:") as other:
        production, staging = one.SimpleQueue("probe"), other.SimpleQueue("probe")
        production.put("a task")
        with pytest.raises(staging.Empty):
            staging.get(block=False)
        taken = production.get(block=False)
        taken.ack()
        assert taken.payload == "a task"


def test_everything_that_is_kept_in_redis_has_the_prefix(valkey, valkey_server, settings):
    shared: BaseCache = Cache(valkey_server, dict(product.CACHES["default"]))
    shared.set("tries", 1, 60)
    signs_of_life.alive("tick")
    schedule._note("fleet.tasks.tick", "started")
    counts = ProbeCounts()
    counts.add("up", None, 5.0)
    counts.send()
    with valkey.pubsub() as subscription:
        subscription.psubscribe("*")
        subscription.get_message(timeout=5)
        live.publish([1])
        published = subscription.get_message(timeout=5)
    app.send_task("fleet.tasks.prune")
    with app.connection() as connection, connection.SimpleQueue("upkeep") as queue:
        taken = queue.get(timeout=5)  # not acknowledged yet
        names = [name.decode() for name in valkey.keys("*")]
        taken.ack()
    assert len(names) > 6
    assert {name.partition(":")[0] for name in [*names, published["channel"].decode()]} == {settings.REDIS_PREFIX}


def test_clients_of_redis_are_made_in_one_place():
    root = Path(redis_keys.__file__).parents[1]
    makers = {
        str(path.relative_to(root))
        for app in ("advisor", "config", "core", "fleet", "ops", "teams")
        for path in (root / app).rglob("*.py")
        if ".from_url(" in path.read_text()
    }
    assert makers == {"core/redis_clients.py"}
