"""Makes the data folder of release 0.1.0 that tests/upgrade/test_upgrade.py upgrades, with that release's own code.

    git worktree add /tmp/v0.1.0 c01de42
    cd /tmp/v0.1.0 && PYTHONPATH=. PYTHON HERE/tests/upgrade/live_v0_1_0.py HERE/tests/upgrade

The release runs as a whole for a minute (`manage.py up`, on a free port and in a temporary folder), probes the fake
engines of its own tests, and mails to a server here. What people would do in it is done by its own functions. Leaves
v0.1.0.sqlite3.gz, and v0.1.0.json with the keys, which were made for this sample, and what a test can't find in the
database. A later release gets a copy of this file, with what has changed.
"""
# ruff: noqa: E402, I001, T201 (the product's modules can be imported once the settings are there)

import gzip
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from aiosmtpd.controller import Controller

OUT = Path(sys.argv[1])
DATA = Path(tempfile.mkdtemp(prefix="plimsoll-sample-"))
KEYS = {"SECRET_KEY": secrets.token_urlsafe(48), "FIELD_KEYS": secrets.token_urlsafe(36)}


class Mailbox:
    """A mail server that takes everything."""

    async def handle_DATA(self, server, session, envelope) -> str:
        return "250 taken"


mailbox = Controller(Mailbox(), hostname="127.0.0.1", port=26025)
mailbox.start()
os.environ |= KEYS | {
    "PLIMSOLL_DATA": str(DATA),
    "EMAIL_URL": "smtp://127.0.0.1:26025",
    "PORT": "26700",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}

import django

django.setup()

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import call_command

from advisor import catalogue as catalogues
from advisor import decisions, requirements
from advisor.answers import clean
from config.secrets import encrypted
from fleet import endpoints
from fleet.alerts import digest, links, policy, trying
from fleet.calm import actions
from fleet.models import Alert, AlertPolicy, BlindStretch, Channel, Incident, Message, Recipient, Rollup
from teams import first_account, invitations, lifecycle, tokens
from teams.models import Membership, Role, Scope
from tests.advisor.decision_parts import BODY, PLATFORM
from tests.fake_engine import FakeEngine


def wait_for(condition, why: str, timeout: float = 300) -> None:
    """Waits until the condition holds; ends the program otherwise."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            up.terminate()
            print(f"Waited {timeout:g} s: {why}")
            os._exit(1)
        time.sleep(0.2)


def person(name: str, team, role: str) -> User:
    """A member with the password that v0.1.0.json has."""
    user = User.objects.create_user(name, f"{name}@example.org", PASSWORD)
    Membership.objects.create(user=user, team=team, role=role)
    return user


PASSWORD = "a password of the sample"
NOW = datetime.now(UTC)
call_command("migrate", verbosity=0)
up = subprocess.Popen([sys.executable, "manage.py", "up"])
alice = first_account.create("alice", "alice@example.org", PASSWORD, "Search")
search = alice.teams.get()
bob = person("bob", search, Role.OPERATOR)
charlie = User.objects.create_user("charlie", "charlie@example.org", PASSWORD)
platform = lifecycle.new_team(charlie, "Platform", ["platform@example.org"])
person("dora", platform, Role.VIEWER)
lifecycle.change_team(alice, search, "Search", ["oncall@example.org", "second@example.org"])

hooks = AlertPolicy(team=search, remind_every=1, escalate_to=["boss@example.org"], time_zone="Europe/Berlin")
hooks.webhook_url, hooks.apprise_url = "http://127.0.0.1:26999/hook?key=hook-secret", "json://127.0.0.1:26999/apprise"
webhook_secret = policy.save(hooks)
Recipient.objects.create(team=search, address="second@example.org", unsubscribed_at=NOW)

engines = {name: FakeEngine(name) for name in ("vllm", "ollama", "llamacpp", "litellm", "sglang", "tgi", "lmstudio")}
engines["vllm"].api_key = "sk-of-vllm"
QUICK = {"interval": 5, "timeout": 2.0, "fail_after": 1, "recover_after": 1}
added = {
    name: endpoints.add(search if name != "lmstudio" else platform, name=name, url=engine.url, **QUICK)
    for name, engine in engines.items()
}
endpoints.change(added["vllm"], api_key="sk-of-vllm", engine="vllm", slow_after=900, canary_every=300)
endpoints.change(added["llamacpp"], depends_on=added["litellm"])
endpoints.change(added["lmstudio"], api_key="sk-of-lmstudio")
missing = endpoints.add(platform, name="lacks a model", url=engines["ollama"].url, expected_models=["gone:1b"], **QUICK)
lost = endpoints.add(platform, name="never there", url="http://127.0.0.1:9", **QUICK)
paused = endpoints.add(platform, name="paused", url="https://gpu.example.org", verify_tls=False, **QUICK)
wait_for(lambda: Incident.objects.filter(endpoint=lost), "probes run")
endpoints.pause(paused)

wait_for(lambda: added["tgi"].observations.exists(), "tgi is probed")
for name in ("tgi", "litellm", "llamacpp", "sglang"):
    engines[name].down()
wait_for(lambda: Incident.objects.filter(resolved_at=None).count() >= 6, "incidents open")
taken = Incident.objects.get(endpoint=added["litellm"])
actions.acknowledge(taken, "bob", "Replacing its disk.", NOW + timedelta(days=2))
actions.add_note(taken, "alice", "The spare part is here.")
wait_for(lambda: Message.objects.filter(state="sent").count() >= 2, "mails are sent")
engines["tgi"].start()
wait_for(lambda: Incident.objects.filter(endpoint=added["tgi"], resolved_at__isnull=False), "tgi recovers")
actions.silence(search, bob, ends_at=NOW + timedelta(days=3), endpoint=added["sglang"], reason="It is being moved.")
actions.silence(platform, charlie, ends_at=NOW + timedelta(days=1), engine="ollama")
for repeats, zone in (("once", "UTC"), ("weekly", "Europe/Berlin")):
    start = NOW + timedelta(days=1)
    actions.plan(search, alice, name=f"Patches {repeats}", starts_at=start, ends_at=start + timedelta(hours=2),
                 repeats=repeats, time_zone=zone)  # fmt: skip
trying.mail(search)
trying.call(search, Channel.WEBHOOK)

catalogue = catalogues.load()
answers, _ = clean(PLATFORM, catalogue)
wish = requirements.create(uuid4(), search, bob, "The code assistant", answers, catalogue.version)
share_token = requirements.share(wish)


def decide(title: str, **options):
    """A decision of Alice's with the advice of today's catalogue."""
    body = BODY | {"title": title}
    return decisions.record(alice, uuid4(), search, answers, catalogue, body=body, **options)


first = decide("Serve with vLLM", endpoints=[added["vllm"]], status="accepted")
decide(
    "Serve with vLLM on two machines", endpoints=[added["vllm"], added["sglang"]], supersedes=first, status="accepted"
)
decide("Try SGLang", status="draft")
for hour in (7, 8):  # eight o'clock in Berlin and in UTC
    digest.write_due((NOW + timedelta(days=1)).replace(hour=hour, minute=30))
Authenticator.objects.create(user=bob, type="totp", data={"secret": encrypted("JBSWY3DPEHPK3PXP")})

_, own_token = tokens.make("laptop", [Scope.STATUS], 30, alice)
_, team_token = tokens.make("Prometheus", [Scope.STATUS, Scope.METRICS], 30, alice, search)
_, invitation = invitations.invite(search, "eve@example.org", Role.VIEWER, alice)

# A month of roll-ups, as the product would have made them of readings that nobody waited for.
for span, width, number in (("hour", 3600, 48), ("day", 86_400, 30)):
    last = int(NOW.timestamp()) // width
    Rollup.objects.bulk_create(
        Rollup(
            endpoint=added["vllm"], span=span, start=datetime.fromtimestamp((last - n) * width, UTC), worst="up",
            counts={"up": 12}, sums={"latency_ms": [12, 109.2, 7.1, 15.0], "seconds": [12, width, 5, 5]},
        )
        for n in range(1, number)
    )  # fmt: skip
BlindStretch.objects.create(
    began_at=NOW - timedelta(hours=30), ended_at=NOW - timedelta(hours=29), reason="No network."
)
wait_for(lambda: Rollup.objects.filter(span="minute").count() > 5, "minutes are rolled up")
wait_for(lambda: Alert.objects.filter(kind="recovered", message__state="sent"), "the recovery is mailed")
open_one = Incident.objects.get(endpoint=lost)
more = {
    "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    "password": PASSWORD,
    "tokens": [own_token, team_token],
    "acknowledge": links.acknowledge_path(open_one.pk, "platform@example.org"),
    "unsubscribe": links.unsubscribe_path(search.pk, "oncall@example.org"),
    "invitation": f"/join/{invitation}/",
    "shared": f"/advisor/shared/{share_token}/",
    "webhook_secret": webhook_secret,
}
up.terminate()
up.wait()
mailbox.stop()
source, packed = DATA / "plimsoll.sqlite3", DATA / "packed.sqlite3"
with sqlite3.connect(source) as database:
    database.execute("DELETE FROM django_session")
    database.execute(
        "DELETE FROM fleet_trace WHERE observation_id NOT IN "
        "(SELECT max(id) FROM fleet_observation GROUP BY endpoint_id)"
    )
    database.commit()
    database.execute(f"VACUUM INTO '{packed}'")
(OUT / "v0.1.0.sqlite3.gz").write_bytes(gzip.compress(packed.read_bytes(), 9, mtime=0))
(OUT / "v0.1.0.json").write_text(json.dumps(KEYS | more, indent=1) + "\n")
print(f"{OUT}: {(OUT / 'v0.1.0.sqlite3.gz').stat().st_size // 1024} kB")
os._exit(0)  # the fake engines' threads
