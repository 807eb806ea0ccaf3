"""Rules of the house that the import contracts in pyproject.toml can't hold."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("core", "teams", "fleet", "advisor", "ops", "config")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)
LATE = {
    "advisor/apps.py": "Django's models can't be imported before the apps are ready",
    "fleet/apps.py": "the same",
    "teams/apps.py": "the same",
    "config/celery.py": "config/__init__.py imports it, before there are settings",
}
"""The modules with a function that imports modules of ours, and why nothing else will do."""


def imports_ours(node: ast.AST) -> bool:
    """Whether it imports something of our folders, relative imports included."""
    if isinstance(node, ast.Import):
        names = [each.name for each in node.names]
    else:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return getattr(node, "level", 0) > 0 or any(name.split(".")[0] in FOLDERS for name in names)


def late_imports(path: Path) -> list[str]:
    """What functions of this module import of ours."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [ast.unparse(node) for function in functions for node in ast.walk(function) if imports_ours(node)]


def test_no_function_imports_our_own_modules_to_hide_a_circle():
    found = {path.relative_to(ROOT).as_posix(): late for path in MODULES if (late := late_imports(path))}
    assert {name: late for name, late in found.items() if name not in LATE} == {}
    assert set(found) == set(LATE), "what imports nothing late any more is taken off the list"


def test_eight_modules_at_most_lie_loose_in_the_fleet():
    loose = {path.stem for path in (ROOT / "fleet").glob("*.py")} - {"__init__"}
    assert loose == {"access", "apps", "live", "metrics", "personal_data", "tasks", "urls", "viewers"}


def test_every_folder_is_a_package():
    lost = {path.parent for path in MODULES if not (path.parent / "__init__.py").is_file()}
    assert lost == set(), "import-linter and mypy do not see what is in them"
