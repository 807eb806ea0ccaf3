"""The board for a screen on the wall."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils import timezone

from fleet.queries.board import Filters
from fleet.queries.wall import MOST_TILES, MOST_TROUBLE, wall
from tests.fleet.test_board import down, watched

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_it_shows_trouble_and_a_tile_for_each_team_and_nothing_to_click(client):
    watched("gpu-1", "Search")
    watched("mac", "Lab", status="asleep", cause="asleep")
    down("cold", team="Platform", since=timezone.now() - timedelta(minutes=21))
    client.force_login(get_user_model().objects.create_user("alice", is_superuser=True))
    page = client.get("/?wall=1").content.decode()
    assert "<h1>cold is down</h1>" in page and "nothing listens on that port" in page
    assert "<title>(1 down) Fleet · Plimsoll</title>" in page
    assert re.findall(r'<li class="wall-tile s-(\w+)">\s*<span class="strong" title="\w+">(\w+)', page) == [
        ("down", "Platform"), ("asleep", "Lab"), ("up", "Search")
    ]  # fmt: skip
    shown = page[page.index("<body") : page.index("</main>")]
    assert "<nav" not in shown and "<form" not in shown
    assert 'sse-connect="/live"' in page


def test_however_much_is_down_it_fits_one_screen():
    for number in range(30):
        down(f"gpu-{number}", team=f"Team {number}")
    shown = wall(User(is_superuser=True), Filters())
    assert (len(shown.trouble), shown.more_trouble) == (MOST_TROUBLE, 30 - MOST_TROUBLE)
    assert (len(shown.tiles), shown.more_tiles) == (MOST_TILES, 30 - MOST_TILES)


def test_it_may_show_one_team_alone_and_what_is_acknowledged_as_known():
    watched("gpu-1", "Search")
    down("cold", team="Platform", marks={"acknowledged": {"by": "bob", "until": None}})
    shown = wall(User(is_superuser=True), Filters(team="platform"))
    assert [tile.name for tile in shown.tiles] == ["Platform"]
    assert shown.trouble[0].known and shown.headline.text == "cold is down, acknowledged"


def test_its_mark_leads_back_to_the_board_with_the_same_filters(client):
    client.force_login(get_user_model().objects.create_user("alice", is_superuser=True))
    page = client.get("/?wall=1&team=platform&sort=load").content.decode()
    assert 'class="brand" href="/?team=platform&amp;sort=load"' in page
    assert 'href="/?team=platform&amp;sort=load">Leave wall mode (Esc)</a>' in page


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get("/?wall=1").status_code == 302
