"""Adding and changing endpoints: each mistake is a sentence at its field, and changes nothing."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from core.models import PutOff
from fleet import endpoints
from fleet.engines.reading import Facts, Reading
from fleet.models import Change, Endpoint, EndpointState
from teams.models import AuditEntry, Team
from tests.fleet.recording import record, state_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_suggested_names_differ_where_only_the_paths_do():
    urls = ("http://gpu-1", "http://gpu-1:8000", "https://proxy:8443/e/2", "http://[::1]:80/chat")
    assert [endpoints.suggested_name(url) for url in urls] == ["gpu-1", "gpu-1-8000", "proxy-8443-e-2", "::1-80-chat"]


@pytest.mark.parametrize(
    ("fields", "field", "part"),
    [
        ({"url": "ftp://h"}, "url", "http"),
        ({"url": "http://me:secret@h:1"}, "url", "password"),
        ({"name": "  "}, "name", "name"),
        ({"engine": "olama"}, "engine", "olama"),
        ({"interval": 4}, "interval", "5"),
        ({"interval": 10, "timeout": 10.0}, "timeout", "shorter"),
        ({"fail_after": 0}, "fail_after", "1"),
        ({"fail_after": 4, "fail_of": 3}, "fail_of", "Of fewer than 4 probes, 4 cannot fail."),
        ({"fail_of": 21}, "fail_of", "20"),
        ({"fail_for": 3601}, "fail_for", "3600"),
        ({"slow_after": 0}, "slow_after", "1"),
        ({"start_within": 3601}, "start_within", "3600"),
        ({"canary_every": 299}, "canary_every", "300"),
    ],
)
def test_a_mistake_is_reported_at_its_field(team, fields, field, part):
    with pytest.raises(ValidationError) as caught:
        endpoints.add(team, **{"name": "gpu-1", "url": "http://h:8000"} | fields)
    assert list(caught.value.message_dict) == [field]
    assert part.lower() in caught.value.message_dict[field][0].lower()
    assert "secret" not in str(caught.value)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(("interval", "timeout"), [(5, 4.0), (6, 4.8), (7, 5.0), (3600, 5.0)])
def test_a_timeout_that_nobody_set_is_most_of_the_interval_and_follows_it(team, interval, timeout):
    endpoint = endpoints.add(team, name="gpu-1", url="http://h:8000", interval=interval)
    assert endpoint.timeout == timeout
    endpoints.change(endpoint, interval=30)
    assert Endpoint.objects.get().timeout == 5.0
    assert endpoints.change(endpoint, interval=5) == ["interval", "timeout"]
    assert Endpoint.objects.get().timeout == 4.0


def test_a_timeout_that_was_set_stays_and_can_be_given_back(team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://h:8000", timeout=20.0)
    with pytest.raises(ValidationError, match="shorter than the interval of 15 s"):
        endpoints.change(endpoint, interval=15)
    endpoints.change(endpoint, interval=60)
    assert endpoint.timeout == 20.0
    endpoints.change(endpoint, timeout=None, interval=6)
    assert Endpoint.objects.get().timeout == 4.8


def test_a_second_endpoint_of_the_same_name_or_url_is_refused(team):
    endpoints.add(team, name="gpu-1", url="http://h:8000")
    endpoints.add(team, name="gpu-2", url="http://h:8001")
    with pytest.raises(ValidationError) as caught:
        endpoints.add(team, name="GPU-2", url="http://h:8000/v1/")
    assert sorted(caught.value.message_dict) == ["name", "url"]
    with pytest.raises(ValidationError) as caught:
        endpoints.add(team, name="gpu-1", url="http://h:8000")
    assert list(caught.value.message_dict) == ["url"], "the same endpoint again is one mistake"
    assert "gpu-1" in caught.value.message_dict["url"][0]


def test_the_api_key_is_encrypted_in_the_database(team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://h:8000", api_key="sekrit-value")
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM fleet_endpoint")
        [stored] = cursor.fetchone()
    assert stored and "sekrit-value" not in stored
    assert Endpoint.objects.get(pk=endpoint.pk).api_key == "sekrit-value"


def test_another_url_makes_it_an_endpoint_we_know_nothing_of(team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://h:8000", engine="vllm")
    record(state_of(endpoint.pk), Reading(1.8e9, facts=Facts(version="1")), 0.0)
    assert endpoints.change(endpoint, url="http://h:8001", interval=15) == ["url", "interval"]
    state = EndpointState.objects.get(pk=endpoint.pk)
    assert (state.status, state.cause, state.facts) == ("unknown", "new", {})
    assert Change.objects.get(kind="settings").after == "url, interval"
    assert endpoints.change(endpoint, url="http://h:8001") == []


def test_a_change_that_is_refused_changes_nothing(team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://h:8000")
    with pytest.raises(ValidationError):
        endpoints.change(endpoint, name="gpu-2", interval=1)
    assert Endpoint.objects.get(pk=endpoint.pk).name == "gpu-1"


def test_an_endpoint_depends_on_another_of_its_team_and_never_on_itself(team):
    proxy = endpoints.add(team, name="proxy", url="http://p:80")
    host = endpoints.add(team, name="host", url="http://h:80", depends_on=proxy)
    gpu = endpoints.add(team, name="gpu", url="http://g:80", depends_on=host)
    other_team = Team.objects.create(name="Others", slug="others")
    foreign = endpoints.add(other_team, name="theirs", url="http://t:80")
    for endpoint, other, shown in (
        (gpu, foreign, f"theirs is of another team. Choose an endpoint of {team}."),
        (gpu, gpu, "It would depend on itself."),
        (proxy, gpu, "It would depend on itself (proxy on gpu on host on proxy)."),
    ):
        fresh = Endpoint.objects.get(pk=endpoint.pk)
        with pytest.raises(ValidationError) as caught:
            endpoints.change(fresh, depends_on=Endpoint.objects.get(pk=other.pk))
        assert caught.value.message_dict == {"depends_on": [shown]}
    assert list(Endpoint.objects.filter(team=team).order_by("pk").values_list("depends_on__name", flat=True)) == [
        None,
        "proxy",
        "host",
    ]


def test_another_url_forgets_what_was_learned_of_starts_turns_and_the_certificate(team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://h:8000")
    EndpointState.objects.update(
        starts=[40], starting={"since": 1, "said": True}, turns=[1], recent=7, certificate_until=timezone.now()
    )
    endpoints.change(endpoint, url="http://h:8001")
    state = EndpointState.objects.get()
    assert (state.starts, state.starting, state.turns, state.recent, state.certificate_until) == ([], {}, [], 0, None)


def test_an_endpoint_that_was_put_off_is_tried_again_once_it_is_changed(team):
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    for sweep in ("claims", "probes"):
        PutOff.objects.create(
            sweep=sweep, key=str(gpu.pk), name="gpu-1", team=team, since=timezone.now(), tried_at=timezone.now()
        )
    endpoints.change(gpu, interval=60)
    assert not PutOff.objects.exists()


def test_many_are_added_in_a_fixed_number_of_statements_and_each_that_is_refused_fails_alone(
    team, settings, django_assert_num_queries
):
    endpoints.add(team, name="there", url="http://there:8000")
    settings.ENDPOINTS_PER_TEAM = 24
    wanted = [("There", "http://other:8000"), ("again", "http://there:8000"), ("odd", "ftp://odd")]
    wanted += [(f"gpu-{n}", f"http://gpu-{n}:8000") for n in range(20)]
    wanted += [("GPU-0", "http://gpu:8000"), ("twin", "http://gpu-1:8000"), *((n, f"http://{n}:1") for n in "abcd")]
    new = [endpoints.New(team, {"name": name, "url": url}) for name, url in wanted]
    with django_assert_num_queries(7):  # savepoint, team, the others, three inserts, release
        made = endpoints.add_each(new)
    refused = {
        new.fields["name"]: each.messages[0] for new, each in zip(new, made, strict=True) if each not in added(made)
    }
    assert refused == {
        "There": "Search already has an endpoint named There.",
        "again": "there of Search already watches this URL.",
        "odd": refused["odd"],
        "GPU-0": "Search already has an endpoint named GPU-0.",
        "twin": "gpu-1 of Search already watches this URL.",
        "d": refused["d"],
    }
    assert "http" in refused["odd"] and "The limit of 24 endpoints of Search is reached" in refused["d"]
    assert EndpointState.objects.count() == AuditEntry.objects.filter(action="endpoint.added").count() == 24


def added(made):
    return [each for each in made if isinstance(each, Endpoint)]
