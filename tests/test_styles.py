"""Stylesheets and templates fit each other: one scale, no class without a rule, no rule without a user."""

import re

from advisor.models.decision import Status as DecisionStatus
from config.data_folder import ROOT
from fleet.verdict.status import Status

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
MODULES = sorted(path for app in ("advisor", "fleet", "teams") for path in (ROOT / app).rglob("*.py"))
LIBRARIES = {"htmx-request", "htmx-swapping", "toclink"}
"""Classes that htmx and Markdown give to elements."""

SHEETS = {path.stem: path.read_text() for path in sorted((ROOT / "static/css").glob("*.css"))}


def classes(css: str) -> set[str]:
    """The classes that a stylesheet's selectors name."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.S)
    return set(re.findall(r"\.([a-z][\w-]*)", selectors))


def given(text: str) -> set[str]:
    """The classes that a template, script or module gives to elements, `*` for each part that is filled in."""
    text = re.sub(r"\{%-?\s*block page_class\s*%\}([\w-]+)", r'class="\1"', text)
    text = re.sub(r"\{\{[^{}]*\}\}|(?<=[\w -])\{[\w.(), ]+\}", "*", re.sub(r"\{%.*?%\}", " ", text))
    values = re.findall(r"""(?:class=\\?["']|"class": "|className = "|classList\.add\(")([^"'<>\\]*)""", text)
    return {name for value in values for name in value.split() if re.fullmatch(r"[\w*-]*[\w-][\w*-]*", name)}


def words(module: str) -> set[str]:
    """The words of a module's strings, `*` for each part that is filled in, if the module draws something."""
    if "class=" not in module:
        return set()
    strings = re.findall(r'"([a-z][\w {}.,()-]*)"', module)
    return {word for string in strings for word in re.sub(r"\{[^{}]*\}", "*", string).split()} - {"*"}


def matches(names: set[str], given: set[str]) -> set[str]:
    """Those of the names that are given, by themselves or with a part filled in."""
    patterns = [re.compile(each.replace("*", r"[\w-]+")) for each in given if "*" in each]
    return {name for name in names if name in given or any(pattern.fullmatch(name) for pattern in patterns)}


def without_rule(given: set[str], rules: set[str]) -> set[str]:
    """What is given and has no rule. Of what is filled in, at least one form needs a rule."""
    return {each for each in given if not matches(rules, {each})}


def test_every_class_has_a_rule():
    rules = classes("".join(SHEETS.values()))
    texts = {path: path.read_text() for path in [*TEMPLATES, *SCRIPTS, *MODULES] if path.parent.name != "email"}
    missing = {path.name: without_rule(given(text), rules) for path, text in texts.items()}
    assert {name: classes for name, classes in missing.items() if classes} == {}


def test_every_class_in_a_mail_has_a_rule_there():
    mails = "".join(path.read_text() for path in TEMPLATES if path.parent.name == "email")
    rules = set().union(*map(classes, re.findall(r"<style>(.*?)</style>", mails, re.S)))
    assert given(mails) == rules - {"down", "degraded"}  # a status, filled in


def test_every_rule_has_a_user():
    pages = [path.read_text() for path in [*TEMPLATES, *SCRIPTS] if path.parent.name != "email"]
    modules = [path.read_text() for path in MODULES]
    users = LIBRARIES.union(*map(given, [*pages, *modules]), *map(words, modules))
    rules = classes("".join(SHEETS.values()))
    assert len(rules) > 200 and rules - matches(rules, users) == set()


def test_what_is_filled_in_has_a_rule_for_every_status():
    rules = classes("".join(SHEETS.values()))
    assert {f"s-{status}" for status in Status} | {f"stand-{status}" for status in DecisionStatus} <= rules


def test_every_sheet_is_on_every_page(client, db):
    html = client.get("/accounts/login/").content.decode()
    assert set(re.findall(r"css/(\w+)\.", html)) == set(SHEETS)
    assert [path.name for path in TEMPLATES if 'rel="stylesheet"' in path.read_text()] == ["_bare.html", "base.html"]


def test_the_style_guide_shows_every_component(client, settings):
    settings.DEBUG = True
    html = client.get("/styleguide/").content.decode()
    shown = {name for value in re.findall(r'class="([^"]*)"', html) for name in value.split()}
    assert classes(SHEETS["components"]) - shown == set()
    assert {"board", "dense", "is-known", "strip", "spark", "load", "bulk-bar", "search-button", "hit"} <= shown


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
    pairs = re.findall(r"light-dark\((#\w+), (#\w+)\)", SHEETS["tokens"])
    both = zip(*pairs, strict=True)
    light_theme, dark_theme = set(next(both)), set(next(both))
    mails = [path.read_text() for path in (ROOT / "templates/email").glob("*.html")]
    assert any("prefers-color-scheme: dark" in mail for mail in mails)
    for mail in mails:
        light, _, dark = mail.partition("@media (prefers-color-scheme: dark)")
        assert colours(light) <= light_theme
        assert colours(dark) <= dark_theme


def colours(css: str) -> set[str]:
    """The colours that are written as numbers."""
    return set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])", css))
