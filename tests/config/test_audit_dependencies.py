"""The check of the pins for known vulnerabilities: what it finds fails, what could not be checked is reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "audit_dependencies.py"
KNOWN = {"id": "PYSEC-2026-1", "fix_versions": ["9.9"], "aliases": []}


@pytest.fixture
def audited(tmp_path):
    """Runs the check with a pip_audit that finds `known` (name -> vulnerabilities); of other names it knows nothing."""

    def run(code: str = "", **known):
        body = f"""
import json, sys
{code}
pins = open(sys.argv[sys.argv.index("--requirement") + 1]).read().split()
known = json.loads({json.dumps(json.dumps(known))})
found = [dict(zip(("name", "version"), pin.split("=="))) for pin in pins]
for each in found:
    each |= {{"vulns": known[each["name"]]}} if each["name"] in known else {{"skip_reason": "not found"}}
print(json.dumps({{"dependencies": found, "fixes": []}}))
"""
        (tmp_path / "pip_audit.py").write_text(body)
        env = {"PYTHONPATH": str(tmp_path)}
        return subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, env=env, timeout=60)

    return run


def test_a_known_vulnerability_is_reported_with_its_mended_version_and_fails(audited):
    done = audited(django=[], requests=[KNOWN])
    assert done.returncode == 1
    assert "requests 2." in done.stdout and "PYSEC-2026-1, mended in 9.9" in done.stdout
    assert "2 checked, 1 with known vulnerabilities" in done.stdout
    assert "not checked, as the index does not know them: " in done.stdout and "celery" in done.stdout


def test_nothing_known_is_no_failure(audited):
    done = audited(django=[])
    assert (done.returncode, "1 checked, 0 with" in done.stdout) == (0, True)


def test_an_index_without_data_is_reported_and_not_taken_for_a_clean_bill(audited):
    done = audited()
    assert (done.returncode, done.stdout) == (
        0,
        "dependencies: not checked: the package index has no vulnerability data.\n",
    )


def test_a_tool_that_breaks_is_reported_without_addresses(audited):
    done = audited("raise SystemExit('no way to https://index.example.org/simple')")
    assert done.returncode == 0
    assert "not checked: pip-audit failed: no way to …" in done.stdout and "index.example" not in done.stdout
