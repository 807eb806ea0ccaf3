"""The rows that probes start from: one statement for a batch, and each as the ORM would read it."""

import pytest
from django.forms.models import model_to_dict

from fleet import endpoints
from fleet.models import EndpointLoad, EndpointState
from fleet.probing import states

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def fleet(team):
    return [
        endpoints.add(team, name=f"gpu-{n}", url=f"http://10.0.0.{n}", api_key="sk-secret", canary_models=["qwen3"])
        for n in range(1, 8)
    ]


def test_a_batch_is_read_in_one_statement_with_endpoint_and_load_settings(fleet, django_assert_num_queries):
    EndpointLoad.objects.create(endpoint=fleet[0], measures_waits=True)
    with django_assert_num_queries(1):
        rows = states.read(endpoint.pk for endpoint in fleet)
        assert [state.rules().measures_waits for state in rows.values()] == [True] + 6 * [False]
    assert len(rows) == 7
    for state in EndpointState.objects.select_related("endpoint"):
        assert model_to_dict(rows[state.pk]) == model_to_dict(state)
        assert model_to_dict(rows[state.pk].endpoint) == model_to_dict(state.endpoint)


def test_what_is_paused_or_gone_is_left_out(fleet):
    endpoints.pause(fleet[0])
    gone = fleet[1].pk
    fleet[1].delete()
    assert set(states.read(endpoint.pk for endpoint in fleet[:1] + fleet[2:])) == {each.pk for each in fleet[2:]}
    assert (states.read_one(fleet[0].pk), states.read_one(gone), states.read([])) == (None, None, {})
