"""Load verdicts, renewed once an hour for each endpoint."""

from datetime import UTC, datetime

import pytest

from core.models import PutOff
from fleet import endpoints
from fleet.engines.reading import BEHIND
from fleet.evidence.judge import Case, judge
from fleet.evidence.signals import TEAMS_CALLING
from fleet.evidence.window import DAY, Row
from fleet.load import judging, settings
from fleet.load.judging import JUDGING, Read, judge_due, judge_these
from fleet.models import Endpoint, LoadVerdict, TeamLoad
from teams.models import Team
from tests.fleet.evidence.weeks import EDGES, queue

from .weeks import kept

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOW = 1_795_510_800


@pytest.fixture
def fleet(team) -> list[Endpoint]:
    return [endpoints.add(team, name=f"e{n}", url=f"http://10.0.0.{n}:8000", engine="vllm") for n in range(1, 5)]


def judged() -> set[int]:
    return set(LoadVerdict.objects.values_list("endpoint_id", flat=True))


def test_each_endpoint_is_judged_once_an_hour_in_a_minute_of_its_own(fleet):
    first = fleet[0]
    minute = NOW // 3600 * 3600 + first.pk % 60 * 60
    judge_due(minute)
    assert judged() == {each.pk for each in fleet if each.pk % 60 == first.pk % 60}
    for n in range(60):
        judge_due(minute + 60 * n)
    assert judged() == {each.pk for each in fleet}
    assert LoadVerdict.objects.count() == len(fleet), "what has not changed is the same row"


def test_the_paused_are_not_judged(gpu):
    Endpoint.objects.update(paused=True)
    for n in range(60):
        judge_due(NOW + 60 * n)
    assert judged() == set()


def test_a_minute_in_which_nobody_is_due_is_one_question(gpu, django_assert_num_queries):
    with django_assert_num_queries(1):
        judge_due(NOW // 3600 * 3600 + (gpu.pk + 1) % 60 * 60)


def test_those_of_one_minute_are_read_together(fleet, django_assert_max_num_queries):
    some = Endpoint.objects.select_related("team", "state")
    with django_assert_max_num_queries(30):
        judge_these(some, NOW)
    first = len(judged())
    assert first == len(fleet)


def test_a_verdict_of_another_kind_ends_the_one_before(gpu, hour):
    some = Endpoint.objects.select_related("team", "state")
    judge_these(some, NOW)
    for n in range(1, 6 * 24):
        hour(gpu, NOW - 3600 * n, probes=240, gauges=240, **{"running.0": 240, "queued.0": 240, "kv.0": 240})
    judge_these(some, NOW + 3600)
    before, now = LoadVerdict.objects.order_by("pk")
    assert (before.state, now.until) == ("not enough evidence", None)
    assert now.state != before.state
    assert before.until == now.since


def test_another_workers_judgement_meanwhile_is_kept(gpu, monkeypatch):
    some = list(Endpoint.objects.select_related("team", "state"))
    judge_these(some, NOW)
    late = Read(some, NOW + 3600)
    LoadVerdict.objects.update(until=datetime.fromtimestamp(NOW + 3600, UTC))
    new = LoadVerdict.objects.get()
    new.pk, new.until, new.state = None, None, "fine"
    new.save()
    monkeypatch.setattr(judging, "Read", lambda *_: late)
    judge_these(some, NOW + 3600)
    ended, current = LoadVerdict.objects.order_by("pk")
    assert (ended.judged_at.timestamp(), current.state) == (NOW, "fine")


def test_settings_that_change_meanwhile_leave_it_to_be_judged_afresh(gpu, monkeypatch):
    some = list(Endpoint.objects.select_related("team", "state"))
    judge_these(some, NOW)
    late = Read(some, NOW + 3600)
    settings.save_team(TeamLoad(team=gpu.team, first_token=1))
    monkeypatch.setattr(judging, "Read", lambda *_: late)
    judge_these(some, NOW + 3600)
    assert LoadVerdict.objects.get().recent == []


GOOD, BAD = "ttft.1", "ttft.4"


def busy_hours(endpoint: Endpoint, until: int, *callers_and_bucket: tuple[int, str]) -> None:
    """Stores an hour for each of these, the last one before `until`."""
    hours = [queue(callers)(True) | {bucket: 100} for callers, bucket in callers_and_bucket]
    kept(endpoint, [Row(until - 3600 * n, "", each, EDGES) for n, each in enumerate(hours, start=1)])


@pytest.fixture
def lined(gpu) -> Endpoint:
    """gpu-1 with a service target and a learned load line of 4, first judged NOW."""
    settings.save_team(TeamLoad(team=gpu.team, first_token=1))
    busy_hours(gpu, NOW, *[(4, GOOD)] * 3, *[(12, BAD)] * 3)
    judge_these([gpu], NOW)
    return gpu


def lines(endpoint: Endpoint, *moments: int) -> list[int | None]:
    """The load line after a judgement at each of these."""
    found = []
    for at in moments:
        judge_these([endpoint], at)
        found.append(LoadVerdict.objects.get(endpoint=endpoint, until=None).line)
    return found


def test_a_load_line_is_learned_once_a_day(lined):
    busy_hours(lined, NOW + 3600, (8, GOOD), (8, GOOD), (8, GOOD))
    found = lines(lined, *(NOW + 3600 * n for n in range(1, 25)))
    assert (found[0], found[-1], len(set(found))) == (4, 8, 2)


def test_a_day_without_the_hour_of_learning_counts_all_the_same(lined):
    busy_hours(lined, NOW + 3600, (8, GOOD), (8, GOOD), (8, GOOD))
    assert lines(lined, NOW + DAY + 1800) == [8]


def test_a_new_service_target_has_a_line_of_its_own_at_once(lined):
    settings.save_team(TeamLoad(team=lined.team, whole=20))
    assert lines(lined, NOW + 3600) == [None], "each hour meets it"


def test_an_endpoint_that_cannot_be_judged_costs_itself_alone(fleet, hour):
    other = Team.objects.create(name="Other", slug="other")
    TeamLoad.objects.create(team=other, zone="Mars/Base")
    broken = endpoints.add(other, name="broken", url="http://10.0.0.9:8000")
    hour(broken, NOW - DAY)
    judge_these(Endpoint.objects.select_related("team", "state"), NOW)
    assert judged() == {each.pk for each in fleet}
    assert [row.key for row in PutOff.objects.filter(sweep=JUDGING)] == [str(broken.pk)]


@pytest.fixture
def gateway(team, hour) -> Endpoint:
    """A gateway whose team has gpu-1 behind it, as it counted three hours ago."""
    made = endpoints.add(team, name="gateway", url="http://gateway:4000", engine="litellm")
    hour(made, NOW - 3 * 3600, f"{BEHIND}10.0.0.5:8000", requests=40, teams=3, refused=2)
    hour(made, NOW - 2 * 3600, f"{BEHIND}10.0.0.5:8000", requests=2, teams=1, refused=2)
    hour(made, NOW - 2 * 3600, f"{BEHIND}10.0.0.6:8000", requests=99, teams=9)
    return made


def case(endpoint: Endpoint) -> Case:
    found = Endpoint.objects.select_related("team", "state").get(pk=endpoint.pk)
    return Read([found], NOW).case(found)


def test_what_a_gateway_counts_for_an_endpoints_address_is_in_its_case(gpu, gateway):
    assert [row.counts["requests"] for row in case(gpu).gateway] == [40, 2]
    [signal] = [each for each in judge(case(gpu))[0].signals if each.words == TEAMS_CALLING]
    assert (signal.value, signal.samples, signal.crossed) == ("3", 42, True)


def test_a_gateways_own_case_is_without_the_servers_behind_it(gateway):
    assert (case(gateway).rows, case(gateway).gateway) == ((), ())


def test_a_gateway_of_another_team_says_nothing_of_ours(gpu, gateway):
    """Charlie's team has an endpoint with the same address as Alice's, and no gateway."""
    theirs = endpoints.add(Team.objects.create(name="Theirs", slug="theirs"), name="gpu", url=gpu.url, engine="vllm")
    assert case(theirs).gateway == ()
