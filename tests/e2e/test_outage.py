"""The main job with every process real: an outage and its end become mails, and a hung neighbour delays nobody."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from config.data_folder import ROOT
from tests.broker import free_port
from tests.fake_engine import FakeEngine
from tests.template import copy_migrated

pytestmark = pytest.mark.product

PREPARE = """
import django
django.setup()
from fleet import endpoints
from teams.models import Team
team = Team.objects.create(name="Search", slug="search", mail_to=["oncall@example.org"])
for name, url in {watched!r}.items():
    endpoints.add(team, name=name, url=url, interval=5, timeout=4.0)
"""


class Product:
    """`manage.py up` on a folder of its own, watching the given servers every five seconds."""

    def __init__(self, folder: Path, mail_port: int, watched: dict[str, str]) -> None:
        settings = {
            "PLIMSOLL_DATA": str(folder),
            "PORT": str(free_port()),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        }
        self.env = {**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.database = folder / "plimsoll.sqlite3"
        copy_migrated(folder)
        subprocess.run([sys.executable, "-c", PREPARE.format(watched=watched)], cwd=ROOT, env=self.env, check=True)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL
        )

    def ask(self, query: str, *values: object) -> list[tuple]:
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            return database.execute(query, values).fetchall()

    def status(self, name: str) -> str:
        query = (
            "SELECT s.status FROM fleet_endpointstate s JOIN fleet_endpoint e ON e.id = s.endpoint_id WHERE e.name = ?"
        )
        return self.ask(query, name)[0][0]

    def lateness(self, name: str) -> list[float]:
        """How many milliseconds late each probe but the first began."""
        query = (
            "SELECT o.late_ms FROM fleet_observation o JOIN fleet_endpoint e ON e.id = o.endpoint_id WHERE e.name = ?"
        )
        return [row[0] for row in self.ask(f"{query} ORDER BY o.at", name)[1:]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)


@pytest.fixture
def engines():
    with FakeEngine("ollama") as laptop, FakeEngine("vllm") as hung:
        hung.hang = True
        yield laptop, hung


@pytest.fixture
def product(tmp_path, smtp, engines):
    laptop, hung = engines
    running = Product(tmp_path, smtp.port, {"laptop": laptop.url, "hung": hung.url})
    yield running
    running.stop()


def subjects(smtp) -> list[str]:
    return [message["Subject"] for message in smtp.messages]


def test_an_outage_and_its_end_reach_people_while_a_neighbour_hangs(product, engines, smtp, wait_for):
    laptop, _ = engines
    wait_for(lambda: product.database.exists() and product.status("laptop") == "up", 30, "laptop was never up")
    wait_for(lambda: "DOWN  hung (Search)" in subjects(smtp), 30, "no alert that hung hangs")

    laptop.down()
    wait_for(lambda: "DOWN  laptop (Search)" in subjects(smtp), 20, "no alert that laptop is down")
    assert product.status("laptop") == "down"
    laptop.start()
    wait_for(lambda: "UP  laptop (Search)" in subjects(smtp), 20, "no alert that laptop is back")

    down, up = (mail for mail in smtp.messages if "laptop" in mail["Subject"])
    assert "nothing listens on that port" in down.get_body(("plain",)).get_content()
    assert "Lasted" in up.get_body(("plain",)).get_content()
    assert [mail["Subject"] for mail in smtp.messages].count("DOWN  hung (Search)") == 1
    assert max(product.lateness("laptop")) < 3000, "it waited for the neighbour, who hangs for four seconds"
