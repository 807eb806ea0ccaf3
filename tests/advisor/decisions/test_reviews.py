"""Nothing expires in silence: due reviews and moved facts reach the team by the same outbox as outages, once."""

import dataclasses
from datetime import date, timedelta

import pytest

from advisor import catalogue as catalogues
from advisor.decisions import actions, reviews
from advisor.models import Decision
from config.celery import app
from core import redis_keys
from fleet.alerts import delivery
from fleet.models import Alert

from .decision_parts import BODY, record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.usefixtures("valkey")]

DUE: date = BODY["review_by"]


def test_a_due_review_is_mailed_with_the_decision_and_its_link(alice, team, smtp, settings):
    settings.SITE_URL = "https://plimsoll.example.org"
    decision = record(alice, team, status="accepted")
    assert reviews.remind(DUE) == 1
    assert delivery.deliver() == 1
    [mail] = smtp.messages
    assert mail["Subject"] == "REVIEW  Serve our models with vLLM: the review is due (Search)"
    assert mail["To"] == "oncall@example.org"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    for said in (
        f"{DUE.day} {DUE:%B %Y}",
        "The model no longer fits.",
        f"https://plimsoll.example.org/decisions/{decision.pk}/",
    ):
        assert said in text and said in html, said


def test_it_is_sent_once_for_each_date_and_recipient(alice, team, smtp):
    decision = record(alice, team, status="accepted")
    for day in (DUE, DUE, DUE + timedelta(27)):
        reviews.remind(day)
    assert Alert.objects.count() == 1
    team.mail_to = ["oncall@example.org", "lead@example.org"]
    team.save()
    reviews.remind(DUE + timedelta(27))
    assert sorted(Alert.objects.values_list("recipient", flat=True)) == ["lead@example.org", "oncall@example.org"]
    actions.reviewed(alice, decision, decision.version, DUE + timedelta(120))
    reviews.remind(DUE + timedelta(119))
    assert Alert.objects.count() == 2
    reviews.remind(DUE + timedelta(120))
    assert Alert.objects.count() == 4


def test_before_the_day_and_for_what_is_not_in_force_nothing_is_sent(alice, team):
    record(alice, team)
    taken = record(alice, team, status="accepted")
    reviews.remind(DUE - timedelta(1))
    actions.move(alice, taken, taken.version, "deprecated")
    reviews.remind(DUE)
    assert not Alert.objects.exists()


def test_a_fact_that_moved_is_reported_once(alice, team, monkeypatch):
    decision = record(alice, team, status="accepted", review_by=None)
    current = catalogues.load()
    relied = decision.recommendation["facts"][0]["id"]

    def now(words: str) -> None:
        facts = tuple(dataclasses.replace(f, now=words) if f.id == relied else f for f in current.facts)
        monkeypatch.setattr(catalogues, "load", lambda: dataclasses.replace(current, facts=facts))

    now("Since spring it is otherwise.")
    reviews.remind(DUE)
    reviews.remind(DUE)
    [alert] = Alert.objects.all()
    assert (
        "Since spring it is otherwise." in alert.facts["text"] and alert.facts["path"] == f"/decisions/{decision.pk}/"
    )
    now("Since summer it is otherwise again.")
    reviews.remind(DUE)
    assert Alert.objects.count() == 2


def test_no_mail_about_a_fact_of_a_system_that_the_team_does_not_have(alice, team, monkeypatch):
    decision = record(alice, team, review_by=None)
    current = catalogues.load()
    advice = decision.recommendation
    advice["facts"].append({**advice["facts"][0], "id": "ollama-macos-floor", "text": "As the first method kept it."})
    Decision.objects.filter(pk=decision.pk).update(recommendation=advice)
    actions.move(alice, decision, decision.version, "accepted")
    reviews.remind(DUE)
    assert not Alert.objects.exists()
    facts = tuple(fact for fact in current.facts if fact.id != advice["facts"][0]["id"])
    monkeypatch.setattr(catalogues, "load", lambda: dataclasses.replace(current, facts=facts))
    reviews.remind(DUE)
    [alert] = Alert.objects.all()
    assert advice["facts"][0]["id"] in alert.facts["text"] and "macos" not in alert.facts["text"]


def test_without_a_mail_server_the_note_is_shown_as_not_sent(alice, team, client):
    decision = record(alice, team, status="accepted")
    reviews.remind(DUE)
    delivery.deliver()
    client.force_login(alice)
    page = client.get("/alerts/").content.decode()
    assert "REVIEW  Serve our models with vLLM" in page
    assert f'href="/decisions/{decision.pk}/"' in page
    assert Alert.objects.get().message.state == "no_server"


def test_a_title_with_line_breaks_can_not_reach_a_header(alice, team, smtp):
    record(alice, team, status="accepted", title="One\r\nBcc: everyone@example.org")
    reviews.remind(DUE)
    assert delivery.deliver() == 1
    assert smtp.recipients == ["oncall@example.org"]


def test_the_schedule_checks_every_hour_on_the_upkeep_queue(valkey):
    assert app.conf.schedule["advisor.tasks.reviews"].every == 3600
    app.send_task("advisor.tasks.reviews", expires=5)
    assert valkey.llen(redis_keys.queue("upkeep")) == 1
