"""The values a probe returns as JSON, as they are stored, and back."""

from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from .reading import Backend, Facts, Load, Model


def to_json(value: Any) -> dict[str, Any]:
    """A dataclass of fleet.engines.reading as plain JSON values, without what is unknown."""
    return {key: item for key, item in _plain(value).items() if item not in (None, {}, [])}


_SCALARS = {str, int, float, bool, type(None)}


def _plain(value: Any) -> Any:
    """What json would give back. dataclasses.asdict copies each value, which took an eighth of a probe."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if names := _names(value.__class__):
        items = ((name, getattr(value, name)) for name in names)
        return {name: item if item.__class__ in _SCALARS else _plain(item) for name, item in items}
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


def model_from_json(data: dict[str, Any]) -> Model:
    """The inverse of `to_json` for a Model; raises TypeError for what it can't have written."""
    _check(Model, data)
    return Model(**{**data, "capabilities": tuple(data.get("capabilities", ()))})


def facts_from_json(data: dict[str, Any]) -> Facts:
    """The inverse of `to_json` for Facts; raises TypeError for what it can't have written."""
    _check(Facts, data)
    models = tuple(model_from_json(m) for m in data.get("models", ()))
    behind = tuple(backend_from_json(b) for b in data.get("behind", ()))
    return Facts(**{**data, "models": models, "behind": behind, "warnings": tuple(data.get("warnings", ()))})


def backend_from_json(data: dict[str, Any]) -> Backend:
    """The inverse of `to_json` for a Backend; raises TypeError for what it can't have written."""
    _check(Backend, data)
    return Backend(**data)


def load_from_json(data: dict[str, Any]) -> Load:
    """The inverse of `to_json` for a Load; raises TypeError for what it can't have written."""
    _check(Load, data)
    return Load(**data)


def _check(kind: type, data: dict[str, Any]) -> None:
    accepted = _accepted(kind)
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__} is stored as {type(data).__name__}")
    for name, value in data.items():
        if not isinstance(value, accepted.get(name, ())):
            raise TypeError(f"{kind.__name__}.{name} is stored as {type(value).__name__}")


@cache
def _accepted(kind: type) -> dict[str, tuple[type, ...]]:
    """Field -> the types that its JSON may have. A whole number may have been written as 2.0."""
    json = {int: (int, float), float: (int, float), tuple: (list, tuple), Any: (object,)}
    found = {}
    for name, hint in get_type_hints(kind).items():
        parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        plain = [get_origin(part) or part for part in parts]
        found[name] = tuple(each for part in plain for each in json.get(part, (part,)))
    return found
