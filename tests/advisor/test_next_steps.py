"""The commands of the next steps: each has its source, and none opens a server by accident, in whatever shell."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from advisor.catalogue import load
from advisor.guide.fill import fill
from advisor.guide.pages import PAGES, markdown
from advisor.next_steps import command, plans
from advisor.next_steps.vllm import VERSION
from fleet.verdict.causes import WORDS, Cause

from .command_sources import SOURCES
from .commands import every_command


def blocks_of_the_guide() -> set[str]:
    """What the guide shows to copy: it is held to the same rules."""
    pages_text = "\n".join(markdown(page) for page in PAGES)
    return set(re.findall(r"^```\w*\n(.*?)\n```$", pages_text, re.MULTILINE | re.DOTALL))


@cache  # not at import: each process of a run imports this file, and one of them tests it
def texts() -> list[str]:
    """All that can be copied."""
    shown = {each.text for commands in every_command().values() for each in commands}
    return sorted(shown | blocks_of_the_guide())


def starting() -> list[str]:
    return [text for text in texts() if "vllm serve" in text or "docker run" in text]


def proxies() -> list[str]:
    return [text for text in texts() if "/etc/nginx" in text]


SHELLS = ("bash", "dash", "zsh", "fish", "tcsh", "pwsh")


def test_each_command_has_its_source_and_each_source_its_command():
    assert set(every_command()) == set(SOURCES)


def test_no_command_listens_on_other_than_loopback():
    for text in texts():
        assert not re.search(r"0\.0\.0\.0|OLLAMA_HOST|--network|\[::\]|--host (?!127\.0\.0\.1( |$))", text), text
        for line in text.splitlines():
            assert "vllm serve" not in line or "--host 127.0.0.1" in line, line
            assert "docker run" not in line or re.findall(r"-p (\S+)", line) == ["127.0.0.1:8000:8000"], line


def test_no_key_stands_on_a_command_line_and_no_image_floats():
    for text in texts():
        assert "--api-key" not in text and ":latest" not in text
        assert not re.search(r"-e VLLM_API_KEY=", text)
        assert set(re.findall(r"vllm/vllm-openai\S*:v([\d.]+)", text)) <= {VERSION}
        assert set(re.findall(r"vllm==([\d.]+)", text)) <= {VERSION}


def test_no_text_to_copy_holds_a_key_that_everybody_knows():
    for text in texts():
        for key in re.findall(r"Bearer ([^\s\"']+)", text):
            assert key.startswith("${"), text


def test_the_guide_shows_the_commands_of_the_next_steps():
    shown = fill("{{command vllm Linux with nginx}}", load())
    assert shown == f"```bash\n{command('vllm', 'Linux with nginx').text}\n```"
    with pytest.raises(KeyError):
        fill("{{command vllm Linux with Apache}}", load())
    assert command("vllm", "Linux with Docker, NVIDIA GPUs").text in blocks_of_the_guide()


def test_models_are_positional_and_containers_keep_what_they_download():
    for text in starting():
        assert "--model " not in text and re.search(r"(vllm serve|:v[\d.]+(-x86_64)?) \S+/\S+", text)
        assert "docker run" not in text or ":/root/.cache/huggingface" in text


@pytest.mark.parametrize("callers", ["me", "small_local"])
@pytest.mark.parametrize("outcome", ["ollama", "start_with_ollama", "lm_studio_first", "vllm"])
def test_a_team_that_works_locally_gets_no_proxy(outcome, callers):
    titles = [step.title for plan in plans(outcome, {"callers": callers}) for step in plan.steps]
    assert not [title for title in titles if title.startswith("Open it")]


def test_in_a_split_the_laptops_stay_local_and_the_shared_part_is_behind_a_proxy():
    for callers in ("small_local", "both", "many"):
        laptops, shared = plans("split", {"callers": callers})
        assert "Keep it local" in [step.title for step in laptops.steps]
        assert "Open it to your clients" in [step.title for step in shared.steps]


@pytest.mark.parametrize(
    ("accelerator", "labels"),
    [
        ("cpu", {"CPU only"}),
        ("tpu", {"Google TPU"}),
        ("apple", {"Apple silicon"}),
        ("one_gpu", {"NVIDIA GPUs", "AMD GPUs", "Intel GPUs"}),
        (("apple", "cpu"), {"Apple silicon", "CPU only"}),
        ((), {"NVIDIA GPUs", "AMD GPUs", "Intel GPUs"}),
    ],
)
def test_each_accelerator_gets_its_own_commands_and_no_others(accelerator, labels):
    [plan] = plans("vllm", {"accelerator": accelerator})
    where = " ".join(command.where for step in plan.steps for command in step.commands)
    kinds = {"CPU only", "Google TPU", "Apple silicon", "NVIDIA GPUs", "AMD GPUs", "Intel GPUs"}
    assert {kind for kind in kinds if kind in where} == labels
    text = "\n".join(command.text for step in plan.steps for command in step.commands)
    assert ("--gpus all" in text) == ("NVIDIA GPUs" in labels)


def test_each_system_gets_its_own_commands_and_no_others():
    for machine, other in (("windows", ("sudo", "curl", "launchctl")), ("mac", ("systemctl", "setx", "irm"))):
        for callers in ("me", "many"):
            [plan] = plans("ollama", {"machines": (machine,), "callers": callers})
            steps = [step for step in plan.steps if not step.title.startswith("Open it")]
            text = "\n".join(command.text for step in steps for command in step.commands)
            assert not [word for word in other if word in text]


def test_what_is_said_beside_the_commands():
    [plan] = plans("vllm", {"machines": ("windows",), "callers": "many"})
    found = " ".join(step.text for step in plan.steps)
    for words in ("all interfaces", "/invocations", "networkingMode=mirrored", "NAT", "empty key", "docs.astral.sh/uv"):
        assert words in found
    [plan] = plans("ollama", {"callers": "many"})
    assert "Do not set OLLAMA_HOST against that 403" in " ".join(step.text for step in plan.steps)


def test_the_advice_against_a_rejected_host_name_opens_no_server():
    advice = " ".join(WORDS[Cause.HOST_REJECTED])
    assert "Host: localhost:11434" in advice and "OLLAMA_HOST" not in advice and "0.0.0.0" not in advice


@pytest.fixture
def machine(tmp_path):
    """A folder with stand-ins for all that a command could start; each notes its name and the key that it was given."""
    note = f'#!/bin/sh\necho "${{0##*/}} [$VLLM_API_KEY]" >> {tmp_path}/started\n'
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("vllm", "docker", "nginx", "systemctl"):
        (programs / name).write_text(note)
    (programs / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    for name in ("tee", "chmod"):
        (programs / name).symlink_to(shutil.which(name) or name)
    for program in programs.iterdir():
        program.chmod(0o755)
    return tmp_path


def paste(shell: str, folder: Path, text: str, key: str | None) -> list[str]:
    """What a shell starts when a text is pasted into it, and when it is run as a script."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    quiet = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"]}.get(shell, [])
    environment = {"PATH": str(folder / "bin"), "HOME": str(folder), "TERM": "dumb"}
    environment |= {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    environment |= {} if key is None else {"VLLM_API_KEY": key, "LLM_KEY": key}
    started = folder / "started"
    started.unlink(missing_ok=True)
    script = folder / "script"
    script.write_text(text + "\n")
    for arguments, pasted in ((["-i"], text + "\n"), ([str(script)], "")):
        command = [path, *quiet, *arguments]
        subprocess.run(command, input=pasted, env=environment, capture_output=True, text=True, timeout=60)
    return started.read_text().splitlines() if started.exists() else []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_here_start_what_they_are_given(machine, shell):
    assert paste(shell, machine, "docker run x", None) == ["docker []"] * 2


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_key_nothing_starts_in_any_shell(machine, shell):
    for text in starting():
        for key in (None, ""):
            assert paste(shell, machine, text, key) == [], text


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
def test_with_a_key_it_starts_with_that_key(machine, shell):
    for text in starting():
        program = "docker" if "docker run" in text else "vllm"
        expected = [] if "$env:" in text else [f"{program} [k3y]"] * 2
        assert paste(shell, machine, text, "k3y") == expected, text


@pytest.mark.parametrize("shell", SHELLS)
def test_no_line_of_a_command_starts_a_server_without_a_key_by_itself(machine, shell):
    for line in {line for text in starting() for line in text.splitlines()}:
        assert paste(shell, machine, line, None) == [], line


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_key_no_proxy_is_written_in_any_shell(machine, shell):
    for text in proxies():
        for key in (None, ""):
            written = machine / "llm.conf"
            paste(shell, machine, text.replace("/etc/nginx/conf.d", str(machine)), key)
            assert not written.exists() or not written.read_text(), text


def test_with_a_key_the_proxy_asks_for_it(machine):
    for text in proxies():
        started = paste("bash", machine, text.replace("/etc/nginx/conf.d", str(machine)), "k3y")
        assert 'if ($http_authorization != "Bearer k3y") { return 401; }' in (machine / "llm.conf").read_text()
        assert (machine / "llm.conf").stat().st_mode & 0o777 == 0o600
        assert [line.split()[0] for line in started] == ["nginx", "systemctl"] * 2
