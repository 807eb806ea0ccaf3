"""The documents hold together: links and names of code lead somewhere, the README is short and names every engine."""

import ast
import re
from pathlib import Path

import pytest

from fleet.engines.products import SIGNS
from fleet.engines.registry import ENGINES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def without_code(text: str) -> str:
    """Markdown less its indented blocks, where # begins a comment and no heading."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("    "))


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DOCUMENTS, ids=NAMES)
def test_every_link_leads_to_a_page_and_a_heading_that_exist(page):
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"https?:|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize(
    "page", [page for page in DOCUMENTS if page.name != "CHANGELOG.md"], ids=lambda page: page.name
)
def test_every_file_folder_and_function_that_is_named_exists(page):
    """Named as `fleet/tasks.py`, `fleet/engines/` or `fleet/tasks.py: tick`."""
    lost = []
    folders = "|".join(sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()))
    for path, name in re.findall(rf"`((?:{folders}|docs|templates)/[\w./-]*)(?:: (\w+))?`", page.read_text()):
        file = ROOT / path
        if not file.exists() or (name and name not in defined_in(file)):
            lost.append(f"{path}: {name}" if name else path)
    assert lost == []


def defined_in(file: Path) -> set[str]:
    """The functions and classes at the top of a module."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, kinds)}


def test_every_page_can_be_reached_from_the_readme():
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            links = re.findall(r"\]\(([^)\s#]+\.md)[)#]", page.read_text())
            waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert set(DOCUMENTS) - seen == set()


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_readme_lists_every_engine_and_product():
    table = (ROOT / "README.md").read_text().partition("| engine |")[2].partition("\n\n")[0]
    names = {module.LABEL for module in ENGINES.values()} | {sign.name for sign in SIGNS}
    names -= {"OpenAI-compatible"}  # the row "anything else"
    assert {name for name in names if name not in table} == set()


def test_the_decisions_are_numbered_without_a_gap_and_listed():
    pages = sorted((ROOT / "docs/decisions").glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = (ROOT / "docs/decisions/README.md").read_text()
    for page in pages:
        title = page.read_text().splitlines()[0].removeprefix("# ")
        assert title == f"{int(page.name[:4])}. {title.partition('. ')[2]}"
        assert f"[{title.partition('. ')[2]}]({page.name})" in listed
