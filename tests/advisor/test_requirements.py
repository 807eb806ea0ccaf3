"""Saved answers: shared in the team, saved as they change, never lost, never shown to strangers."""

import re
from html import unescape
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from advisor import catalogue, requirements
from advisor.models import Requirement
from teams.models import Membership, Team
from tests.advisor import golden

LAPTOP = {"goal": "runtime", "callers": "me"}


@pytest.fixture
def saved(team, alice) -> Requirement:
    """The golden case GC-04, saved by Alice for Search."""
    answers = golden.answers("GC-04")
    return requirements.create(uuid4(), team, alice, "Search assistant", answers, catalogue.load().version)


def html_of(response) -> str:
    return unescape(response.content.decode())


def save_form(client, answers, **given):
    key = re.search(r'name="key" value="([^"]+)"', html_of(client.get("/advisor/requirements/new/")))[1]
    form = {"key": key, "answers": urlencode(answers, doseq=True), "name": "Search assistant", "team": "search"}
    return form | given


def edit_form(client, saved, **given):
    html = html_of(client.get(f"/advisor/requirements/{saved.pk}/edit/"))
    version = re.search(r'name="version" value="(\d+)"', html)[1]
    return {"version": version, "name": saved.name, **saved.answers, **given}


def test_a_member_saves_answers_for_the_team_and_sees_the_result(client, alice):
    client.force_login(alice)
    response = client.post("/advisor/requirements/new/", save_form(client, {**LAPTOP, "machines": ["mac"]}))
    made = Requirement.objects.get()
    assert response["Location"] == f"/advisor/requirements/{made.pk}/"
    assert made.answers == {"goal": "runtime", "callers": "me", "machines": ["mac"]}
    assert (made.team.slug, made.created_by, made.version) == ("search", alice, 1)
    assert made.catalogue_version == catalogue.load().version
    html = html_of(client.get(response["Location"]))
    assert "Search assistant" in html and "A way to run models on our own machines" in html


def test_a_result_can_be_saved_for_the_team_without_opening_what_is_shared(client, alice):
    link = '<a class="btn" href="/advisor/requirements/new/?goal=runtime'
    assert link not in html_of(client.get("/advisor/result/?goal=runtime"))
    client.force_login(alice)
    shown = html_of(client.get("/advisor/result/?goal=runtime"))
    assert 0 < shown.index(link) < shown.index('<details class="share">')


def test_a_team_saves_so_many_answers(client, alice, monkeypatch):
    monkeypatch.setattr(requirements, "MOST", 1)
    client.force_login(alice)
    for status, number in ((302, 1), (422, 1)):
        response = client.post("/advisor/requirements/new/", save_form(client, LAPTOP))
        assert response.status_code == status and Requirement.objects.count() == number
    assert "The limit of 1 saved answers of Search is reached." in html_of(response)


def test_a_form_posted_twice_makes_one_draft(client, alice):
    client.force_login(alice)
    form = save_form(client, LAPTOP)
    first, second = (client.post("/advisor/requirements/new/", form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Requirement.objects.count() == 1


def test_a_form_without_a_name_says_so_and_keeps_the_answers(client, alice):
    client.force_login(alice)
    response = client.post("/advisor/requirements/new/", save_form(client, LAPTOP, name="  "))
    assert response.status_code == 422
    assert "Give it a name" in html_of(response)
    assert "callers=me&goal=runtime" in html_of(response)


def test_answers_can_only_be_saved_for_one_of_ones_own_teams(client, alice):
    Team.objects.create(name="Other", slug="other")
    client.force_login(alice)
    assert client.post("/advisor/requirements/new/", save_form(client, LAPTOP, team="other")).status_code == 422
    assert not Requirement.objects.exists()


def test_the_key_of_another_teams_form_does_not_show_what_it_made(client, saved, charlie):
    Membership.objects.create(user=charlie, team=Team.objects.create(name="Other", slug="other"), role="owner")
    client.force_login(charlie)
    form = save_form(client, LAPTOP, team="other", key=str(saved.key))
    response = client.post("/advisor/requirements/new/", form)
    assert response.status_code == 422
    html = html_of(response)
    assert f"/requirements/{saved.pk}/" not in html and str(saved.key) not in html


def test_saving_needs_an_account(client, db):
    assert client.get("/advisor/requirements/new/?goal=runtime")["Location"].startswith("/accounts/login/")


def test_the_team_shares_its_requirements(client, saved, bob):
    client.force_login(bob)
    assert "Search assistant" in html_of(client.get("/advisor/"))
    assert client.get(f"/advisor/requirements/{saved.pk}/").status_code == 200


@pytest.mark.parametrize("path", ["/", ".md", ".json", "/edit/"])
def test_strangers_find_nothing_there(client, saved, charlie, path):
    client.force_login(charlie)
    assert client.get(f"/advisor/requirements/{saved.pk}{path}").status_code == 404
    assert "Search assistant" not in html_of(client.get("/advisor/"))


@pytest.mark.parametrize("action", ["autosave", "share", "withdraw", "edit"])
def test_strangers_can_do_nothing_to_it(client, saved, charlie, action):
    client.force_login(charlie)
    assert client.post(f"/advisor/requirements/{saved.pk}/{action}/", {"version": "1"}).status_code == 404
    saved.refresh_from_db()
    assert (saved.version, saved.share_token) == (1, None)


def test_a_change_is_saved_at_once_and_says_so(client, saved, bob):
    client.force_login(bob)
    form = edit_form(client, saved, growth="no")
    html = html_of(client.post(f"/advisor/requirements/{saved.pk}/autosave/", form))
    saved.refresh_from_db()
    assert (saved.answers["growth"], saved.version, saved.updated_by) == ("no", 2, bob)
    assert "Saved" in html and 'name="version" value="2" hx-swap-oob="true"' in html


def test_taking_an_answer_back_is_saved_too(client, saved, alice):
    client.force_login(alice)
    client.post(f"/advisor/requirements/{saved.pk}/autosave/", edit_form(client, saved, growth=""))
    saved.refresh_from_db()
    assert "growth" not in saved.answers


def test_a_stale_form_says_so_keeps_what_was_typed_and_overwrites_nothing(client, saved, alice, bob):
    client.force_login(alice)
    form = edit_form(client, saved, growth="no", load="many")
    requirements.save(saved, 1, bob, {**golden.answers("GC-04"), "stage": "product"}, "1.0")
    response = client.post(f"/advisor/requirements/{saved.pk}/edit/", form)
    html = html_of(response)
    assert response.status_code == 409
    assert "bob saved other answers" in html
    assert re.search(r'id="load-many"[^>]* checked', html) and re.search(r'id="growth-no"[^>]* checked', html)
    saved.refresh_from_db()
    assert saved.answers["stage"] == "product" and saved.answers["growth"] == "yes"


def test_a_stale_form_can_be_saved_over_the_other_by_its_button_alone(client, saved, alice, bob):
    client.force_login(alice)
    form = edit_form(client, saved, load="many")
    requirements.save(saved, 1, bob, {**golden.answers("GC-04"), "stage": "product"}, "1.0")
    found = html_of(client.post(f"/advisor/requirements/{saved.pk}/autosave/", form))
    form["over"] = re.search(r'name="over" value="(\d+)"', found)[1]
    client.post(f"/advisor/requirements/{saved.pk}/autosave/", form)
    saved.refresh_from_db()
    assert saved.answers["stage"] == "product"
    assert client.post(f"/advisor/requirements/{saved.pk}/edit/", form).status_code == 302
    saved.refresh_from_db()
    assert (saved.answers["load"], saved.answers["stage"]) == ("many", "prototype")


def test_the_same_save_twice_is_not_stale_to_itself(client, saved, alice):
    client.force_login(alice)
    form = edit_form(client, saved, growth="no")
    for _ in range(2):
        assert client.post(f"/advisor/requirements/{saved.pk}/edit/", form).status_code == 302
    saved.refresh_from_db()
    assert saved.version == 2


def test_a_change_link_shows_other_answers_without_saving_them(client, saved, alice):
    client.force_login(alice)
    html = html_of(client.get(f"/advisor/requirements/{saved.pk}/edit/?goal=serving"))
    assert re.search(r'id="goal-serving"[^>]* checked', html)
    saved.refresh_from_db()
    assert saved.answers["goal"] == "runtime"


def test_a_public_link_is_read_only_and_can_be_withdrawn(client, saved, alice):
    client.force_login(alice)
    client.post(f"/advisor/requirements/{saved.pk}/share/")
    saved.refresh_from_db()
    public = f"/advisor/shared/{saved.share_token}/"
    assert public in html_of(client.get(f"/advisor/requirements/{saved.pk}/"))
    client.logout()
    html = html_of(client.get(public))
    assert "Search assistant" in html
    assert "Change" not in html and "/decisions/" not in html and "/edit/" not in html
    client.force_login(alice)
    client.post(f"/advisor/requirements/{saved.pk}/withdraw/")
    client.logout()
    answer = client.get(public)
    assert answer.status_code == 404 and "This link was withdrawn" in html_of(answer)


def test_a_link_that_was_withdrawn_never_comes_back(saved):
    first = requirements.share(saved)
    assert requirements.share(saved) == first
    requirements.withdraw(saved)
    assert requirements.share(saved) != first


def test_the_result_lists_the_teams_earlier_results_and_what_differed(client, saved, alice, team):
    others = golden.answers("GC-04") | {"growth": "no"}
    requirements.create(uuid4(), team, alice, "The first idea", others, catalogue.load().version)
    client.force_login(alice)
    html = html_of(client.get(f"/advisor/requirements/{saved.pk}/"))
    part = html[html.index('id="team-part"') :]
    assert "The first idea" in part
    assert "differs in: Do you expect more clients, more GPUs or stricter demands later?" in part


def test_answers_that_todays_catalogue_does_not_know_are_named(client, saved, alice):
    Requirement.objects.filter(pk=saved.pk).update(answers={**saved.answers, "colour": "blue"})
    client.force_login(alice)
    assert "There is no question 'colour'" in html_of(client.get(f"/advisor/requirements/{saved.pk}/"))


def test_markdown_and_json_of_saved_answers_show_the_same(client, saved, alice):
    client.force_login(alice)
    assert client.get(f"/advisor/requirements/{saved.pk}.json").json()["outcome"] == "start_with_ollama"
    assert "Start with Ollama" in client.get(f"/advisor/requirements/{saved.pk}.md").content.decode()


def test_who_runs_the_installation_reads_what_was_saved_for_a_team_without_members(client, admin_user, team):
    saved = Requirement.objects.create(team=team, name="Chat", answers={"goal": "runtime"}, catalogue_version="1.0")
    client.force_login(admin_user)
    assert client.get(f"/advisor/requirements/{saved.pk}/").status_code == 200


def test_answers_saved_before_the_form_changed_open_and_what_is_gone_is_named(client, alice, saved):
    old = golden.answers("GC-03") | {"accelerator": "multi_gpu", "budget": "low", "load": "endless"}
    Requirement.objects.filter(pk=saved.pk).update(answers=old)
    client.force_login(alice)
    html = html_of(client.get(saved.get_absolute_url()))
    assert "There is no question 'budget'" in html and "has no option 'endless'" in html
    assert "Many callers, a product, several GPUs" in html
    edit = html_of(client.get(f"/advisor/requirements/{saved.pk}/edit/"))
    assert re.search(r'id="accelerator-multi_gpu"[^>]* checked', edit)


def test_several_accelerators_are_saved_and_shown(client, alice, saved):
    client.force_login(alice)
    client.post(f"/advisor/requirements/{saved.pk}/edit/", edit_form(client, saved, accelerator=["apple", "multi_gpu"]))
    saved.refresh_from_db()
    assert saved.answers["accelerator"] == ["apple", "multi_gpu"]
    assert "Apple silicon, Several GPUs for one service" in html_of(client.get(saved.get_absolute_url()))


def test_who_is_in_no_team_reads_how_to_keep_the_answers(client, charlie):
    client.force_login(charlie)
    page = html_of(client.get("/advisor/requirements/new/?goal=serving"))
    assert "You are an operator of no team" in page and 'name="name"' not in page
