"""Stylesheets and templates fit each other: one scale, no class without a rule, no rule without a user."""

import re

from config.data_folder import ROOT

SHEETS = {path.stem: path.read_text() for path in sorted((ROOT / "static/css").glob("*.css"))}


def classes(css: str) -> set[str]:
    """The classes that a stylesheet's selectors name."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.S)
    return set(re.findall(r"\.([a-z][\w-]*)", selectors))


def test_the_style_guide_shows_every_component(client, settings):
    settings.DEBUG = True
    html = client.get("/styleguide/").content.decode()
    shown = {name for value in re.findall(r'class="([^"]*)"', html) for name in value.split()}
    assert classes(SHEETS["components"]) - shown == set()


def test_the_style_guide_is_not_there_unless_debug_is_on(client, db):
    assert client.get("/styleguide/").status_code == 404


def test_a_size_that_has_a_token_is_written_by_it():
    scale = dict(re.findall(r"--(t\d): ([\d.]+px);", SHEETS["tokens"]))
    assert len(scale) > 5
    literal = {
        (name, size)
        for name, css in SHEETS.items()
        for size in re.findall(r"font(?:-size)?: ([\d.]+px)\b", css)
        if size in scale.values()
    }
    assert literal == set()


def test_every_token_in_use_is_defined_and_every_token_defined_is_in_use():
    css = "".join(SHEETS.values())
    assert set(re.findall(r"var\((--[\w-]+)", css)) == set(re.findall(r"(--[\w-]+):", css))


def test_the_colours_of_mails_are_those_of_the_tokens():
    tokens = re.split(r"@media \((?:prefers-color-scheme: dark)\)|@media print", SHEETS["tokens"])
    mails = [path.read_text() for path in (ROOT / "templates/email").glob("*.html")]
    assert any("prefers-color-scheme: dark" in mail for mail in mails)
    for mail in mails:
        light, _, dark = mail.partition("@media (prefers-color-scheme: dark)")
        assert colours(light) <= colours(tokens[0])
        assert colours(dark) <= colours(tokens[1])


def colours(css: str) -> set[str]:
    """The colours that are written as numbers."""
    return set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])", css))
