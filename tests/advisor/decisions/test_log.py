"""Reading decisions: the log, what moved since, the export, and Markdown that can do no harm."""

import dataclasses
import io
import re
import zipfile
from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine

from advisor import catalogue as catalogues
from advisor.models import Decision
from fleet import endpoints
from teams.models import Membership

from .decision_parts import BODY, new_url, record, stored, text, typed

pytestmark = pytest.mark.django_db

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> [click](javascript:alert(3)) [data](data:text/html,x)\n\n"
    "<a href=\"jAvAsCrIpT:alert(4)\" onclick='alert(5)'>x</a> <iframe src=//example.org></iframe> <svg/onload=alert(6)>"
)


def test_the_log_is_filtered_and_paged(page, alice, team, other_team):
    Membership.objects.create(user=alice, team=other_team, role="owner")
    record(alice, team, title="First plan")
    record(
        alice, other_team, title="Second plan", choice="ollama", follows_advice=False, why_not="x", status="accepted"
    )
    due = BODY["review_by"]
    with time_machine.travel(due + timedelta(27), tick=False):
        page.force_login(alice)
        for query, here, gone in (
            ("status=draft", "First", "Second"),
            ("team=ads", "Second", "First"),
            ("engine=vllm", "First", "Second"),
            ("review=due", "Second", "First"),
        ):
            shown = text(page.get(f"/decisions/?{query}"))
            assert f"{here} plan" in shown and f"{gone} plan" not in shown, query
        assert f"due since {due.day} {due:%b %Y}" in text(page.get("/decisions/"))
        assert "No decision fits" in text(page.get("/decisions/?review=moved"))
    for number in range(30):
        record(alice, team, title=f"Plan {number}", decided_on=date(2026, 1, 1))
    assert "Plan 0" in text(page.get("/decisions/?page=2"))


def test_a_proposal_is_not_decided_yet_and_keeps_the_date_of_its_review(page, alice, team):
    proposal = record(alice, team, title="Planned", status="proposed")
    row = text(page.get("/decisions/?status=proposed"))
    assert f"{BODY['review_by']:%-d %b %Y}" in row and "not yet" in row and f"{BODY['decided_on']:%-d %b %Y}" not in row
    shown = text(page.get(proposal.get_absolute_url()))
    assert "not decided yet; to be decided by Alice, Bob" in shown and "decided on" not in shown


def test_moved_facts_are_marked_in_the_log_and_on_the_page(page, alice, team, monkeypatch):
    decision = record(alice, team, status="accepted")
    current = catalogues.load()
    relied = decision.recommendation["facts"][0]["id"]
    facts = tuple(dataclasses.replace(f, now="Quite otherwise.") if f.id == relied else f for f in current.facts)
    monkeypatch.setattr(catalogues, "load", lambda: dataclasses.replace(current, facts=facts))
    assert "1 fact has moved" in text(page.get("/decisions/?review=moved"))
    for path in ("", "again/"):
        assert "Quite otherwise." in text(page.get(f"/decisions/{decision.pk}/{path}"))


def test_running_again_shows_what_differs_and_changes_nothing(page, alice, team, monkeypatch):
    decision = record(alice, team, status="accepted")
    before = stored(decision.pk)
    current = catalogues.load()
    items = tuple(dataclasses.replace(item, text=f"{item.text}, they say now") for item in current.items)
    newer = dataclasses.replace(current, items=items, version="9.9")
    monkeypatch.setattr(catalogues, "load", lambda: newer)
    shown = text(page.get(f"/decisions/{decision.pk}/again/"))
    assert "they say now" in shown and decision.recommendation["headline"] in shown
    assert stored(decision.pk) == before
    assert "they say now" not in text(page.get(f"/decisions/{decision.pk}/"))


def test_a_review_is_noted_from_the_page(page, alice, team):
    decision = record(alice, team, status="accepted")
    url = f"/decisions/{decision.pk}/reviewed/"
    response = page.post(url, {"version": decision.version, "next_on": str(date.today())})
    assert response.status_code == 422 and "Choose a day after today" in text(response)
    page.post(url, {"version": decision.version, "next_on": "2030-01-01", "note": "All is well."})
    shown = text(page.get(f"/decisions/{decision.pk}/"))
    assert "All is well." in shown and "1 Jan 2030" in shown


@pytest.mark.parametrize("field", ["context", "rationale", "consequences", "confirmation", "revisit_when", "why_not"])
def test_scripts_links_and_html_in_markdown_are_harmless(page, alice, team, field):
    other = {"follows_advice": False, "why_not": "Because."} | {field: HOSTILE}
    decision = record(alice, team, **other)
    plain = text(page.get(f"/decisions/{record(alice, team, follows_advice=False, why_not='x').pk}/"))
    shown = text(page.get(f"/decisions/{decision.pk}/"))
    tags = [re.findall(r"<[a-z][^>]*>", html, re.IGNORECASE) for html in (plain, shown)]
    for tag in set(tags[1]) - set(tags[0]):
        assert not re.match(r"<(script|iframe|img|object|style)|<svg/", tag, re.IGNORECASE), tag
        assert not re.search(r"\son\w+=|javascript:|data:text", tag, re.IGNORECASE), tag
    assert "alert(1)" in shown  # as text


def test_one_is_exported_as_madr(page, alice, team):
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    old = record(alice, team, endpoints=[gpu], status="accepted")
    new = record(alice, team, title='Say "no": ---', supersedes=old, status="accepted")
    response = page.get(f"/decisions/{old.pk}.md")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert f"{old.pk:04d}-serve-our-models-with-vllm.md" in response["Content-Disposition"]
    shown = text(response)
    assert shown.startswith('---\nstatus: "superseded by ')
    for said in (
        f'date: "{BODY["decided_on"]}"', 'decision-makers: "Alice, Bob"', "# Serve our models with vLLM",
        "## Context and Problem Statement", "## Considered Options", "## Decision Outcome", "### Consequences",
        "### Confirmation", "* gpu-1 (engine not known, http://10.0.0.5:8000)", "* V1, true: ", "## More Information",
    ):  # fmt: skip
        assert said in shown, said
    newer = text(page.get(f"/decisions/{new.pk}.md"))
    assert f"It supersedes {old.pk:04d}-serve-our-models-with-vllm.md." in newer
    assert f'supersedes: "{old.pk:04d}-serve-our-models-with-vllm.md"' in newer.split("---")[1]


def test_an_exported_fact_has_its_dates_and_one_of_the_first_catalogue_has_those_it_had(page, alice, team):
    decision = record(alice, team)
    exported = text(page.get(f"/decisions/{decision.pk}.md"))
    assert "last checked: 2026-11-28 in a copy of 2026-11-02; same)" in exported
    for fact in decision.recommendation["facts"]:
        del fact["copy_date"]
        fact["last_checked"] = ""
    Decision.objects.filter(pk=decision.pk).update(recommendation=decision.recommendation)
    older = text(page.get(f"/decisions/{decision.pk}.md"))
    assert "last checked: never; same)" in older and "in a copy of" not in older


def test_all_are_exported_one_file_each(page, alice, team):
    for title in ("One", "../../etc/passwd"):
        record(alice, team, title=title)
    names = zipfile.ZipFile(io.BytesIO(page.get("/decisions/export.zip").content)).namelist()
    assert sorted(re.sub(r"\d+", "N", name) for name in names) == ["search/N-etcpasswd.md", "search/N-one.md"]


def test_a_key_or_version_that_is_none_does_no_harm(page, alice, team):
    assert page.post(new_url(), typed(team, key="x")).status_code == 302
    decision = record(alice, team, key=uuid4())
    for version in ("", "-1", "9" * 40, "²"):
        page.post(f"/decisions/{decision.pk}/move/", {"status": "accepted", "version": version})
    assert page.get("/decisions/new/?supersedes=99999999999999999999").status_code == 404
    decision.refresh_from_db()
    assert decision.status == "draft"
