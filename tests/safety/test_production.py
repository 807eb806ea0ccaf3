"""Behind TLS: what the documented settings give, and what is refused there."""

import json
import os
import subprocess
import sys

import pytest

from config import production
from config.data_folder import ROOT
from config.environment import TABLE, BadSettings, read
from ops import web_server
from tests.template import copy_static_files

pytestmark = pytest.mark.slow

SITE = "https://plimsoll.example.org"
RANDOM = "q7Zr0vXw3LkYt9BnMd5HsPfGc1JaUe8RiOxTz2WbNyKm4VhQ6C"
DOCUMENTED = {"SITE_URL": SITE, "TRUST_PROXY": "on"}


def manage(folder, *command: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Runs manage.py with these settings and no others."""
    started = [sys.executable, "manage.py", *command]
    environment = only(folder, given)
    return subprocess.run(started, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def only(folder, given: dict[str, str]) -> dict[str, str]:
    """This process's environment with these settings and no others, not even what is for tests alone."""
    clean = {variable.name: "" for variable in TABLE} | {"PLIMSOLL_DATA": str(folder), **given}
    environment = {**os.environ, **clean, "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    return environment


def test_check_deploy_finds_nothing_with_the_documented_settings(tmp_path):
    page = (ROOT / "docs/operating.md").read_text().partition("## Behind TLS")[2].partition("\n## ")[0]
    assert "".join(f"    {name}={value}\n" for name, value in DOCUMENTED.items()) in page
    checked = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **DOCUMENTED)
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_production_does_not_start_with_the_settings_of_a_desk(tmp_path):
    given = {"DEBUG": "on", "ALLOWED_HOSTS": "plimsoll.example.org,*", "SECRET_KEY": f"django-insecure-{RANDOM}"}
    refused = manage(tmp_path, "check", **DOCUMENTED, **given)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    for sentence in ("give DEBUG=off", "give at least 50 random characters", "give the host names of the site"):
        assert sentence in refused.stderr
    assert RANDOM not in refused.stderr


def test_the_same_settings_are_fine_on_ones_own_machine(tmp_path):
    given = {"DEBUG": "on", "ALLOWED_HOSTS": "*", "SECRET_KEY": "change-me" + "x" * 30}
    assert read({"PLIMSOLL_DATA": str(tmp_path), **given})["DEBUG"] is True
    assert read({"PLIMSOLL_DATA": str(tmp_path), "SITE_URL": "http://plimsoll:8700", **given})["DEBUG"] is True


@pytest.mark.parametrize(
    "key", [RANDOM[:49], "ab" * 30, f"CHANGE_ME{RANDOM}", f"{RANDOM}-your-secret-key", f"django-insecure-{RANDOM}"]
)
def test_a_key_that_can_be_guessed_is_refused_in_production_and_not_repeated(tmp_path, key):
    with pytest.raises(BadSettings) as caught:
        read({"PLIMSOLL_DATA": str(tmp_path), "SITE_URL": SITE, "SECRET_KEY": key})
    (problem,) = caught.value.problems
    assert problem.startswith("SECRET_KEY is short or taken from an example")
    assert key not in problem


def test_a_random_key_and_one_of_our_own_are_taken(tmp_path):
    for key in (RANDOM, ""):
        assert read({"PLIMSOLL_DATA": str(tmp_path), "SITE_URL": SITE, "SECRET_KEY": key})["SITE_URL"] == SITE


def test_field_keys_that_anybody_could_come_to_are_refused_in_production(tmp_path):
    given = {"PLIMSOLL_DATA": str(tmp_path), "FIELD_KEYS": f"{RANDOM},{'change-me-' * 5}"}
    with pytest.raises(BadSettings, match="FIELD_KEYS has a key that can be guessed"):
        read(given | {"SITE_URL": SITE})
    assert len(read(given)["FIELD_KEYS"]) == 2


def test_every_problem_is_named_at_once():
    assert len(production.problems({"SITE_URL": SITE, "DEBUG": True, "SECRET_KEY": "x", "ALLOWED_HOSTS": ["*"]})) == 3


_ASK = """
import django, json, sys
django.setup()
from django.test import Client
answers = {}
for name, path, headers in json.loads(sys.argv[1]):
    answer = Client().get(path, headers={"host": "plimsoll.example.org", **headers})
    cookies = {key: [bool(c["secure"]), bool(c["httponly"]), c["samesite"]] for key, c in answer.cookies.items()}
    answers[name] = [answer.status_code, dict(answer.headers), cookies]
print(json.dumps(answers))
"""


def ask(folder, **given: str) -> dict:
    """What a site with these settings answers to a page by http and by https, and to a health question by http."""
    by_tls = {"x-forwarded-proto": "https"}
    asked = [("plain", "/advisor/", {}), ("tls", "/advisor/", by_tls), ("health", "/health/live", {})]
    asked.append(("banner", "/health/banner/", {}))
    copy_static_files(folder)
    command = [sys.executable, "-c", _ASK, json.dumps(asked)]
    return json.loads(subprocess.check_output(command, cwd=ROOT, env=only(folder, given), text=True, timeout=60))


def test_behind_a_proxy_all_goes_by_tls_except_health(tmp_path):
    answers = ask(tmp_path, **DOCUMENTED)
    status, headers, _ = answers["plain"]
    assert (status, headers["Location"]) == (301, f"{SITE}/advisor/")
    assert (answers["health"][0], answers["banner"][0]) == (200, 301)
    status, headers, cookies = answers["tls"]
    assert (status, headers["Strict-Transport-Security"]) == (200, "max-age=2592000")
    assert cookies == {"plimsoll_csrf": [True, True, "Lax"]}


def test_without_trust_the_proxys_word_is_not_believed(tmp_path):
    answers = ask(tmp_path, SITE_URL=SITE)
    assert [answers[name][0] for name in ("plain", "tls", "health")] == [200, 200, 200]
    assert "Strict-Transport-Security" not in answers["tls"][1]
    assert answers["tls"][2] == {"plimsoll_csrf": [True, True, "Lax"]}


def test_the_web_server_believes_forwarded_headers_only_when_set_to(settings):
    for settings.TRUST_PROXY in (False, True):
        assert web_server.configuration().proxy_headers is settings.TRUST_PROXY
