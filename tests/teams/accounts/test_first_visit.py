"""An installation without accounts shows how to create the first one, and no form that nobody can use."""

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_without_accounts_the_first_page_says_where_the_link_is(client):
    page = client.get("/", follow=True)
    html = page.content.decode()
    assert page.status_code == 200 and "Create the first account" in html and "Copy the link from the terminal" in html
    assert "<input" not in html and "/start/" in html


def test_with_an_account_it_is_the_page_to_sign_in_on(client, alice):
    html = client.get("/", follow=True).content.decode()
    assert "Create the first account" not in html and 'autocomplete="username"' in html
    assert client.post("/accounts/login/", {"login": "alice", "password": "a long password"}).url == "/"


def test_an_account_can_not_be_guessed_into_being(client):
    answer = client.post("/accounts/login/", {"login": "alice", "password": "a long password"})
    assert "Create the first account" in answer.content.decode()
