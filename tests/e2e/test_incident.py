"""An incident's page follows what happens, and leaves alone what somebody types."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from fleet import live
from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident", "sites_broker")]


def test_its_end_shows_without_a_reload_and_what_is_typed_stays(browser: Browser, site: Site):
    context = signed_in(browser, site)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(f"{site.url}/incidents/1/")
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#facts")).to_contain_text("not yet")
    note = page.locator("#acknowledge").get_by_label("Note")
    note.press_sequentially("the disk is full")

    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    site.write("UPDATE fleet_incident SET resolved_at = ? WHERE id = 1", now)
    site.write(
        "INSERT INTO fleet_incidentevent (incident_id, at, author, text) VALUES (1, ?, '', 'Resolved: up.')", now
    )
    site.move(BROKEN, regroup=True, status="up", cause="", step="", detail="")
    live.publish([BROKEN])
    expect(page.get_by_role("heading", level=1)).to_contain_text("was down for", timeout=5000)
    expect(page.locator("#facts")).not_to_contain_text("not yet")
    expect(page.locator("#timeline")).to_contain_text("Resolved: up.")
    expect(page.locator("#act-title")).to_have_text("Resolved: nothing is left to acknowledge")
    expect(note).to_be_focused()
    expect(note).to_have_value("the disk is full")
    page.get_by_label("Add a note").focus()
    expect(page.locator("#act-title")).to_be_hidden()
    context.close()
    assert not complaints
