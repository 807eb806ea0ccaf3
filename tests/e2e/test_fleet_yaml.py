"""A fleet.yaml given in a real browser, which sends a text area its own way."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("sites_broker")]

FILE = """
# what we watch
teams:
  - slug: team-0
    endpoints:
      - name: {name}
        url: http://127.0.0.1:9
        expected_models:
          - qwen3-8b

"""


@pytest.mark.parametrize("uploaded", [False, True], ids=["pasted", "from a file"])
def test_a_file_is_planned_planned_again_and_applied_as_it_is(
    browser: Browser, site: Site, tmp_path: Path, uploaded: bool
):
    context = signed_in(browser, site)
    page = context.new_page()
    page.goto(f"{site.url}/endpoints/add/many/")
    text = FILE.format(name="from-file" if uploaded else "pasted")
    if uploaded:
        (tmp_path / "fleet.yaml").write_text(text)
        page.set_input_files("#from-file", tmp_path / "fleet.yaml")
        expect(page.locator("#id_text")).to_have_value(text)
    else:
        page.fill("#id_text", text)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#id_text")).to_have_value(text)
    page.fill("#id_text", text.replace("qwen3-8b", "qwen3-14b"))
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("main")).to_contain_text("qwen3-14b")
    expect(page.locator("h1")).to_have_text("Apply fleet.yaml")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".msg-success")).to_contain_text(
        "fleet.yaml is applied. Teams: 1 unchanged. Endpoints: 1 added"
    )
    context.close()
