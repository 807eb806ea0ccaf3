"""Tags on endpoints: how they are read, stored, shown and filtered by."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.tags import read_tags, split
from fleet import endpoints
from fleet.models import Endpoint, EndpointState, Incident
from fleet.queries.board import Filters, board, changes
from teams.models import AuditEntry
from tests.fleet.test_api_status import token
from tests.fleet.test_board import down, names, watched
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

FORM = {
    "interval": 30, "fail_after": 3, "recover_after": 2, "fail_of": 0, "fail_for": 0, "canary_every": 600
}  # fmt: skip


@pytest.fixture
def fleet() -> None:
    for name, tags in (("a", ["prod", "chat"]), ("b", ["prod"]), ("c", ["prod-2"]), ("d", [])):
        watched(name)
        Endpoint.objects.filter(name=name).update(tags=tags)


def test_tags_are_lower_case_and_each_stands_once():
    assert read_tags(split(" Prod,chat  prod, gpu:a100 ,")) == ["prod", "chat", "gpu:a100"]
    assert split("") == split(" , ") == []


@pytest.mark.parametrize(
    ("tags", "part"),
    [(["a" * 31], "at most 30 characters"), (["-x"], "is no tag"), (['a"b'], "is no tag"), (["prüfung"], "a to z"),
     ([f"t{n}" for n in range(11)], "at most 10 tags")],
)  # fmt: skip
def test_a_wrong_tag_is_refused_with_a_reason(team, tags, part):
    with pytest.raises(ValidationError) as caught:
        endpoints.add(team, name="gpu-1", url="http://h:8000", tags=tags)
    assert part in caught.value.message_dict["tags"][0]
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("prod", ["a", "b"]), ("PROD", ["a", "b"]), ("prod,chat", ["a"]), ("chat,prod", ["a"]), ("pro", []),
     ('prod", "chat', []), ("%", []), ("", ["a", "b", "c", "d"])],
)  # fmt: skip
def test_the_board_lists_what_has_all_of_the_tags(fleet, asked, expected):
    assert names(Filters.of({"tag": asked})) == expected


def test_the_search_finds_tags_by_a_part_of_them(fleet):
    assert names(Filters(q="CHA")) == ["a"]
    assert names(Filters(q='"')) == names(Filters(q="[")) == []


def test_rows_are_grouped_by_the_first_tag(fleet):
    for name, tags in (("0", ["prod-2", "prod"]), ("1", [])):
        watched(name)
        Endpoint.objects.filter(name=name).update(tags=tags)
    shown = board(User(), Filters.of({"group": "tag"}))
    found = [(group.name, [row.name for row in group.rows]) for group in shown.groups]
    assert found == [("prod", ["a", "b"]), ("prod-2", ["0", "c"]), ("No tag", ["1", "d"])]


def test_groups_of_tags_stay_together_over_the_pages_of_a_large_fleet(fleet, monkeypatch):
    monkeypatch.setattr("fleet.queries.selection.MOST_ROWS", 2)
    watched("0")
    pages = [names(Filters.of({"group": "tag", "page": page})) for page in "123"]
    assert pages == [["a", "b"], ["c", "0"], ["d"]]


def test_the_page_offers_the_tags_as_boxes_and_keeps_those_that_were_ticked(client, alice, fleet):
    client.force_login(alice)
    page = flat(client.get("/?tag=prod&tag=chat").content.decode())
    assert "Group: first tag" in page
    assert 'value="prod" checked' in page and 'value="chat" checked' in page and 'value="prod-2" checked' not in page
    assert 'id="row-' in page and page.count('<tr class="row') == 1
    assert '<input type="hidden" name="tag" value="prod,chat">' in page  # what live updates ask with
    assert page.count('<span class="tag">') == 2


def test_a_stranger_is_offered_no_tags_of_a_closed_fleet(client, charlie, fleet, settings):
    settings.FLEET_OPEN = False
    client.force_login(charlie)
    assert "prod" not in client.get("/").content.decode()


def test_a_changed_tag_redraws_a_board_that_filters_by_it(fleet):
    cursor = board(User(), Filters(tag="chat")).totals.cursor
    endpoints.change(Endpoint.objects.get(name="d"), tags=["chat"])
    assert changes(User(), Filters(tag="chat"), cursor).redraw
    assert names(Filters(tag="chat")) == ["a", "d"]


def test_tags_are_typed_in_the_form_suggested_shown_and_recorded(client, alice, team):
    client.force_login(alice)
    endpoints.add(team, name="gpu-0", url="http://gpu-0:8000", tags=["prod"])
    assert '<option value="prod">' in client.get("/endpoints/add/").content.decode()
    typed = {**FORM, "url": "http://gpu-1:8000", "name": "gpu-1", "team": team.pk, "tags": "Chat, prod"}
    page = client.post("/endpoints/add/", typed, follow=True).content.decode()
    added = Endpoint.objects.get(name="gpu-1")
    assert added.tags == ["chat", "prod"] and '<a class="tag" href="/?tag=chat">chat</a>' in page
    edit = f"/endpoints/{added.pk}/edit/"
    assert 'value="chat, prod"' in client.get(edit).content.decode()
    assert "is no tag" in client.post(edit, {**typed, "tags": "a/b"}).content.decode()
    client.post(edit, {**typed, "tags": ""})
    assert Endpoint.objects.get(name="gpu-1").tags == []
    recorded = AuditEntry.objects.filter(action="endpoint.changed").latest("pk").detail
    assert recorded["tags"] == {"from": ["chat", "prod"], "to": []}


def test_a_file_sets_tags_and_without_them_there_are_none(tmp_path: Path):
    file = tmp_path / "fleet.yaml"
    head = "teams:\n- slug: search\n  endpoints:\n  - {name: gpu-1, url: 'http://gpu-1:8000'"
    file.write_text(f"{head}, tags: [Prod, chat]}}\n")
    call_command("apply", str(file))
    assert Endpoint.objects.get().tags == ["prod", "chat"]
    file.write_text(f"{head}, tags: [a/b]}}\n")
    with pytest.raises(CommandError, match=r"tags\[0\] is 'a/b': use letters a to z"):
        call_command("apply", str(file))
    file.write_text(f"{head}, tags: [{', '.join(f't{n}' for n in range(11))}]}}\n")
    with pytest.raises(CommandError, match=r"tags: Give at most 10 tags\."):
        call_command("apply", str(file))
    file.write_text(f"{head}}}\n")
    call_command("apply", str(file))
    assert Endpoint.objects.get().tags == []


def test_the_api_has_the_tags_and_filters_by_one(client, alice, fleet):
    down("e")
    answer = client.get("/api/v1/status?tag=prod", headers=token(alice)).json()
    assert [(each["name"], each["tags"]) for each in answer["endpoints"]] == [("a", ["prod", "chat"]), ("b", ["prod"])]


def test_incidents_and_models_are_narrowed_by_a_tag(client, alice, fleet):
    client.force_login(alice)
    for name in ("a", "d"):
        state = EndpointState.objects.get(endpoint__name=name)
        now = timezone.now()
        Incident.objects.create(endpoint=state.endpoint, cause="timed_out", began_at=now, opened_at=now, status="down")
        state.facts = {"models": [{"name": f"model-of-{name}"}]}
        state.save()
    for path, of_a, of_d in (("/incidents/", ">a <", ">d <"), ("/models/", "model-of-a", "model-of-d")):
        every, some = client.get(path).content.decode(), client.get(f"{path}?tag=chat").content.decode()
        assert of_a in every and of_d in every and of_a in some and of_d not in some
