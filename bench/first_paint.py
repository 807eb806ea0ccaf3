"""What somebody who opens a page waits for, in Chromium: first byte, largest paint, layout shift and bytes.

    python -m bench.first_paint [endpoints, default 44] >table.md

Prints Markdown for docs/measured.md: the first page that a new web process makes; every page, the median of five warm
loads of each, and the CPU that the web process takes for one; what shifts while endpoints are probed live, while some
fail and come back, and when servers are found on an empty board. The pages are the addresses of config.urls that answer
with a whole page. Needs Debian's chromium and requirements-dev.txt.
"""

import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.fake_engine import Play, Server

from .living import living
from .pages import web
from .product import FULL, ROOT, Product, cpu, progress
from .table import header

LOADS = 5
SETTLES = 300
"""ms after the load event in which a page may paint something larger, or shift."""

LIVE = 20
"""Seconds."""

VALUES = {"pk": "1", "slug": "team-0", "row": "0"}
"""For the parameters of an address; one with another parameter is left out."""

MORE = (
    "/?wall=1", "/?sort=latency&group=engine", "/?q=gpu-1", "/endpoints/1/?range=24h", "/endpoints/1/?range=90d",
    "/guide/side-by-side/", "/guide/criteria/", "/advisor/result/?goal=runtime&callers=me",
)  # fmt: skip
"""Beside the addresses of config.urls."""

OBSERVE = """window.paint = {largest: 0, shift: 0};
function observe(type, note) {
    new PerformanceObserver(list => list.getEntries().forEach(note)).observe({type: type, buffered: true});
}
observe("largest-contentful-paint", each => { paint.largest = each.startTime; });
observe("layout-shift", each => { paint.shift += each.hadRecentInput ? 0 : each.value; });"""

FIGURES = """() => { const page = performance.getEntriesByType("navigation")[0];
    return [page.responseStart - page.requestStart, paint.largest, paint.shift, page.transferSize / 1000]; }"""

FILES = """performance.getEntriesByType("resource")
    .reduce((sum, each) => [sum[0] + 1, sum[1] + each.transferSize / 1000], [0, 0])"""


def main(count: int) -> None:
    """Measures all of it and prints it."""
    print(header() + "\n")
    with sync_playwright() as playwright:
        binary = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        for part in (every_page, live, discovery):
            for line in part(browser, count):
                print(line, flush=True)
        browser.close()


def every_page(browser: Browser, count: int) -> Iterator[str]:
    """A line for the first page of all, then one for each page."""
    with web(count) as (product, pid), visitor(browser, product) as page:
        first, largest, _, _ = load(page, product, "/")
        files, size = page.evaluate(FILES)
        yield f"First page of a new web process in a new browser: first byte {first:.0f} ms, paint {largest:.0f} ms;"
        yield f"the browser keeps {files} files of it, {size:.0f} kB.\n"
        yield f"| page, {count} endpoints | first byte, ms | largest paint, ms | layout shift | kB | CPU, ms |"
        yield "|---|---|---|---|---|---|"
        found = []
        for path in addresses(product):
            progress(path)
            load(page, product, path)
            before = cpu(pid)
            loads = [load(page, product, path) for _ in range(LOADS)]
            taken = (cpu(pid) - before) / LOADS * 1000
            found.append([*(median(values) for values in zip(*loads, strict=True)), taken])
            yield f"| `{path}` | {_line(found[-1])} |"
        yield f"| median of {len(found)} pages | {_line([median(values) for values in zip(*found, strict=True)])} |"
        yield f"| worst of each | {_line([max(values) for values in zip(*found, strict=True)])} |"


def live(browser: Browser, count: int) -> Iterator[str]:
    """What shifts while endpoints are probed every 15 s: on the board, on one endpoint's page, and in trouble."""
    yield f"\n| layout shift in {LIVE} s, {count} endpoints | sum |\n|---|---|"
    with living(count, FULL) as fleet, visitor(browser, fleet.product) as page:
        for name, path, order in (
            ("board, all well", "/", {}),
            ("endpoint, well", "/endpoints/1/", {}),
            ("board, the last three fail", "/", {"fail": [count - 1, count - 2, count - 3]}),
            ("board, they come back", "/", {"heal": True}),
        ):
            progress(name)
            load(page, fleet.product, path)
            before = page.evaluate("paint.shift")
            fleet.engines.order(**order)
            page.wait_for_timeout(LIVE * 1000)
            name += f" (“{page.locator('h1').inner_text()}”)"
            yield f"| {name} | {page.evaluate('paint.shift') - before:.4f} |"


def discovery(browser: Browser, _: int) -> Iterator[str]:
    """What shifts when an empty board hears of the servers on this machine, of which some are ours."""
    with web(0) as (product, _), visitor(browser, product) as page:
        _script(product, "from bench import first_paint; first_paint.own_all()")
        with ExitStack() as servers:
            for port in (None, 11434, 8000):
                if port:
                    servers.callback(Server({"": Play("ollama" if port == 11434 else "vllm")}, port).close)
                page.goto(f"http://localhost:{product.port}/")
                page.wait_for_selector("#discovered")
                page.wait_for_timeout(SETTLES)
                found = page.locator("#discovered .found").count()
                yield f"| empty board, {found} found on this machine | {page.evaluate('paint.shift'):.4f} |"


@contextmanager
def visitor(browser: Browser, product: Product) -> Iterator[Page]:
    """A page of a new browser that is signed in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(OBSERVE)
    where = f"http://localhost:{product.port}"
    context.add_cookies([{"name": "plimsoll_session", "value": product.session, "url": where}])
    yield context.new_page()
    context.close()


def load(page: Page, product: Product, path: str) -> list[float]:
    """ms until the first byte, ms until the largest paint, layout shift, and kB on the wire of the page itself."""
    page.goto(f"http://localhost:{product.port}{path}", wait_until="load")
    page.wait_for_timeout(SETTLES)
    return page.evaluate(FIGURES)


def addresses(product: Product) -> list[str]:
    """Of the pages that can be opened in this installation, which gets an incident, a decision and so on for that."""
    known = _script(product, "from bench import first_paint; first_paint.prepare()")
    return [*filter(lambda path: _is_page(product, path), known.splitlines()), *MORE]


def prepare() -> None:
    """Run with the product's settings: adds what pages are about and prints the addresses that config.urls knows."""
    from django.urls import URLResolver, get_resolver

    from advisor.models import Decision, Requirement
    from fleet.history.rollups import roll_up
    from fleet.models import Endpoint, Incident, Observation, SavedView
    from teams.models import Team

    now = datetime.now(UTC)
    user, team, endpoint = own_all(), Team.objects.get(slug="team-0"), Endpoint.objects.earliest("pk")
    for each in Endpoint.objects.filter(state__status="down"):
        Incident.objects.create(endpoint=each, status="down", cause="timed_out", began_at=now, opened_at=now)
    moments = (now - timedelta(seconds=30 * n) for n in range(2000))
    Observation.objects.bulk_create(Observation(endpoint=endpoint, at=at, status="up", latency_ms=9) for at in moments)
    roll_up(now, 60)
    Requirement.objects.create(team=team, name="Chat", answers={"goal": "runtime"}, catalogue_version="1")
    Decision.objects.create(team=team, title="Chat", decided_on=now.date())
    SavedView.objects.create(owner=user, name="Slow", query="sort=latency")

    def walk(patterns: list, before: str) -> Iterator[str]:
        for each in patterns:
            route = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, route)
            else:
                yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda name: VALUES.get(name[1], name[0]), route)

    print(*(path for path in walk(get_resolver().url_patterns, "") if not re.search(r"[<^]", path)), sep="\n")


def own_all():
    """As `prepare`: makes the one person an administrator and an owner of the first team, and returns them."""
    from django.contrib.auth import get_user_model

    from teams.models import Membership, Role, Team

    user = get_user_model().objects.get()
    user.is_superuser = True
    user.save()
    Membership.objects.create(user=user, team=Team.objects.get(slug="team-0"), role=Role.OWNER)
    return user


def _script(product: Product, script: str) -> str:
    command = [sys.executable, "-c", f"import django; django.setup(); {script}"]
    return subprocess.check_output(command, cwd=ROOT, env=product.environment, text=True)


def _is_page(product: Product, path: str) -> bool:
    headers = {"Cookie": f"plimsoll_session={product.session}", "Accept": "text/html"}
    request = urllib.request.Request(f"http://localhost:{product.port}{path}", headers=headers)
    if path.rpartition("/")[2] == "live":
        return False  # an event stream, or a sign of life
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            whole = answer.url == request.full_url and answer.headers.get_content_type() == "text/html"
            return whole and answer.read(15).lower().startswith(b"<!doctype html")
    except urllib.error.HTTPError:
        return False


def _line(figures: list[float]) -> str:
    first, largest, shift, size, taken = figures
    return f"{first:.0f} | {largest:.0f} | {shift:.4f} | {size:.1f} | {taken:.0f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 44)
