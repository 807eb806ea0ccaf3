"""Ollama's three descriptions of a model (/api/tags, /api/show, /api/ps) made into one. Pure.

`memory["shown"]` keeps, by digest, what does not change: capabilities and the trained context, which the
running one hides while a model is loaded. {} stands for a model that could not be shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from .lenient import mapping, mappings, text, texts, whole
from .reading import Model

Shown = dict[str, dict[str, Any]]


def offered(tags: dict[str, Any], memory: dict[str, Any]) -> Iterator[Model]:
    """The models of GET /api/tags. Since 0.30 these have what /api/show has, which goes to the memory."""
    entries = [entry for entry in mappings(tags.get("models")) if _name(entry)]
    digests = {digest for entry in entries if (digest := text(entry.get("digest")))}
    shown: Shown = {d: known for d, known in mapping(memory.get("shown")).items() if d in digests}
    memory["shown"] = shown
    for entry in entries:
        digest, details = text(entry.get("digest")), mapping(entry.get("details"))
        if digest and isinstance(entry.get("capabilities"), list):
            shown[digest] = _note(entry["capabilities"], details.get("context_length"))
        yield _model(entry)


def show(answer: dict[str, Any]) -> dict[str, Any]:
    """What is worth remembering of POST /api/show."""
    info = mapping(answer.get("model_info"))
    return _note(answer.get("capabilities"), info.get(f"{info.get('general.architecture')}.context_length"))


def unshown(models: Iterable[Model], shown: Shown) -> list[Model]:
    """The models whose capabilities were never asked for; one for each digest."""
    return list({m.digest: m for m in models if m.digest and m.digest not in shown}.values())


def forget_failures(memory: dict[str, Any]) -> None:
    """Lets the models be asked for again that could not be shown."""
    memory["shown"] = {digest: known for digest, known in mapping(memory.get("shown")).items() if known}


def all_known(running: list[dict[str, Any]], models: tuple[Model, ...]) -> bool:
    """Whether each running model is among the offered ones, with the digest we know."""
    known = {(model.name, model.digest) for model in models}
    return all((_name(entry), text(entry.get("digest"))) in known for entry in running if _name(entry))


def merge(models: tuple[Model, ...], running: list[dict[str, Any]] | None, memory: dict[str, Any]) -> tuple[Model, ...]:
    """The offered models with what was shown of them and what GET /api/ps gives of the loaded ones.

    Without an answer to that (None) the models stay as they were.
    """
    if running is None:
        return models
    shown: Shown = mapping(memory.get("shown"))
    loaded = {name: entry for entry in running if (name := _name(entry))}
    offered_ones = {model.name for model in models}
    missing = [_model(entry) for name, entry in loaded.items() if name not in offered_ones]
    return tuple(_merged(m, mapping(shown.get(m.digest or "")), loaded.get(m.name)) for m in (*models, *missing))


def _merged(model: Model, shown: dict[str, Any], entry: dict[str, Any] | None) -> Model:
    found = entry or {}
    now: dict[str, Any] = {
        "context_length": whole(found.get("context_length")) or shown.get("context_length"),
        "capabilities": tuple(shown.get("capabilities", ())),
        "loaded": None if model.remote_host else entry is not None,
        "size_vram": whole(found.get("size_vram")),
        "size_loaded": whole(found.get("size")),
        "expires_at": text(found.get("expires_at")),
    }
    # Most models are as they were a probe ago, and a copy takes ten times as long as comparing.
    return model if all(getattr(model, name) == value for name, value in now.items()) else replace(model, **now)


def _model(entry: dict[str, Any]) -> Model:
    details = mapping(entry.get("details"))
    return Model(
        name=_name(entry) or "",
        size=whole(entry.get("size")),
        quantization=_known(details.get("quantization_level")),
        parameters=_known(details.get("parameter_size")),
        remote_host=text(entry.get("remote_host")) or (text(entry.get("remote_model")) and "unknown host"),
        digest=text(entry.get("digest")),
    )


def _name(entry: dict[str, Any]) -> str | None:
    return text(entry.get("name")) or text(entry.get("model"))


def _known(value: Any) -> str | None:
    """Ollama writes "unknown" where it does not know."""
    return None if value == "unknown" else text(value)


def _note(capabilities: Any, context_length: Any) -> dict[str, Any]:
    return {"capabilities": list(texts(capabilities)), "context_length": whole(context_length)}
