"""The pages of decisions: Alice and Bob share a team, Charlie is a stranger, and nothing changes by opening them."""

import html
import io
import re
import zipfile

import pytest

from advisor import catalogue as catalogues
from advisor.decisions import actions
from advisor.models import Decision
from fleet import endpoints
from teams.models import Membership

from .decision_parts import BODY, new_url, record, stored, text, typed
from .evidence_parts import box

pytestmark = pytest.mark.django_db


def test_the_form_is_filled_from_the_advice(page):
    shown = text(page.get(new_url()))
    assert 'value="Serve our models with vLLM"' in shown
    assert '<option value="vllm" selected>' in shown
    assert re.search(r'<textarea name="rationale"[^>]*>\s*- \S', shown)
    assert not Decision.objects.exists()


def test_a_decision_is_recorded_with_the_advice_of_the_address(page, team):
    response = page.post(new_url(), typed(team, status="accepted"), follow=True)
    decision = Decision.objects.get()
    assert response.redirect_chain[-1][0] == f"/decisions/{decision.pk}/"
    assert (decision.status, decision.recommendation["outcome"]) == ("accepted", "vllm")
    shown = text(response)
    assert shown.index("We choose") < shown.index("The advice as it was")
    assert "<strong>built</strong>" in shown


def test_what_can_be_undone_is_the_first_button(page):
    buttons = re.findall(r'<button [^>]*name="status" value="(\w+)"', text(page.get(new_url())))
    assert buttons == ["draft", "proposed", "accepted"]


def test_a_line_that_is_not_true_has_its_reason_and_one_frozen_earlier_has_none(page, alice, team):
    decision = record(alice, team)
    reason = next(item.when_false for item in catalogues.load().items if item.id == "O1")
    assert html.escape(reason) in text(page.get(decision.get_absolute_url()))
    for lines in decision.recommendation["lists"].values():
        for line in lines:
            del line["why_not"]
    decision.save()
    assert html.escape(reason) not in text(page.get(decision.get_absolute_url()))


def test_the_same_form_twice_makes_one(page, team):
    values = typed(team)
    assert page.post(new_url(), values).url == page.post(new_url(), values).url
    assert Decision.objects.count() == 1


def test_the_advice_can_not_be_posted(page, team):
    page.post(new_url(), typed(team, recommendation='{"outcome": "ollama"}', answers="{}", catalogue_version="0"))
    decision = Decision.objects.get()
    assert decision.recommendation["outcome"] == "vllm"
    assert decision.catalogue_version == catalogues.load().version


def test_deciding_otherwise_asks_why_and_keeps_what_was_typed(page, team):
    response = page.post(new_url(), typed(team, choice="ollama", title="Stay with what we know"))
    assert response.status_code == 422
    assert "The advice was: vLLM" in text(response)
    response = page.post(new_url(), typed(team, choice="ollama", follows_advice="no", title="Stay with what we know"))
    assert response.status_code == 422
    assert "Give the reason why you decide otherwise" in text(response)
    assert "Stay with what we know" in text(response)
    values = typed(team, choice="ollama", follows_advice="no", why_not="Nobody runs Linux here.")
    shown = text(page.post(new_url(), values, follow=True))
    assert "Decided otherwise." in shown and "Nobody runs Linux here." in shown


def test_a_reason_to_decide_otherwise_is_never_dropped(page, team):
    response = page.post(new_url(), typed(team, why_not="Nobody runs Linux here."))
    assert response.status_code == 422
    assert "You wrote why you decide otherwise" in text(response) and "Nobody runs Linux here." in text(response)


def test_the_form_can_be_opened_to_decide_otherwise(page):
    shown = text(page.get(f"{new_url()}&otherwise=1"))
    assert re.search(r'value="no"[^>]* checked', shown) and "ignored" not in shown
    assert "Serve our models with vLLM" not in shown, "nothing of the form may speak for the advised choice"


def test_what_is_to_be_corrected_leads_to_its_field(page, team):
    shown = text(page.post(new_url(), typed(team, title=" ")))
    assert "1 thing to correct" in shown and '<li><a href="#id_title">' in shown and 'id="id_title"' in shown


def test_a_form_of_an_older_catalogue_says_so(page, team):
    response = page.post(new_url(), typed(team, seen="0.0.1", title="What I typed"))
    assert response.status_code == 422
    assert "catalogue has changed" in text(response) and "What I typed" in text(response)
    assert not Decision.objects.exists()


def test_unknown_questions_in_the_address_are_named(page):
    shown = text(page.get("/decisions/new/?goal=runtime&colour=red"))
    assert "colour" in shown and "ignored" in shown


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": " "}, "Write in one line what was decided."),
        ({"decided_on": "soon"}, "Write a day like 2026-11-30."),
        ({"decided_on": "0001-01-01"}, "more than a year ago. Choose a later one."),
        ({"decided_on": "9999-12-31"}, "more than ten years ahead. Choose an earlier one."),
        ({"review_by": "9999-12-31"}, "more than ten years ahead. Choose an earlier one."),
        ({"review_by": str(BODY["decided_on"])}, "The review comes after the decision."),
        ({"choice": "coffee"}, "Choose what the team has decided for."),
        ({"rationale": "x" * 20_001}, "longer than 20,000 characters"),
        ({"endpoints": ["99999"]}, "Choose endpoints of your own teams"),
        ({"status": "superseded"}, "can&#x27;t become superseded"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(page, team, changed, sentence):
    response = page.post(new_url(), typed(team, **changed))
    assert response.status_code == 422
    assert sentence in text(response)
    assert not Decision.objects.exists()


def test_a_team_records_so_many_decisions(page, alice, team, monkeypatch):
    monkeypatch.setattr(actions, "MOST", 1)
    record(alice, team)
    response = page.post(new_url(), typed(team))
    assert response.status_code == 422 and "The limit of 1 decisions of Search is reached." in text(response)
    assert Decision.objects.count() == 1


def test_endpoints_of_another_team_are_refused(page, alice, team, other_team):
    Membership.objects.create(user=alice, team=other_team, role="owner")
    theirs = endpoints.add(other_team, name="ads-gpu", url="http://10.0.0.9:8000")
    response = page.post(new_url(), typed(team, endpoints=[theirs.pk]))
    assert response.status_code == 422
    assert "These belong to another team" in text(response)


def test_a_decision_can_be_shared_and_printed_and_names_what_a_limit_is_about(page, alice, team):
    decision = record(
        alice, team, answers={"goal": "serving"}, choice="ollama", follows_advice=False, why_not="One box."
    )
    shown = text(page.get(decision.get_absolute_url()))
    assert f">http://testserver{decision.get_absolute_url()}</pre>" in shown and "data-print" in shown
    assert "The server must keep the state of Responses calls." in shown and "Not answered yet." in shown


def test_endpoints_are_listed_with_their_engines_in_the_form_and_on_the_page(page, alice, team):
    covered = box(team, "box-7", "ollama")
    assert "box-7: Ollama (" in text(page.get(new_url()))
    decision = record(alice, team, choice="ollama", endpoints=[covered])
    assert f"Ollama, {covered.url}" in text(page.get(decision.get_absolute_url()))


def test_an_endpoint_with_another_engine_is_covered_only_once_that_is_confirmed(page, team):
    unlike, proxy, new = box(team, "box-7", "ollama"), box(team, "proxy", "litellm"), box(team, "new", "")
    ticked = typed(team, endpoints=[unlike.pk, proxy.pk, new.pk])
    response = page.post(new_url(), ticked)
    assert response.status_code == 422 and not Decision.objects.exists()
    assert "The choice is vLLM, and another engine answers at box-7 (Ollama). Untick" in text(response)
    assert 'name="other_engines"' in text(response)
    page.post(new_url(), ticked | {"other_engines": "on"})
    assert Decision.objects.get().endpoints.count() == 3


def test_the_covered_endpoints_are_linked_with_their_status(page, alice, team):
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    decision = record(alice, team, endpoints=[gpu])
    shown = text(page.get(f"/decisions/{decision.pk}/"))
    part = shown[shown.index('id="confirmation"') :]
    assert f'href="/endpoints/{gpu.pk}/"' in part and 'class="status s-unknown"' in part


def test_bob_may_edit_and_move_what_alice_recorded(client, alice, bob, team):
    decision = record(alice, team)
    client.force_login(bob)
    values = typed(team, title="Bob's words", version=decision.version)
    assert client.post(f"/decisions/{decision.pk}/edit/", values).status_code == 302
    decision.refresh_from_db()
    assert decision.title == "Bob's words"
    client.post(f"/decisions/{decision.pk}/move/", {"status": "accepted", "version": decision.version})
    decision.refresh_from_db()
    assert decision.status == "accepted"


PATHS = ("", "edit/", "move/", "reviewed/", "again/")


@pytest.mark.parametrize("path", PATHS)
def test_strangers_find_nothing(client, alice, charlie, team, path):
    decision = record(alice, team, status="accepted")
    before = stored(decision.pk)
    client.force_login(charlie)
    url = f"/decisions/{decision.pk}/{path}"
    sent = {"status": "deprecated", "version": decision.version, "next_on": "2030-01-01", **typed(team, status="x")}
    assert client.get(url).status_code in (404, 405)
    assert client.post(url, sent).status_code in (404, 405)
    assert stored(decision.pk) == before


def test_strangers_see_no_title_in_log_export_or_successor_form(client, alice, charlie, team):
    decision = record(alice, team, title="Our secret plan", status="accepted")
    client.force_login(charlie)
    assert "secret" not in text(client.get("/decisions/"))
    assert zipfile.ZipFile(io.BytesIO(client.get("/decisions/export.zip").content)).namelist() == []
    assert client.get(f"/decisions/{decision.pk}.md").status_code == 404
    assert client.get(f"/decisions/new/?supersedes={decision.pk}").status_code == 404
    assert "You are an operator of no team" in text(client.get("/decisions/new/"))
    response = client.post(new_url(), typed(team))
    assert response.status_code == 422 and Decision.objects.count() == 1


def test_people_who_are_not_signed_in_are_sent_to_sign_in(client):
    for path in ("/decisions/", "/decisions/new/", "/decisions/1/", "/decisions/export.zip"):
        assert client.get(path).url.startswith("/accounts/login"), path


def test_nothing_changes_by_get(page, alice, team):
    decision = record(alice, team, status="accepted")
    before = stored(decision.pk)
    asked = f"?status=deprecated&version={decision.version}&next_on=2030-01-01"
    for path in PATHS:
        page.get(f"/decisions/{decision.pk}/{path}{asked}")
    page.get(f"/decisions/new/?supersedes={decision.pk}")
    assert stored(decision.pk) == before
    assert Decision.objects.count() == 1 and decision.events.count() == 2


def test_no_request_changes_the_body_once_accepted(page, alice, team):
    decision = record(alice, team, status="accepted")
    moves = ("status", "version", "superseded_by_id", "due_on")
    before = {name: value for name, value in stored(decision.pk)[0].items() if name not in moves}
    values = typed(team, title="Another", rationale="Another", choice="ollama", version=decision.version)
    for path in PATHS:
        for status in ("draft", "proposed", "deprecated"):
            page.post(f"/decisions/{decision.pk}/{path}", values | {"status": status, "next_on": "2030-01-01"})
    after = {name: value for name, value in stored(decision.pk)[0].items() if name not in moves}
    assert after == before
    response = page.post(f"/decisions/{decision.pk}/edit/", values, follow=True)
    assert "Supersede it instead" in text(response)


def test_a_stale_edit_says_so_and_keeps_what_was_typed(page, alice, bob, team):
    decision = record(alice, team)
    actions.edit(bob, decision, decision.version, BODY | {"title": "Bob's title"}, [])
    values = typed(team, title="Alice's title", version=decision.version)
    response = page.post(f"/decisions/{decision.pk}/edit/", values)
    assert response.status_code == 409
    shown = text(response)
    assert "Someone changed this decision meanwhile" in shown and "Alice&#x27;s title" in shown
    assert Decision.objects.get().title == "Bob's title"
    version = re.search(r'name="version" value="(\d+)"', shown)[1]
    page.post(f"/decisions/{decision.pk}/edit/", values | {"version": version})
    assert Decision.objects.get().title == "Alice's title"


def test_a_stale_edit_with_a_mistake_stays_stale(page, alice, bob, team):
    decision = record(alice, team)
    actions.edit(bob, decision, decision.version, BODY | {"title": "Bob's title"}, [])
    values = typed(team, title="", version=decision.version)
    response = page.post(f"/decisions/{decision.pk}/edit/", values)
    assert f'name="version" value="{decision.version}"' in text(response)


def test_superseding_starts_from_the_old_text_and_answers(page, alice, team):
    old = record(alice, team, status="accepted")
    url = f"/decisions/new/?supersedes={old.pk}"
    shown = text(page.get(url))
    assert BODY["context"] in shown and 'value="Serve our models with vLLM"' in shown
    page.post(url, typed(team, title="The next one", status="accepted"))
    new = Decision.objects.get(title="The next one")
    old.refresh_from_db()
    assert (old.status, old.superseded_by, new.answers) == ("superseded", new, old.answers)
    assert "It was superseded by" in text(page.get(f"/decisions/{old.pk}/"))
    assert old.title in text(page.get(f"/decisions/{new.pk}/"))


def test_a_refused_move_says_what_and_changes_nothing(page, alice, team):
    decision = record(alice, team, status="rejected")
    sent = {"status": "accepted", "version": decision.version}
    shown = text(page.post(f"/decisions/{decision.pk}/move/", sent, follow=True))
    assert "Nothing was changed" in shown
    assert Decision.objects.get().status == "rejected"


def test_the_key_of_another_teams_form_shows_nothing_of_it(page, charlie, team, other_team):
    Membership.objects.create(user=charlie, team=other_team, role="owner")
    theirs = record(charlie, other_team, title="Kept among them")
    answer = page.post(new_url(), typed(team, key=str(theirs.key)))
    assert answer.status_code == 422 and "This form was used up" in text(answer)
    assert "Kept among them" not in text(answer)


def test_a_long_list_of_endpoints_can_be_narrowed_without_sending_the_form(client, alice, team):
    client.force_login(alice)
    for number in range(13):
        html = text(client.get("/decisions/new/"))
        assert "data-narrows" not in html
        endpoints.add(team, name=f"gpu-{number}", url=f"http://gpu-{number}:8000")
    [field] = re.findall(r"<input[^>]*data-narrows[^>]*>", text(client.get("/decisions/new/")))
    assert 'form=""' in field and 'data-narrows="id_endpoints"' in field and "name=" not in field
