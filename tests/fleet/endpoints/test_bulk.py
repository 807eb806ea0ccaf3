"""What is done to many endpoints at once: asked first, row by row, and undone for ten minutes."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine

from fleet import endpoints
from fleet.endpoints import bulk, pausing
from fleet.models import Endpoint, EndpointState, Incident, MaintenanceWindow, Silence
from fleet.muting import actions as muting
from teams.models import AuditEntry, Membership, Role, Team
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)


@pytest.fixture
def other(alice) -> Team:
    """Another team of Alice's."""
    made = Team.objects.create(name="Chat", slug="chat")
    Membership.objects.create(team=made, user=alice, role=Role.OPERATOR)
    return made


@pytest.fixture
def fleet(team) -> list[Endpoint]:
    return [endpoints.add(team, name=f"gpu-{n}", url=f"http://gpu-{n}:8000") for n in range(3)]


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def text(answer) -> str:
    return unescape(flat(answer.content.decode()))


def sent(page, action: str, rows: list[Endpoint], **data):
    """The answer to what is confirmed, with the pages that follow."""
    given = {"action": action, "e": ",".join(str(each.pk) for each in rows), "confirmed": "1", **data}
    return page.post("/endpoints/bulk/", given, follow=True)


def offered(page) -> dict[str, str]:
    """What the board's form sends to undo what it offers."""
    return dict(re.findall(r'name="(until)" value="([\d.]+)"', page.get("/?view=none").content.decode()))


def undone(page, **offer: str) -> str:
    return text(page.post("/endpoints/bulk/undo/", offer or offered(page), follow=True))


def test_what_will_happen_is_shown_first_and_nothing_is_done(page, fleet):
    endpoints.pause(fleet[0])
    html = text(page.post("/endpoints/bulk/", {"action": "pause", "e": [each.pk for each in fleet]}))
    assert "Pause: 2 endpoints" in html and "Left out: 1" in html and "It is paused." in html
    assert "You can undo this for ten minutes, or until your next action on many." in html
    assert Endpoint.objects.filter(paused=True).count() == 1


def test_endpoints_are_paused_together_and_one_click_undoes_it(page, fleet, alice):
    html = text(sent(page, "pause", fleet, lasts="60"))
    assert "3 paused." in html and 'action="/endpoints/bulk/undo/"' in html
    assert set(Endpoint.objects.values_list("paused", "paused_by")) == {(True, alice.pk)}
    assert "3 put back as before." in undone(page)
    assert not Endpoint.objects.filter(paused=True).exists()
    assert "can't be undone any more" in undone(page)


def test_the_offer_to_undo_can_be_dismissed_and_a_silence_is_a_click_away(page, fleet):
    board = sent(page, "silence", fleet, lasts="60").content.decode()
    assert '<a href="/silences/">See all</a>' in board
    shown = page.post("/endpoints/bulk/undo/", {"keep": "1"}, follow=True).content.decode()
    assert 'action="/endpoints/bulk/undo/"' not in shown
    assert Silence.objects.count() == len(fleet)


def test_the_next_action_takes_the_place_of_what_can_be_undone(page, fleet):
    sent(page, "pause", fleet)
    earlier = offered(page)
    html = text(sent(page, "tag", fleet, tags="prod"))
    assert "can't be undone any more" in undone(page, **earlier), "of a page that stayed open"
    assert html.count('action="/endpoints/bulk/undo/"') == 1 and "3 tagged prod." in html
    undone(page)
    assert Endpoint.objects.filter(paused=True, tags=[]).count() == 3
    assert "can't be undone any more" in undone(page)


def test_undo_is_gone_after_ten_minutes(page, fleet):
    sent(page, "pause", fleet)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=bulk.UNDO_WITHIN + 1)):
        assert "can't be undone any more" in undone(page)
    assert Endpoint.objects.filter(paused=True).count() == 3


def test_resuming_is_undone_with_who_paused_and_until_when(page, fleet, bob):
    end = datetime.now(UTC) + HOUR
    endpoints.pause(fleet[0], bob, end)
    sent(page, "resume", fleet)
    assert not Endpoint.objects.filter(paused=True).exists()
    undone(page)
    assert list(Endpoint.objects.filter(paused=True).values_list("paused_by", "paused_until")) == [(bob.pk, end)]


def broken(endpoint: Endpoint, **fields) -> Incident:
    at = datetime.now(UTC)
    return Incident.objects.create(
        endpoint=endpoint, status="down", cause="timed_out", began_at=at, opened_at=at, **fields
    )


def test_open_incidents_are_acknowledged_together_but_anothers_and_undone(page, fleet, alice):
    broken(fleet[0])
    broken(fleet[1], acknowledged_by="bob", acknowledged_at=datetime.now(UTC))
    asked = text(page.post("/endpoints/bulk/", {"action": "acknowledge", "e": [each.pk for each in fleet]}))
    assert "Acknowledge: 1 endpoint" in asked and "It has no open incident." in asked
    assert "It is acknowledged by bob already." in asked
    refused = sent(page, "acknowledge", fleet, lasts="own", note="on it")
    assert refused.status_code == 422 and "Choose the day and the time" in text(refused)
    assert "1 acknowledged." in text(sent(page, "acknowledge", fleet, lasts="60", note="on it"))
    taken = Incident.objects.get(acknowledged_by="alice")
    assert taken.endpoint == fleet[0] and taken.acknowledged_note == "on it"
    assert timedelta(minutes=59) < taken.acknowledged_until - datetime.now(UTC) <= HOUR
    assert "1 put back as before." in undone(page)
    assert [each.acknowledged_by for each in Incident.objects.order_by("endpoint")] == ["", "bob"]


def test_what_another_acknowledged_since_is_not_undone(page, fleet):
    broken(fleet[0])
    sent(page, "acknowledge", fleet)
    Incident.objects.update(acknowledged_by="bob")
    assert "1 failed. gpu-0: It is resolved, or not acknowledged by you any more." in undone(page)
    assert Incident.objects.get().acknowledged_by == "bob"


def test_a_silence_that_ran_before_is_back_after_undo_and_others_end(page, fleet, alice):
    end = datetime.now(UTC) + HOUR
    muting.silence(fleet[0].team, alice, ends_at=end, endpoint=fleet[0])
    sent(page, "silence", fleet, lasts="240", reason="move")
    assert Silence.objects.filter(ends_at__gt=end + 2 * HOUR, reason="move").count() == 3
    undone(page)
    assert list(Silence.objects.filter(ends_at__gt=datetime.now(UTC)).values_list("ends_at", flat=True)) == [end]


def test_the_title_of_maintenance_is_marked_as_required(page, fleet):
    asked = text(page.post("/endpoints/bulk/", {"action": "maintenance", "e": [fleet[0].pk]}))
    assert '<p class="help" id="id_name_helptext">Required.</p>' in asked
    assert "Name what is done" in text(sent(page, "maintenance", fleet, name=""))


def test_maintenance_is_planned_for_each_and_undone(page, fleet):
    starts = datetime.now(UTC) + HOUR
    times = {"starts": f"{starts:%Y-%m-%dT%H:%M}", "ends": f"{starts + HOUR:%Y-%m-%dT%H:%M}", "time_zone": "UTC"}
    sent(page, "maintenance", fleet, name="Driver", repeats="once", **times)
    assert MaintenanceWindow.objects.filter(endpoint__in=fleet, name="Driver").count() == 3
    undone(page)
    assert not MaintenanceWindow.objects.exists()


def test_what_all_refuse_is_asked_again_with_the_reason(page, fleet):
    starts = datetime.now(UTC) + HOUR
    times = {"starts": f"{starts:%Y-%m-%dT%H:%M}", "ends": f"{starts - HOUR:%Y-%m-%dT%H:%M}", "time_zone": "UTC"}
    answer = sent(page, "maintenance", fleet, name="Driver", repeats="once", **times)
    assert answer.status_code == 422 and "It ends before it starts" in text(answer)


def test_a_row_that_fails_fails_alone_and_says_why(page, fleet, other):
    endpoints.add(other, name="gpu-1", url="http://else:8000")
    muting.silence(fleet[0].team, page_user(page), ends_at=datetime.now(UTC) + HOUR, endpoint=fleet[0])
    html = text(sent(page, "move", fleet, team=other.pk))
    assert "2 moved to Chat." in html and "1 failed. gpu-1: Chat already has an endpoint named gpu-1." in html
    assert Endpoint.objects.filter(team=other).count() == 3 and Silence.objects.get().team == other
    assert "2 put back as before." in undone(page)
    assert Endpoint.objects.filter(team=fleet[0].team).count() == 3 and Silence.objects.get().team == fleet[0].team


def page_user(page):
    return bulk.User.objects.get(pk=page.session["_auth_user_id"])


def test_an_error_nobody_foresaw_costs_its_row_alone(page, fleet, monkeypatch, caplog):
    before = bulk.ACTIONS["pause"].do

    def broken(endpoints, *more):
        if "gpu-1" in map(str, endpoints):
            raise TypeError("planted")
        return before(endpoints, *more)

    monkeypatch.setitem(bulk.ACTIONS, "pause", bulk.Action("pause", "Pause", "paused", "", broken))
    html = text(sent(page, "pause", fleet))
    assert "2 paused." in html and "gpu-1: It could not be done" in html and "planted" in caplog.text
    caplog.clear()
    assert Endpoint.objects.filter(paused=True).count() == 2


def test_tags_are_added_and_taken_away_and_given_back_in_their_order(page, fleet):
    endpoints.change(fleet[0], tags=["prod", "berlin"])
    assert "3 tagged prod, gpu." in text(sent(page, "tag", fleet, tags="prod, gpu"))
    assert [each.tags for each in Endpoint.objects.order_by("pk")] == [
        ["prod", "berlin", "gpu"],
        *[["prod", "gpu"]] * 2,
    ]
    assert "3 no longer tagged prod." in text(sent(page, "untag", fleet, tags="prod"))
    assert [each.tags for each in Endpoint.objects.order_by("pk")] == [["berlin", "gpu"], ["gpu"], ["gpu"]]
    endpoints.change(Endpoint.objects.get(pk=fleet[2].pk), tags=["other"])
    assert "gpu-2: Its tags were changed since." in undone(page)
    assert Endpoint.objects.get(pk=fleet[0].pk).tags == ["prod", "berlin", "gpu"]
    assert sent(page, "tag", fleet, tags="").status_code == 422


@pytest.mark.parametrize(
    ("action", "field"), [("acknowledge", "lasts"), ("silence", "lasts"), ("pause", "lasts"), ("tag", "tags")]
)
def test_the_page_begins_at_its_first_field_but_not_when_it_was_refused(page, fleet, alice, action, field):
    broken(fleet[0])
    html = page.post("/endpoints/bulk/", {"action": action, "e": [each.pk for each in fleet]}).content.decode()
    assert re.findall(r'name="(\w+)"[^>]* autofocus', html) == [field]
    assert not re.findall(r'name="(\w+)"[^>]* autofocus', sent(page, "tag", fleet, tags="").content.decode())


def test_the_team_that_all_are_of_is_not_offered_to_move_to(page, fleet, other):
    asked = text(page.post("/endpoints/bulk/", {"action": "move", "e": [each.pk for each in fleet]}))
    assert ">Chat</option>" in asked and ">Search</option>" not in asked


def test_what_depends_on_another_is_not_moved(page, fleet, other):
    endpoints.change(fleet[0], depends_on=fleet[1])
    html = text(sent(page, "move", fleet, team=other.pk))
    assert "1 moved to Chat." in html and "2 failed." in html and "depends on another endpoint of Search" in html


def test_endpoints_are_removed_and_the_page_says_that_it_cannot_be_undone(page, fleet):
    asked = text(page.post("/endpoints/bulk/", {"action": "remove", "e": [fleet[0].pk]}))
    assert "This can't be undone" in asked and "ten minutes" not in asked
    html = text(sent(page, "remove", fleet[:2]))
    assert "2 removed." in html and "bulk/undo/" not in html
    assert list(Endpoint.objects.all()) == [fleet[2]]


def test_probes_on_demand_are_counted_one_by_one(page, fleet, monkeypatch):
    monkeypatch.setattr("fleet.endpoints.throttle.A_MINUTE", 2)
    EndpointState.objects.update(due_at=1)
    html = text(sent(page, "probe", fleet))
    assert "2 due at once." in html and "1 failed. gpu-2: That is enough for now" in html


def test_all_that_match_means_the_filters_of_the_board(page, fleet, team):
    endpoints.add(team, name="ampere-9", url="http://ampere-9:11434")
    html = text(page.post("/endpoints/bulk/", {"action": "pause", "all": "1", "query": "q=gpu"}))
    assert "Pause: 3 endpoints" in html and "ampere-9" not in html


def test_rows_of_others_are_left_out_and_unseen_ones_are_not_named(page, fleet, settings):
    theirs = endpoints.add(Team.objects.create(name="Far", slug="far"), name="theirs", url="http://theirs")
    settings.FLEET_OPEN = True
    assert "You are no operator of Far." in text(
        page.post("/endpoints/bulk/", {"action": "pause", "e": [theirs.pk, fleet[0].pk]})
    )
    sent(page, "pause", [theirs, fleet[0]])
    assert list(Endpoint.objects.filter(paused=True)) == [fleet[0]]
    settings.FLEET_OPEN = False
    asked = text(page.post("/endpoints/bulk/", {"action": "pause", "e": [theirs.pk, fleet[1].pk]}))
    assert "theirs" not in asked and "Pause: 1 endpoint" in asked


def test_who_lost_the_role_meanwhile_undoes_nothing(page, fleet, alice):
    sent(page, "pause", fleet)
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    assert "3 failed." in undone(page)
    assert Endpoint.objects.filter(paused=True).count() == 3


def test_viewers_have_no_boxes_to_tick(client, charlie, fleet, settings):
    settings.FLEET_OPEN = True
    client.force_login(charlie)
    html = client.get("/").content.decode()
    assert "no-pick" in html and 'id="bulk"' not in html


def test_nothing_ticked_leads_back_to_the_board_as_it_was_filtered(page, fleet):
    answer = page.post("/endpoints/bulk/", {"action": "pause", "query": "status=up"})
    assert answer.headers["Location"] == "/?status=up"


@pytest.mark.parametrize("also", [{}, {"keep": "1"}], ids=["undone", "dismissed"])
def test_undo_leads_back_to_the_board_as_it_was(page, fleet, also):
    sent(page, "pause", fleet)
    answer = page.post("/endpoints/bulk/undo/", {"query": "sort=latency&group=engine", **offered(page), **also})
    assert answer.headers["Location"] == "/?sort=latency&group=engine"


@pytest.mark.parametrize(
    "action", ["acknowledge", "silence", "maintenance", "pause", "resume", "tag", "untag", "move", "remove"]
)
def test_ten_times_as_many_take_as_many_statements_and_each_has_its_line_in_the_audit_trail(
    page, team, other, action, django_assert_max_num_queries
):
    """Doing and undoing."""
    fleet = [endpoints.add(team, name=f"n-{n}", url=f"http://n-{n}:8000", tags=["old"]) for n in range(33)]
    if action == "resume":
        pausing.pause_each(fleet)
    if action == "acknowledge":
        for each in fleet:
            broken(each)
    starts = datetime.now(UTC) + HOUR
    data = {"lasts": "240", "reason": "move", "tags": "old" if action == "untag" else "prod", "team": other.pk}
    data |= {"name": "Driver", "repeats": "once", "time_zone": "UTC"}
    data |= {"starts": f"{starts:%Y-%m-%dT%H:%M}", "ends": f"{starts + HOUR:%Y-%m-%dT%H:%M}"}
    most = 1000
    for some in (fleet[:3], fleet[3:]):
        given = {"action": action, "e": ",".join(str(each.pk) for each in some), "confirmed": "1", **data}
        before = AuditEntry.objects.count()
        with django_assert_max_num_queries(most) as asked:
            page.post("/endpoints/bulk/", given)
            page.post("/endpoints/bulk/undo/", offered(page))
        most = len(asked)
        sides = {"move": 4, "remove": 1}.get(action, 2)
        assert AuditEntry.objects.count() - before == sides * len(some)


def test_of_many_those_that_are_refused_are_found_and_the_others_done(page, team, other):
    fleet = [endpoints.add(team, name=f"n-{n}", url=f"http://n-{n}:8000") for n in range(20)]
    for n in (3, 4, 19):
        endpoints.add(other, name=f"N-{n}", url=f"http://else-{n}:8000")
    outcome = bulk.carry_out(bulk.ACTIONS["move"], fleet, page_user(page), {"team": other})
    assert [each.name for each, _ in outcome.failed] == ["n-3", "n-4", "n-19"]
    assert len(outcome.done) == 17 and other.endpoints.count() == 20
