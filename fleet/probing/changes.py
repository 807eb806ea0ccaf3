"""What differs between two sets of facts. Pure."""

from typing import NamedTuple

from ..engines.reading import Facts, Model

MOST = 50
"""Changes recorded one by one per probe; a server that swaps thousands of models gets one line."""


class Difference(NamedTuple):
    """One fact that is no longer what it was."""

    kind: str  # engine, version, model_added, model_gone, model_replaced, context
    subject: str = ""
    before: str = ""
    after: str = ""


def differences(engine_before: str, before: Facts, engine_after: str, after: Facts) -> list[Difference]:
    """The changes from one good reading to the next. Nothing is a change when nothing was known before."""
    if not engine_before:
        return []
    if engine_before != engine_after:
        return [Difference("engine", "", engine_before, engine_after)]
    found = _version(before, after) + _models(before.models, after.models)
    if len(found) > MOST:
        return [Difference("models", "", f"{len(before.models)} models", f"{len(after.models)} models")]
    return found


def _version(before: Facts, after: Facts) -> list[Difference]:
    if before.version and after.version and before.version != after.version:
        return [Difference("version", "", before.version, after.version)]
    return []


def _models(before: tuple[Model, ...], after: tuple[Model, ...]) -> list[Difference]:
    old, new = {m.name: m for m in before}, {m.name: m for m in after}
    gone = [Difference("model_gone", name) for name in old if name not in new]
    added = [Difference("model_added", name) for name in new if name not in old]
    kept = [(old[name], new[name]) for name in new if name in old]
    return gone + added + [d for pair in kept for d in _model(*pair)]


def _model(before: Model, after: Model) -> list[Difference]:
    found = []
    if before.digest and after.digest and before.digest != after.digest:
        found.append(Difference("model_replaced", after.name, before.digest[:12], after.digest[:12]))
    # Ollama shows the trained context of an unloaded model and the running one of a loaded model.
    comparable = before.loaded == after.loaded and before.context_length and after.context_length
    if comparable and before.context_length != after.context_length:
        found.append(Difference("context", after.name, str(before.context_length), str(after.context_length)))
    return found
