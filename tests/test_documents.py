"""What the documents promise to hold: every engine is in the README's table."""

from pathlib import Path

from fleet.engines.products import SIGNS
from fleet.engines.registry import ENGINES

ROOT = Path(__file__).resolve().parent.parent


def test_the_readme_lists_every_engine_and_product():
    table = (ROOT / "README.md").read_text().partition("| engine |")[2].partition("\n\n")[0]
    names = {module.LABEL for module in ENGINES.values()} | {sign.name for sign in SIGNS}
    names = names - {"OpenAI-compatible", "llama.cpp"}  # the row "anything else", and "llama.cpp server"
    assert {name for name in names if name not in table} == set()
