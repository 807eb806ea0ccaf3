"""A fleet.yaml given in a page: shown first, and only for the teams that the person may write to."""

import html
import re

import pytest

from fleet import endpoints
from fleet.models import Endpoint
from teams.models import Membership, Role, Team
from tests.html import flat

PAGE = "/endpoints/add/many/"
FILE = (
    "teams:\r\n- slug: search\r\n  endpoints:\r\n"
    "  - {name: gpu-1, url: gpu-1:8000, interval: 15, api_key: sk-s3cret}\r\n"
)


@pytest.fixture
def page(client, alice):
    """A signed-in Alice's browser."""
    client.force_login(alice)
    return client


def text(response) -> str:
    return flat(response.content.decode())


def shown(response) -> str:
    """What the page hands on about the text whose differences it shows."""
    return re.findall(r'name="shown" value="(\w+)"', text(response))[0]


def given_back(response) -> str:
    """The text as a browser would send it from the page."""
    content = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", response.content.decode(), re.DOTALL)[1]
    return html.unescape(content)


def test_what_it_would_change_is_shown_before_it_is_done(page, team):
    changed = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    endpoints.add(team, name="left-out", url="http://gpu-2")
    preview = page.post(PAGE, {"text": FILE})
    assert "interval: 30 -&gt; 15" in text(preview) and "api_key: set" in text(preview)
    assert "1 changed, 1 not in the file" in text(preview) and "http://gpu-2" not in text(preview)
    changed.refresh_from_db()
    assert changed.interval == 30
    assert page.post(PAGE, {"text": given_back(preview), "shown": shown(preview)}).url == "/"
    changed.refresh_from_db()
    assert (changed.interval, changed.api_key) == (15, "sk-s3cret")
    assert team.endpoints.count() == 2
    team.refresh_from_db()
    assert (team.name, team.mail_to) == ("Search", ["oncall@example.org"])


def test_of_what_is_added_the_tags_and_the_interval_are_shown(page, team):
    preview = text(page.post(PAGE, {"text": FILE.replace("interval: 15", "interval: 15, tags: [prod, chat]")}))
    assert "interval: 15" in preview and "tags: prod, chat" in preview


def test_a_text_that_was_changed_since_is_shown_again_and_not_carried_out(page, team):
    preview = page.post(PAGE, {"text": FILE})
    again = page.post(PAGE, {"text": FILE.replace("gpu-1", "gpu-2"), "shown": shown(preview)})
    assert again.status_code == 200 and shown(again) != shown(preview)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (("slug: search", "slug: platform"), "fleet.yaml line 2: teams[0].slug: you are an operator of no team"),
        (("slug: search", "slug: new"), "you are an operator of no team with this slug"),
        (("slug: search", "slug: search\r\n  name: Other"), "teams[0].name: change this on the team"),
        (("slug: search", "slug: search\r\n  mail_to: [me@example.org]"), "teams[0].mail_to: change this on the team"),
        (("sk-s3cret", "'${SECRET_KEY}'"), "only manage.py apply fills in variables"),
        (("interval: 15", "interval: 1"), "teams[0].endpoints[0].interval"),
        (("url: gpu-1:8000", "url: http://169.254.169.254"), "metadata service"),
    ],
)
def test_what_may_not_be_done_is_refused_with_the_line_and_the_text_comes_back(
    page, alice, team, monkeypatch, changed, sentence
):
    monkeypatch.setenv("SECRET_KEY", "do-not-show")
    Membership.objects.create(user=alice, team=Team.objects.create(name="Platform", slug="platform"), role=Role.VIEWER)
    response = page.post(PAGE, {"text": FILE.replace(*changed)})
    html = response.content.decode().replace("&#x27;", "'")
    assert response.status_code == 422 and sentence in flat(html)
    assert changed[1].partition("\r")[0] in html and "do-not-show" not in html
    assert not Endpoint.objects.exists() and not Team.objects.filter(slug="new").exists()


@pytest.mark.parametrize(
    ("name", "filled_in"), [("", "gpu-lab"), ("name: GPU Lab", "GPU Lab"), ("name: The lab", "gpu-lab")]
)
def test_a_team_that_is_not_there_is_a_link_to_starting_it(page, team, name, filled_in):
    file = FILE.replace("slug: search", f"slug: gpu-lab\r\n  {name}" if name else "slug: gpu-lab")
    refused = text(page.post(PAGE, {"text": file}))
    address = html.unescape(re.search(r'href="(/teams/[^"#]*)#new-head"', refused)[1])
    assert f'value="{filled_in}"' in text(page.get(address))
    page.post("/teams/", {"name": filled_in, "mail_to": ""})
    assert Team.objects.filter(slug="gpu-lab").exists()


def test_a_team_of_which_one_is_a_viewer_is_not_to_be_started_again(page, alice, team):
    Membership.objects.create(user=alice, team=Team.objects.create(name="Platform", slug="platform"), role=Role.VIEWER)
    assert "#new-head" not in text(page.post(PAGE, {"text": FILE.replace("slug: search", "slug: platform")}))


def test_who_is_an_operator_of_no_team_applies_nothing(client, charlie, team):
    client.force_login(charlie)
    assert client.post(PAGE, {"text": FILE}).status_code == 403


def test_a_file_that_is_wrong_when_it_is_applied_names_its_line_and_can_be_mended_there(page, team):
    preview = page.post(PAGE, {"text": FILE})
    wrong = page.post(PAGE, {"text": FILE.replace("interval: 15", "interval: soon"), "shown": shown(preview)})
    assert wrong.status_code == 422 and "fleet.yaml line 4" in text(wrong)
    assert given_back(wrong) == FILE.replace("interval: 15", "interval: soon") and not Endpoint.objects.exists()
    no_yaml = page.post(PAGE, {"text": f"{FILE}  ]", "shown": shown(preview)})
    assert no_yaml.status_code == 422 and "line 5" in text(no_yaml) and given_back(no_yaml) == f"{FILE}  ]"
    mended = page.post(PAGE, {"text": FILE})
    assert page.post(PAGE, {"text": given_back(mended), "shown": shown(mended)}).url == "/"
    assert team.endpoints.get().interval == 15
