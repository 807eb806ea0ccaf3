"""Record what a running server answers, as sample files.

    python -m tests.samples.record http://127.0.0.1:11434 tests/samples/ollama
    python -m tests.samples.record http://127.0.0.1:8000 tests/samples/vllm/busy /metrics
    API_KEY=... python -m tests.samples.record http://127.0.0.1:4000 tests/samples/litellm

With paths, only these are asked. What is left out or replaced, to keep samples small and free of local paths: most
headers; all of a web page but its beginning; histogram buckets, `_created` lines, comments and Python's own metrics;
all of openapi.json but `info` and the names of the paths; the tensors of /api/show; folders of home directories and
of /tmp.
"""

import http.client
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

PATHS = (
    "/",
    "/health",
    "/version",
    "/metrics",
    "/v1/models",
    "/openapi.json",
    "/api/version",
    "/api/tags",
    "/api/ps",
    "/props",
    "/slots",
    "/server_info",
    "/info",
    "/lmstudio-greeting",
    "/models",
    "/v1/health",
    "/health/liveliness",
    "/health/readiness",
    "/readiness",
    "/workers",
    "/list_workers",
    "/engines",
    "/fleet/status",
    "/api/config",
    "/api/models",
)
NOWHERE = "/no-such-path"
KEPT_HEADERS = ("Content-Type", "Server", "Location", "WWW-Authenticate", "x-smg-error-code")
PAGE_LENGTH = 300
_HOME_FOLDER = re.compile(r"/(?:root|tmp|home/[^/\"\s]+|Users/[^/\"\s]+)/(?:[^/\"\s\\]+/)*")
_LEFT_OUT_METRICS = re.compile(r"^(?:#.*|python_.*|\S*_bucket.*|\S*_created\b.*)\n", re.MULTILINE)


def record(url: str, folder: Path, paths: list[str]) -> None:
    """Writes one file per path that answers differently from a path that does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    nowhere = _ask(url, "GET", NOWHERE)
    if not paths:
        (folder / "other.http").write_text(_sample("*", *nowhere))
    for path in paths or PATHS:
        answer = _ask(url, "GET", path)
        if paths or (answer[0], answer[2].replace(path, NOWHERE)) != (nowhere[0], nowhere[2]):
            _write(folder, f"GET {path}", answer)
        if path == "/api/tags" and answer[0] == 200 and (models := json.loads(answer[2])["models"]):
            name = models[0]["name"]
            _write(folder, "POST /api/show", _ask(url, "POST", "/api/show", {"model": name}))


def _ask(url: str, method: str, path: str, payload: dict | None = None) -> tuple[int, dict[str, str], str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    key = {"Authorization": f"Bearer {os.environ['API_KEY']}"} if "API_KEY" in os.environ else {}
    connection.request(method, parts.path.rstrip("/") + path, json.dumps(payload) if payload else None, key)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    return answer.status, headers, _trim(path, _HOME_FOLDER.sub("/models/", body))


def _trim(path: str, body: str) -> str:
    if path == "/metrics":
        return _LEFT_OUT_METRICS.sub("", body)
    if path == "/openapi.json" and '"paths"' in body:
        whole = json.loads(body)
        return json.dumps({"info": whole.get("info"), "paths": {name: {} for name in whole["paths"]}}, indent=1)
    if path == "/api/show":
        return json.dumps({key: value for key, value in json.loads(body).items() if key != "tensors"}, indent=1)
    if body.lstrip().lower().startswith(("<!doctype", "<html")):
        return body.lstrip()[:PAGE_LENGTH]
    return body


def _write(folder: Path, request: str, answer: tuple[int, dict[str, str], str]) -> None:
    name = re.sub(r"\W+", "_", request).strip("_").lower()
    (folder / f"{name}.http").write_text(_sample(request, *answer))


def _sample(request: str, status: int, headers: dict[str, str], body: str) -> str:
    lines = [request, str(status), *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join(lines) + "\n\n" + body


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
