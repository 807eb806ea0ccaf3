"""What is written for containers and systemd agrees with the code: parts, settings, folders. Neither runs here."""

import re
from pathlib import Path

import pytest
import yaml

from config.variables import TABLE
from ops.one_part import PARTS
from tests.test_house import FOLDERS

ROOT = Path(__file__).resolve().parent.parent
UNITS = sorted((ROOT / "deploy").glob("plimsoll-*.service"))
SECRET = {"SECRET_KEY", "FIELD_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_compose_runs_each_part_by_a_command_that_exists(services):
    ours = {name: service["command"] for name, service in services.items() if "build" in service}
    assert ours == {part: ["python", "manage.py", "run", part] for part in PARTS}


def test_every_part_in_a_container_has_the_same_known_settings_and_few_rights(services):
    known = {variable.name for variable in TABLE}
    first = services["web"]
    for part in PARTS:
        assert set(services[part]["environment"]) <= known
        for name in ("environment", "volumes", "read_only", "cap_drop", "security_opt"):
            assert services[part][name] == first[name]
    assert first["read_only"] and first["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in first["ports"])


def test_no_secret_has_a_value_in_a_file():
    compose = (ROOT / "compose.yaml").read_text()
    for name in SECRET:
        assert re.search(rf"\${{{name}:\?", compose), "refused when it is not set"
    example = (ROOT / "deploy/compose.env.example").read_text()
    assert {line.strip("=") for line in example.splitlines() if not line.startswith("#")} == SECRET
    assert not re.search(r"(ARG|ENV).*(KEY|PASSWORD|TOKEN|SECRET)", (ROOT / "deploy/Dockerfile").read_text())


def test_the_image_has_all_of_the_code_and_its_user_is_not_root():
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    needed = {*FOLDERS, "templates", "static"}
    assert set(re.findall(r"^COPY (\w+) \w+$", dockerfile, re.M)) == needed
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept == needed | {"requirements.txt", "manage.py", "pyproject.toml"}
    last = dockerfile.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 1\d+:1\d+$", last, re.M) and "HEALTHCHECK" in last
    assert "--require-hashes" in dockerfile


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_unit_runs_a_part_and_is_hardened_as_the_others(unit):
    text = unit.read_text()
    part = re.search(r"^ExecStart=\S+/python manage.py run (\w+)$", text, re.M)
    assert part and part[1] in PARTS and part[1] in unit.name
    hardening = text.partition("WorkingDirectory=")[2].partition("\n[Install]")[0]
    assert hardening == UNITS[0].read_text().partition("WorkingDirectory=")[2].partition("\n[Install]")[0]
    assert "NoNewPrivileges=yes" in hardening and "User=plimsoll" in hardening


def test_there_is_a_unit_for_each_part():
    assert len(UNITS) == len(PARTS)
