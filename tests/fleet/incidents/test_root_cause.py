"""Whose fault it is: nobody is notified of what follows from something they were alerted of."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.alerts import delivery
from fleet.engines.errors import Cause
from fleet.incidents import sweep
from fleet.models import Alert, EndpointState, Incident
from fleet.queries.states import read
from tests.fleet.outages import bad, fail, probed, recover, settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]


@pytest.fixture
def host(team) -> list:
    """Three endpoints on one host."""
    return [watched(team, f"gpu-1-{port}", f"http://gpu-1:{port}") for port in (8000, 8001, 8002)]


def test_endpoints_of_a_host_that_failed_are_one_incident_with_children(host, smtp):
    probed(host[1], bad(Cause.TIMED_OUT))
    probed(host[2], bad(Cause.TIMED_OUT))
    first = fail(host[0], Cause.NO_ROUTE)
    probed(host[1], *[bad(Cause.TIMED_OUT)] * 2)
    probed(host[2], *[bad(Cause.TIMED_OUT)] * 2)
    children = Incident.objects.filter(parent=first)
    assert {child.endpoint for child in children} == {host[1], host[2]}
    row = read(EndpointState.objects.filter(pk=host[1].pk), lambda row: row, board=True)[0]
    assert row.why.startswith("Down with gpu-1-8000: nothing on their host answers. ")
    assert row.short_why == "with gpu-1-8000"
    said = children[0].events.get(text__startswith="Down with gpu-1-8000: nothing on their host answers.")
    assert "caused" not in said.text
    settle()
    delivery.deliver()
    [mail] = smtp.messages
    assert mail["Subject"] == "DOWN  gpu-1-8000 and 2 more (Search)"
    assert "- gpu-1-8001" in mail.get_body(("plain",)).get_content()
    for endpoint in host:
        recover(endpoint)
    settle()
    delivery.deliver()
    assert [m["Subject"] for m in smtp.messages[1:]] == ["UP  gpu-1-8000 and 2 more (Search)"]


def test_the_mail_of_its_end_names_what_it_brought_down_and_is_not_back(host, smtp):
    for endpoint in host:
        probed(endpoint, *[bad(Cause.TIMED_OUT)] * 3)
    settle()
    delivery.deliver()
    recover(host[0])
    recover(host[1])
    settle()
    delivery.deliver()
    [_, up] = smtp.messages
    assert up["Subject"] == "UP  gpu-1-8000 and 1 more (Search)"
    text = up.get_body(("plain",)).get_content()
    assert "not back yet (a mail follows only if one stays down)\n- gpu-1-8002" in text.replace("\r", "")
    assert "<th>Not back yet</th>" in up.get_body(("html",)).get_content()


def test_a_mail_about_several_counts_all_that_went_down_and_names_who_is_not_back(team, host, smtp):
    alone = watched(team, "alone")
    for endpoint in (*host, alone):
        probed(endpoint, *[bad(Cause.TIMED_OUT)] * 3)
    settle()
    delivery.deliver()
    for endpoint in (*host[:2], alone):
        recover(endpoint)
    settle()
    delivery.deliver()
    [down, up] = smtp.messages
    assert (down["Subject"], up["Subject"]) == ("DOWN  4 endpoints (Search)", "UP  3 endpoints (Search)")
    [was, now] = (mail.get_body(("plain",)).get_content().replace("\r", "") for mail in (down, up))
    assert "Search: 4 are down." in was and "- gpu-1-8000 and 2 more are down: no answer in time" in was
    assert "Search: 3 are back." in now and "- gpu-1-8000 and 1 more are up since" in now
    assert "gpu-1-8000 was down" in now and "with it: gpu-1-8001\n  not back yet" in now and "gpu-1-8002" in now
    assert "not back yet" in up.get_body(("html",)).get_content()


def test_one_that_answers_shows_that_the_host_is_well(host):
    fail(host[0])
    assert fail(host[1]).parent is None


def test_what_fails_in_another_way_stands_for_itself(host):
    probed(host[1], bad())
    probed(host[2], bad())
    fail(host[0], Cause.ENGINE_DEAD)
    assert fail(host[1]).parent is None


def test_what_failed_long_before_is_not_the_cause(host):
    early = fail(host[0])
    Incident.objects.filter(pk=early.pk).update(began_at=early.began_at - timedelta(minutes=3))
    probed(host[2], bad())
    assert fail(host[1]).parent is None


def test_incidents_that_alerted_already_get_the_host_as_cause_when_the_last_one_fails(host, smtp):
    first, second = fail(host[0]), fail(host[1])
    third = fail(host[2])
    second.refresh_from_db()
    assert (second.parent, third.parent) == (first, first)
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-1-8000 and 2 more (Search)"]


def test_what_hangs_on_another_by_hand_is_not_alerted(team, smtp):
    proxy = watched(team, "proxy")
    behind = watched(team, "behind", depends_on=proxy)
    cause = fail(proxy)
    assert fail(behind).parent == cause and not Incident.objects.filter(shares_host=True).exists()
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  proxy and 1 more (Search)"]


@pytest.mark.parametrize(
    ("steps", "mailed"),
    [
        ("proxy down, behind degraded", ["DOWN  proxy and 1 more (Search)"]),
        ("behind degraded, proxy down", ["DOWN  proxy and 1 more (Search)"]),
        ("proxy down, behind degraded, behind down", ["DOWN  proxy and 1 more (Search)"]),
        ("behind degraded, behind down, proxy down", ["DOWN  proxy and 1 more (Search)"]),
        ("behind degraded, proxy degraded, proxy down, behind down", ["DOWN  proxy and 1 more (Search)"]),
        ("proxy degraded, proxy down, last degraded", ["DOWN  proxy and 1 more (Search)"]),
        ("last degraded, behind down, proxy down", ["DOWN  proxy and 2 more (Search)"]),
        ("proxy down, proxy up, proxy down, behind degraded", ["DOWN 2, UP 1  (Search)"]),
        ("proxy degraded, behind degraded", ["DEGRADED  2 endpoints (Search)"]),
    ],
)
def test_it_holds_for_degraded_and_down_in_any_order(team, smtp, steps, mailed):
    proxy = watched(team, "proxy")
    behind = watched(team, "behind", depends_on=proxy)
    last = watched(team, "last", depends_on=behind)
    named = {"proxy": proxy, "behind": behind, "last": last}
    for name, state in (step.split() for step in steps.split(", ")):
        if state == "up":
            recover(named[name])
        else:
            fail(named[name], Cause.AUTH_REJECTED if state == "degraded" else Cause.CONNECTION_REFUSED)
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == mailed


def test_a_dependency_that_is_changed_while_both_are_down_counts_at_once(team, smtp):
    proxy, behind = watched(team, "proxy"), watched(team, "behind")
    fail(proxy)
    incident = fail(behind)
    endpoints.change(behind, depends_on=proxy)
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  proxy and 1 more (Search)"]
    endpoints.change(behind, depends_on=None)
    sweep.sweep()
    settle()
    delivery.deliver()
    incident.refresh_from_db()
    assert (incident.parent, smtp.messages[-1]["Subject"]) == (None, "DOWN  behind (Search)")


@pytest.mark.parametrize("first", ["nothing", "degraded"])
def test_who_failed_before_its_cause_and_stays_down_after_it_is_mailed(team, smtp, first):
    proxy = watched(team, "proxy")
    behind = watched(team, "behind", depends_on=proxy)
    if first == "degraded":
        fail(behind, Cause.AUTH_REJECTED)
        settle()
        delivery.deliver()
    fail(behind)
    fail(proxy)
    recover(proxy)
    Incident.objects.filter(endpoint=proxy).update(resolved_at=datetime.now(UTC) - timedelta(minutes=2))
    sweep.sweep()
    settle()
    delivery.deliver()
    assert Alert.objects.filter(kind="down", incident__endpoint=behind, message__state="sent").count() == 1


def test_one_on_the_host_of_its_dependent_is_the_cause_and_never_its_own(team, smtp):
    proxy = watched(team, "proxy", "http://gpu-1:80")
    behind = watched(team, "behind", "http://gpu-1:8000", depends_on=proxy)
    probed(proxy, bad(Cause.TIMED_OUT))
    early = fail(behind, Cause.TIMED_OUT)
    cause = fail(proxy, Cause.TIMED_OUT)
    early.refresh_from_db()
    assert (early.parent, cause.parent) == (cause, None)
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  proxy and 1 more (Search)"]


def test_it_does_not_matter_which_of_them_was_seen_first(team, smtp):
    proxy = watched(team, "proxy")
    behind = watched(team, "behind", depends_on=proxy)
    early = fail(behind)
    fail(proxy)
    early.refresh_from_db()
    assert early.parent.endpoint == proxy
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  proxy and 1 more (Search)"]


def test_who_stays_down_after_its_cause_is_alerted(team, smtp):
    proxy = watched(team, "proxy")
    behind = watched(team, "behind", depends_on=proxy)
    fail(proxy)
    fail(behind)
    recover(proxy)
    sweep.sweep()
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["UP  proxy (Search)"], "the other one gets a moment"
    Incident.objects.filter(endpoint=proxy).update(resolved_at=datetime.now(UTC) - timedelta(minutes=2))
    sweep.sweep()
    settle()
    delivery.deliver()
    assert smtp.messages[-1]["Subject"] == "DOWN  behind (Search)"


def test_a_dependency_never_stops_the_checking_or_the_end(team):
    proxy = watched(team, "proxy")
    behind = watched(team, "behind", depends_on=proxy)
    fail(proxy)
    incident = fail(behind)
    recover(behind)
    incident.refresh_from_db()
    assert incident.resolved_at is not None
    assert not Alert.objects.filter(incident=incident).exists()


def test_what_follows_is_put_down_to_one_that_is_down_not_to_what_caused_that_and_is_over(team):
    proxy = watched(team, "proxy")
    gpu = watched(team, "gpu", depends_on=proxy)
    behind = watched(team, "behind", depends_on=gpu)
    fail(proxy)
    degraded = fail(gpu, Cause.AUTH_REJECTED)
    recover(proxy)
    assert degraded.parent and fail(behind).parent is None
    down = fail(gpu)
    assert down == degraded and Incident.objects.get(endpoint=behind).parent == down
