"""The commands of the next steps with the real programs.

PLIMSOLL_VLLM names a real vllm program and PLIMSOLL_VLLM_MODEL a small model in a folder; PLIMSOLL_OLLAMA_URL names a
running Ollama. The proxy needs nginx and openssl on the path.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from advisor.next_steps.ollama import plan as ollama_plan
from advisor.next_steps.vllm import plan as vllm_plan

pytestmark = pytest.mark.engines
QUESTION = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}


def command(plan, where: str) -> str:
    return next(each.text for step in plan.steps for each in step.commands if each.where == where)


def set_or_skip(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set")
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float, session: requests.Session) -> None:
    """Until the URL answers at all. A process that ends before, or takes too long, fails the test."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            session.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"{url} does not answer; the process is {process.poll()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def copied(key: str, port: int) -> tuple[str, dict[str, str]]:
    """The command that starts vLLM as it is copied, with a small model, and its environment."""
    vllm, model = Path(set_or_skip("PLIMSOLL_VLLM")), set_or_skip("PLIMSOLL_VLLM_MODEL")
    text = command(vllm_plan("vllm", {}), "Linux: start it").replace("Qwen/Qwen3-8B", model)
    text += f" --port {port} --served-model-name tiny --max-model-len 1024 --enforce-eager"
    path = f"{vllm.parent}:{os.environ['PATH']}"
    return text, {**os.environ, "PATH": path, "VLLM_API_KEY": key, "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def vllm() -> Iterator[tuple[str, str]]:
    """(base URL, key) of a vLLM that the copied command started."""
    port, key = free_port(), "k3y" * 8
    text, environment = copied(key, port)
    process = subprocess.Popen(["bash", "-c", text], env=environment, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, seconds=300, session=requests.Session())
        yield f"http://127.0.0.1:{port}", key
    finally:
        stop(process)


def test_an_empty_key_is_refused_before_vllm_starts() -> None:
    port = free_port()
    text, environment = copied("", port)
    done = subprocess.run(["bash", "-c", text], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "set a key first" in done.stderr and not done.stdout


def test_the_key_guards_v1_and_not_invocations(vllm) -> None:
    url, key = vllm
    assert requests.get(f"{url}/v1/models", timeout=20).status_code == 401
    assert requests.post(f"{url}/v1/chat/completions", json=QUESTION, timeout=60).status_code == 401
    asked = requests.post(
        f"{url}/v1/chat/completions", json=QUESTION, headers={"Authorization": f"Bearer {key}"}, timeout=60
    )
    assert asked.status_code == 200
    assert requests.post(f"{url}/invocations", json=QUESTION, timeout=60).json()["choices"]
    assert requests.post(f"{url}/tokenize", json={"model": "tiny", "prompt": "Hello"}, timeout=20).status_code == 200


def test_it_listens_on_loopback_alone(vllm) -> None:
    port = vllm[0].rpartition(":")[2]
    listening = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[3] for line in listening.splitlines()] == [f"127.0.0.1:{port}"]


def test_the_check_of_the_next_steps_prints_401(vllm) -> None:
    text = command(vllm_plan("vllm", {}), "Linux or macOS: does it work?").replace("http://127.0.0.1:8000", vllm[0])
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "401")


@contextmanager
def nginx(folder: Path, text: str, upstream: str, key: str) -> Iterator[tuple[str, requests.Session]]:
    """(base URL, client) of an nginx with the lines that the copied command writes; ports and folders differ."""
    if not shutil.which("nginx") or not shutil.which("openssl"):
        pytest.skip("nginx or openssl is not installed")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=llm -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*make.split(), "-keyout", "llm.key", "-out", "llm.pem"], cwd=folder, check=True, capture_output=True
    )
    written = text.partition("<<EOF\n")[2].partition("EOF\n")[0]
    environment = {**os.environ, "LLM_KEY": key, "VLLM_API_KEY": key}
    lines = subprocess.check_output(["bash", "-c", f"cat <<EOF\n{written}EOF"], env=environment, text=True)
    port = free_port()
    lines = re.sub(r"proxy_pass \S+;", f"proxy_pass {upstream};", lines).replace("listen 443", f"listen {port}")
    lines = re.sub(r"/etc/ssl/(certs|private)", str(folder), lines)
    parts = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{part}_temp_path {folder}/{part};\n" for part in parts)
    main = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{main}http {{\naccess_log off;\n{places}{lines}}}\n")
    process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"], start_new_session=True)
    url = f"https://127.0.0.1:{port}"
    try:
        with requests.Session() as session:
            session.trust_env = False  # a bundle named in the environment would go before the certificate
            session.verify = str(folder / "llm.pem")
            wait_for(f"{url}/", process, seconds=20, session=session)
            yield url, session
    finally:
        stop(process)


def test_behind_the_proxy_vllm_needs_its_key_and_answers_under_v1_alone(vllm, tmp_path) -> None:
    upstream, key = vllm
    text = command(vllm_plan("vllm", {}), "Linux with nginx")
    with nginx(tmp_path, text, upstream, key) as (url, session):
        right = {"Authorization": f"Bearer {key}"}
        assert session.get(f"{url}/v1/models", timeout=20).status_code == 401
        assert session.get(f"{url}/v1/models", headers=right, timeout=20).status_code == 200
        for wrong in ("Bearer", "Bearer ", f"Bearer {key}x", key, f"bearer {key}"):
            refused = session.get(f"{url}/v1/models", headers={"Authorization": wrong.strip()}, timeout=20)
            assert refused.status_code == 401
        for path in ("/invocations", "/v1/../invocations", "/v1/%2e%2e/invocations", "//invocations", "/metrics"):
            prepared = session.prepare_request(requests.Request("POST", f"{url}/", json=QUESTION, headers=right))
            prepared.url = f"{url}{path}"  # as it stands: requests would resolve the dots
            assert session.send(prepared, timeout=60, verify=session.verify).status_code == 404, path


def test_behind_the_proxy_ollama_needs_a_key_and_no_host_name_is_rejected(tmp_path) -> None:
    upstream, key = set_or_skip("PLIMSOLL_OLLAMA_URL").rstrip("/"), "k3y" * 8
    assert requests.get(f"{upstream}/api/tags", headers={"Host": "llm.example.org"}, timeout=20).status_code == 403
    text = command(ollama_plan("ollama", {"callers": "many"}), "Linux with nginx")
    with nginx(tmp_path, text, upstream, key) as (url, session):
        session.headers["Host"] = "llm.example.org"
        assert session.get(f"{url}/v1/models", timeout=20).status_code == 401
        right = {"Authorization": f"Bearer {key}"}
        assert session.get(f"{url}/v1/models", headers=right, timeout=20).status_code == 200
        assert session.delete(f"{url}/api/delete", headers=right, timeout=20).status_code == 404


def test_nginx_refuses_the_lines_as_they_stand_with_no_key_in_them(tmp_path) -> None:
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    text = command(ollama_plan("ollama", {"callers": "many"}), "Linux with nginx")
    lines = text.partition("<<EOF\n")[2].partition("EOF\n")[0].replace("\\$", "$")
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{lines}}}\n")
    done = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and "LLM_KEY" in done.stderr


def test_a_local_ollama_is_seen_to_listen_on_loopback() -> None:
    port = set_or_skip("PLIMSOLL_OLLAMA_URL").rstrip("/").rpartition(":")[2]
    text = command(ollama_plan("ollama", {"callers": "me"}), "Linux").replace("11434", port)
    printed = subprocess.check_output(["bash", "-c", text], text=True)
    assert f"127.0.0.1:{port}" in printed and "0.0.0.0:" not in printed.replace("0.0.0.0:*", "")
