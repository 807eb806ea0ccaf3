"""A whole site for a browser: its own database, broker and web process, an invented fleet and one person."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import redis

from config.data_folder import ROOT
from tests.broker import Broker, free_port
from tests.template import DATABASE, folder_after

_PREPARE = """
import django, os, pathlib
from tests.template import copy_migrated
copy_migrated(pathlib.Path(os.environ["PLIMSOLL_DATA"]))
django.setup()
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from bench.seed import seed
from teams.models import Membership, Role, Team
seed(6, 1)
import time
from fleet.models import Endpoint
from tests.fleet.load.weeks import SHAPES, before, judged, kept
now = int(time.time())
for endpoint in Endpoint.objects.filter(pk=1):
    Endpoint.objects.filter(pk=1).update(engine="vllm")
    kept(endpoint, before(now, SHAPES["saturated"][1], weeks=2))
judged(now)
user = get_user_model().objects.create_user("alice")
for team in Team.objects.all():
    Membership.objects.create(user=user, team=team, role=Role.OWNER)
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""

BROKEN = 2
"""The endpoint that the fixture `incident` breaks."""


class Site:
    """`url` answers once `start` returns; `session` is the cookie of the signed-in Alice, who owns every team."""

    def __init__(self, folder: Path) -> None:
        self.broker = Broker(str(folder))
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder, self._prepared = folder, folder_after("site", _PREPARE)
        table = {"PLIMSOLL_DATA": str(folder), "REDIS_URL": self.broker.url, "DEBUG": "true"}
        self._env = {**os.environ, **table, "DJANGO_SETTINGS_MODULE": "config.settings"}
        self._web: subprocess.Popen | None = None
        self.session = (self._prepared / "output").read_text().split()[-1]
        self._ages: dict[str, float] = {}
        self._signs: threading.Thread | None = None
        self._stopped = threading.Event()

    def configure(self, **settings: str) -> None:
        """Other settings than the default, from the next start of the web process on."""
        self._env |= settings

    def start(self) -> "Site":
        """Starts broker and web process. Raises TimeoutError when the site does not answer within 60 s."""
        shutil.copytree(self._prepared, self._folder, dirs_exist_ok=True)
        self.broker.start()
        self.show_life()
        self.start_web()
        return self

    def reset(self) -> None:
        """Makes database and broker what they were after `start`; the web process goes on."""
        with (
            contextlib.closing(sqlite3.connect(self._prepared / DATABASE)) as prepared,
            contextlib.closing(sqlite3.connect(self._folder / DATABASE, timeout=10)) as ours,
        ):
            prepared.backup(ours)
        with redis.Redis.from_url(self.broker.url) as client:
            client.flushall()
        self.show_life()

    def show_life(self, **ages: float) -> None:
        """From now on leaves signs of life every second, as workers would, or signs that are so many seconds old."""
        self._ages = ages
        self._leave_signs()
        if self._signs is None:
            self._signs = threading.Thread(target=self._go_on_showing, daemon=True)
            self._signs.start()

    def _go_on_showing(self) -> None:
        while not self._stopped.wait(1):
            with contextlib.suppress(redis.RedisError):  # a test has stopped the broker
                self._leave_signs()

    def _leave_signs(self) -> None:
        with redis.Redis.from_url(self.broker.url) as client:
            for name in ("tick", "pulse", "delivery"):
                client.set(f"plimsoll:{name}", time.time() - self._ages.get(name, 0))

    def say(self, name: str, trouble: str) -> None:
        """Leaves word of trouble, as the delivery and the watch do."""
        with redis.Redis.from_url(self.broker.url) as client:
            client.set(f"plimsoll:{name}", trouble)

    def start_web(self) -> None:
        environment = {**self._env, "PORT": self.url.rpartition(":")[2]}
        self._web = subprocess.Popen([sys.executable, "-m", "ops.web_server"], env=environment)
        end = time.monotonic() + 60
        while not self.answers():
            if time.monotonic() > end:
                raise TimeoutError("the web process did not answer")
            time.sleep(0.02)

    def stop_web(self) -> float:
        """Asks the web process to stop and returns how many seconds it took."""
        if not self._web:
            return 0.0
        began = time.monotonic()
        self._web.terminate()
        self._web.wait(20)
        self._web = None
        return time.monotonic() - began

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/live", timeout=1):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        self._stopped.set()
        self.stop_web()
        self.broker.stop()

    def run(self, script: str, **settings: str) -> str:
        """What a script prints that runs beside the web process, as a worker does, with these settings besides."""
        code, environment = f"import django\ndjango.setup()\n{script}", {**self._env, **settings}
        return subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=environment, text=True)

    def write(self, statement: str, *values: object) -> None:
        """Writes to the site's database from outside, as a worker on another machine would."""
        with sqlite3.connect(self._folder / DATABASE, timeout=10) as connection:
            connection.execute(statement, values)
        connection.close()

    def move(self, pk: int, regroup: bool = False, **columns: object) -> None:
        """Changes an endpoint's state as a probe would; inform the boards by `fleet.live.publish`."""
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
        columns |= {"shown_at": now} | ({"regrouped_at": now, "since": now} if regroup else {})
        assignments = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE fleet_endpointstate SET {assignments} WHERE endpoint_id = ?"
        self.write(statement, *columns.values(), pk)
