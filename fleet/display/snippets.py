"""Copy-ready ways to connect to an endpoint. Pure text: no I/O, no Django."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ..engines.reading import Model

OPENAI_PATH = {"open_webui": "/api"}
"""Where an engine keeps its OpenAI-compatible routes, if not under /v1."""

NO_KEY = "not-needed"
"""The client insists on some key; engines without one ignore it."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to connect."""

    key: str  # a word for HTML ids
    title: str
    text: str


def snippets(url: str, engine: str, models: Sequence[Model], has_key: bool, username: str = "") -> tuple[Snippet, ...]:
    """curl, the OpenAI Python client and environment variables for a base URL (without /v1).

    With `has_key` the key is read from $API_KEY, and with a `username` (basic auth) the password from $PASSWORD: what
    is stored is never shown.
    """
    base = url + OPENAI_PATH.get(engine, "/v1")
    model = pick_model(models)
    name = model.name if model else "MODEL"
    embeds = bool(model and is_embedder(model))
    return (
        Snippet("curl", "curl", _curl(base, name, embeds, has_key, username)),
        Snippet("python", "OpenAI Python client", _python(base, name, embeds, has_key, username)),
        Snippet("env", "Environment variables", _env(base, name, has_key, username)),
    )


def pick_model(models: Sequence[Model]) -> Model | None:
    """The model to show: one that can chat rather than embed, local rather than remote, loaded rather than not."""
    return min(models, key=lambda m: (is_embedder(m), bool(m.remote_host), not m.loaded), default=None)


def is_embedder(model: Model) -> bool:
    """Whether the model makes embeddings and nothing else, as far as the engine reports."""
    return "embedding" in model.capabilities and "completion" not in model.capabilities


def _curl(base: str, model: str, embeds: bool, has_key: bool, username: str) -> str:
    route = "/embeddings" if embeds else "/chat/completions"
    lines = [f"curl {shlex.quote(base + route)}"]
    if username:
        lines.append(f'  -u {shlex.quote(f"{username}:")}"$PASSWORD"')
    elif has_key:
        lines.append('  -H "Authorization: Bearer $API_KEY"')
    lines.append('  -H "Content-Type: application/json"')
    lines.append(f"  -d {shlex.quote(json.dumps(_body(model, embeds), ensure_ascii=False))}")
    return " \\\n".join(lines)


def _body(model: str, embeds: bool) -> dict[str, object]:
    if embeds:
        return {"model": model, "input": "Hello"}
    return {"model": model, "messages": [{"role": "user", "content": "Hello"}]}


def _python(base: str, model: str, embeds: bool, has_key: bool, username: str) -> str:
    key = 'os.environ["API_KEY"]' if has_key and not username else f'"{NO_KEY}"'
    lines = ["import os", ""] if has_key and not username else []
    if username:
        lines += ["import base64", "import os", "", "from openai import OpenAI", ""]
        lines += [f'login = {_quoted(f"{username}:")} + os.environ["PASSWORD"]']
        lines += ['basic = "Basic " + base64.b64encode(login.encode()).decode()']
        lines += ['headers = {"Authorization": basic}']
        lines += [f"client = OpenAI(base_url={_quoted(base)}, api_key={key}, default_headers=headers)"]
    else:
        lines += ["from openai import OpenAI", "", f"client = OpenAI(base_url={_quoted(base)}, api_key={key})"]
    if embeds:
        lines += [f'answer = client.embeddings.create(model={_quoted(model)}, input="Hello")']
        return "\n".join([*lines, "print(answer.data[0].embedding)"])
    lines += [
        "answer = client.chat.completions.create(",
        f"    model={_quoted(model)},",
        '    messages=[{"role": "user", "content": "Hello"}],',
        ")",
        "print(answer.choices[0].message.content)",
    ]
    return "\n".join(lines)


def _env(base: str, model: str, has_key: bool, username: str) -> str:
    key = '"$API_KEY"' if has_key and not username else NO_KEY
    remark = "# Basic auth has no variable of its own: see curl and Python.\n" if username else ""
    return f"{remark}OPENAI_BASE_URL={shlex.quote(base)}\nOPENAI_API_KEY={key}\nOPENAI_MODEL={shlex.quote(model)}"


def _quoted(text: str) -> str:
    """A Python (and JSON) string literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)
