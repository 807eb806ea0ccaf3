"""What manage.py apply --prune removes, and what it leaves."""

from pathlib import Path

import pytest

from fleet.models import Endpoint
from teams.models import PendingAddress, Team
from tests.fleet.as_code.test_apply import SHORT, WHOLE, refused, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fleet.yaml"


CHAIN = """\
  - {name: a, url: "http://a:80"}
  - {name: b, url: "http://b:80", depends_on: a}
  - {name: c, url: "http://c:80", depends_on: b}
"""


B, C = '  - {name: b, url: "http://b:80"}\n', '  - {name: c, url: "http://c:80"%s}\n'


@pytest.mark.parametrize(
    ("left", "depends"),
    [
        (B, {"b": None}),
        (B + C % ", depends_on: b", {"b": None, "c": "b"}),
        (C % "", {"c": None}),
        (B.replace("name: b", "name: new") + C % "", {"new": None, "c": None}),
        (B.replace("//b", "//a") + C % ", depends_on: b", {"b": None, "c": "b"}),
    ],
    ids=["its-cause", "the-first-of-a-chain", "two-of-a-chain", "one-is-renamed", "one-takes-its-url"],
)
def test_what_others_depended_on_is_pruned(file, left, depends):
    run(file, SHORT + CHAIN)
    run(file, SHORT + left, prune=True, dry_run=True)
    assert Endpoint.objects.count() == 3
    run(file, SHORT + left, prune=True)
    assert dict(Endpoint.objects.values_list("name", "depends_on__name")) == depends
    assert f"{len(depends)} unchanged" in run(file, SHORT + left, prune=True)


@pytest.mark.parametrize("nothing", ["", " null", " ~", "\n  # - {name: a, url: 'http://a:80'}", " ${EMPTY}"])
def test_a_list_of_endpoints_with_nothing_in_it_removes_none(file, monkeypatch, nothing):
    monkeypatch.setenv("EMPTY", "")
    run(file, SHORT + CHAIN)
    text = f"teams:\n- slug: search\n  endpoints:{nothing}\n"
    if "$" in nothing:
        assert "has to be a list" in refused(file, text, prune=True)
    else:
        run(file, text, prune=True)
    assert Endpoint.objects.count() == 3


def test_only_an_empty_list_says_that_a_team_has_no_endpoints(file):
    run(file, SHORT + CHAIN)
    run(file, "teams: [{slug: search, endpoints: []}]", prune=True)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("", ["oncall@example.org"]),
        ("  mail_to:\n", ["oncall@example.org"]),
        ("  mail_to: null\n", ["oncall@example.org"]),
        ("  mail_to:\n  # - night@example.org\n", ["oncall@example.org"]),
        ("  mail_to: []\n", []),
        ("  mail_to: [night@example.org]\n", ["night@example.org"]),
    ],
)
def test_only_a_list_in_the_file_changes_where_mails_go(file, line, left, monkeypatch):
    monkeypatch.setenv("GPU1_KEY", "s3cret-of-gpu1")
    run(file, WHOLE)
    PendingAddress.objects.create(team=Team.objects.get(), address="oncall@example.org")
    shown = run(file, f"teams:\n- slug: search\n  name: Search\n{line}")
    assert Team.objects.get().mail_to == left
    assert ("mail_to:" in shown) == (left != ["oncall@example.org"])
    assert PendingAddress.objects.exists(), "what the file does not name is not vouched for"
    assert run(file, "teams:\n- slug: other\n" + line) and Team.objects.filter(slug="other").exists()
