"""Probing on demand is counted, since it sends requests to other machines."""

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache

from config import settings as product
from fleet import endpoints
from fleet.endpoints import throttle
from fleet.models import EndpointState
from tests.conftest import free_port

CHECK = "/endpoints/check/"


def test_probes_on_demand_have_an_end_and_come_back_the_next_minute(client, alice, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    EndpointState.objects.update(due_at=2**40)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        client.force_login(alice)
        assert all(throttle.allowed(alice.pk) for _ in range(throttle.A_MINUTE))
        page = client.post(f"{endpoint.get_absolute_url()}probe/", follow=True).content.decode()
        assert throttle.REFUSED in page and "with the next tick" not in page
        assert EndpointState.objects.get().due_at == 2**40
        clock.shift(60)
        client.post(f"{endpoint.get_absolute_url()}probe/")
        assert EndpointState.objects.get().due_at < 2**40


def test_a_check_too_many_says_so_and_loses_nothing(client, alice, monkeypatch):
    client.force_login(alice)
    monkeypatch.setattr(throttle, "A_MINUTE", 0)
    form = {"url": "http://127.0.0.1:1", "name": "kept"}
    assert "probes a minute on demand" in client.post(CHECK, form, headers={"HX-Request": "true"}).content.decode()
    page = client.post(CHECK, form).content.decode()
    assert "probes a minute on demand" in page and 'value="kept"' in page


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_search_of_this_machine_is_a_probe_on_demand(client, alice, team, monkeypatch, headers):
    probes = []
    monkeypatch.setattr("fleet.views.endpoint_edit.find_servers", lambda *_, **__: probes.append(1) or [])
    with time_machine.travel(1_800_000_000, tick=False):
        client.force_login(alice)
        pages = [client.get("/endpoints/discovered/", headers=headers) for _ in range(throttle.A_MINUTE + 1)]
    assert len(probes) == throttle.A_MINUTE
    assert [throttle.REFUSED in page.content.decode() for page in pages[-2:]] == [False, True]


def test_each_person_is_counted_apart(alice, bob):
    assert all(throttle.allowed(alice.pk) for _ in range(throttle.A_MINUTE))
    assert not throttle.allowed(alice.pk)
    assert throttle.allowed(bob.pk)


def test_without_the_broker_they_are_counted_all_the_same(alice, settings):
    settings.CACHES = {"default": product.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{free_port()}/0"}}
    test_each_person_is_counted_apart(alice, User(pk=alice.pk + 1))


def test_a_count_that_goes_away_in_between_holds_nobody_up(alice, monkeypatch):
    monkeypatch.setattr(cache, "add", lambda *_, **__: True)
    assert throttle.allowed(alice.pk)


def test_probe_now_answers_at_its_former_address_too(client, alice, team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    client.force_login(alice)
    page = client.post(f"{endpoint.get_absolute_url()}look/", follow=True).content.decode()
    assert "gpu-1 is probed with the next tick" in page
