"""Whatever people and servers call things, it is text on every page: markup in a name would be obeyed by htmx."""

import pytest
from django.test import Client

from advisor.models import Decision, Requirement
from fleet.models import EndpointState, Incident, IncidentEvent, MaintenanceWindow, Message, Silence
from teams.models import ApiToken, Membership
from tests.safety.addresses import SmallFleet, every_address

pytestmark = pytest.mark.slow

PLANTED = "<i-am hx-post=/people/1/ hx-trigger=load>"

TEXTS = [
    (
        Decision,
        ("title", "deciders", "rationale", "context", "consequences", "confirmation", "revisit_when", "why_not"),
    ),
    (Requirement, ("name",)),
    (Incident, ("detail", "acknowledged_by", "acknowledged_note")),
    (IncidentEvent, ("text", "author")),
    (Silence, ("reason",)),
    (MaintenanceWindow, ("name",)),
    (EndpointState, ("detail",)),
    (Message, ("recipient", "error")),
    (ApiToken, ("name",)),
]
"""(model, its texts): what people write, and what servers say about themselves."""


@pytest.fixture
def planted(db, valkey, monkeypatch) -> SmallFleet:
    """One of everything, with markup in each text."""
    monkeypatch.setattr("fleet.views.endpoint_edit.find_servers", lambda known, own_ports: [])
    fleet = SmallFleet(named=PLANTED)
    for model, names in TEXTS:
        lengths = {name: model._meta.get_field(name).max_length or 1000 for name in names}
        model.objects.update(**{name: PLANTED[:length] for name, length in lengths.items()})
    facts = {
        "version": PLANTED,
        "models": [{"name": PLANTED, "loaded": True, "digest": PLANTED, "parent": PLANTED, "remote_host": PLANTED}],
    }
    EndpointState.objects.update(facts=facts)
    return fleet


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_markup_in_a_text_is_nowhere_obeyed(planted, role):
    client = Client()
    viewer = Membership.objects.get(role="viewer").user
    client.force_login(planted.user if role == "owner" else viewer)
    obeyed, shown = [], 0
    for address in every_address():
        answer = client.get(planted.path(address))
        if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
            continue
        text = answer.content.decode()
        shown += "&lt;i-am hx-post=" in text
        if "<i-am" in text:
            obeyed.append(address.name)
    assert obeyed == []
    assert shown > 12, "the texts were not shown at all"
