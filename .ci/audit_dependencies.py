"""Asks for known vulnerabilities of what is pinned, by pip-audit. Exit code 1 when there are any.

pip-audit counts what it could not look up as free of them. Here that is reported as "not checked", with the reason, and
is no failure: not every package index has the data.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "requirements-dev.txt"  # which has all of requirements.txt as well
SECONDS = 300


class NotChecked(Exception):
    """Nothing could be learned; the text says why."""


def main() -> int:
    """Prints what is known about the pins; returns the exit code."""
    pins = pins_of(PINNED.read_text())
    try:
        # An index that knows nothing of Django has no such data, and need not be asked about the others.
        audit([pin for pin in pins if pin.startswith("django==")])
        found = audit(pins)
    except NotChecked as error:
        print(f"dependencies: not checked: {error}")
        return 0
    lines = list(report(found))
    print(*lines, sep="\n")
    return int(any(each.get("vulns") for each in found))


def pins_of(text: str) -> list[str]:
    """The lines "name==version" of a requirements file, without extras, markers, hashes and comments."""
    return [f"{name}=={version}" for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s#;]+)", text, re.M)]


def audit(pins: list[str]) -> list[dict]:
    """What pip-audit says of each pin: "name", "version", and "vulns" or "skip_reason". Raises NotChecked."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--desc", "off"]
        command = [sys.executable, "-m", "pip_audit", "--requirement", file.name, *options]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise NotChecked(f"pip-audit had not finished after {SECONDS} s.") from None
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise NotChecked(f"pip-audit failed: {_last_line(done.stderr)}") from None
    if all("skip_reason" in each for each in found):
        raise NotChecked("the package index has no vulnerability data.")
    return found


def _last_line(text: str) -> str:
    """Without addresses: this may be printed in public."""
    lines = text.strip().splitlines() or ["no output"]
    return re.sub(r"(\w+://|host=)\S+", "…", lines[-1])[:300]


def report(found: list[dict]) -> Iterator[str]:
    """The lines to print."""
    skipped = [each for each in found if "skip_reason" in each]
    for each in found:
        for known in each.get("vulns", ()):
            fixed = ", ".join(known["fix_versions"]) or "no version yet"
            yield f"{each['name']} {each['version']}: {known['id']}, mended in {fixed}"
    affected = sum(bool(each.get("vulns")) for each in found)
    yield f"dependencies: {len(found) - len(skipped)} checked, {affected} with known vulnerabilities"
    if skipped:
        yield f"not checked, as the index does not know them: {', '.join(each['name'] for each in skipped)}"


if __name__ == "__main__":
    raise SystemExit(main())
