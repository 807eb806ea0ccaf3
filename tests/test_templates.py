"""Templates are read by people: short lines, whole tags. `make format` indents them."""

import json
import re

from config.data_folder import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LONGEST = 160


def test_no_line_of_a_template_is_too_long_to_read():
    lines = [(path.name, n, len(line)) for path in TEMPLATES for n, line in enumerate(path.read_text().splitlines(), 1)]
    assert len(lines) > 2000
    assert [line for line in lines if line[2] > LONGEST] == []


def test_no_template_tag_is_broken_over_two_lines():
    broken = []
    for path in TEMPLATES:
        for n, line in enumerate(path.read_text().splitlines(), 1):
            if any(line.count(begin) != line.count(end) for begin, end in (("{%", "%}"), ("{{", "}}"), ("{#", "#}"))):
                broken.append((path.name, n))
    assert broken == [], "Django reads a tag only when it stands on one line"


def test_addresses_are_made_by_url_not_by_hand():
    address = re.compile(r"""\b(?:href|src|action|formaction|hx-(?:get|post|put|delete))=["']/""")
    assert [path.name for path in TEMPLATES if address.search(path.read_text())] == []


def test_no_text_of_a_textarea_or_pre_begins_with_the_blanks_of_the_template():
    begins = re.compile(r"<(?:textarea|pre)\b[^>]*>[ \t]*\n(?!\{\{)")  # of one at once HTML leaves the line break out
    assert [path.name for path in TEMPLATES if begins.search(path.read_text())] == []


def test_the_manifest_of_the_web_app_names_icons_that_are_there():
    manifest = json.loads((ROOT / "static/manifest.webmanifest").read_text())
    assert manifest["name"] == "Plimsoll" and manifest["icons"]
    assert [icon["src"] for icon in manifest["icons"] if not (ROOT / "static" / icon["src"]).exists()] == []
