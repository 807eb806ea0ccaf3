"""What counts as a good answer to "are you well?". Pure.

Releases and imitators differ: an empty body, {}, "OK", {"status": "ok"}, {"healthy": true} are all well. A web page, an
error or a word that says otherwise is not, whatever the HTTP status.
"""

import re
from contextlib import suppress
from typing import Any

from .errors import BadAnswer, Cause, NotReady
from .http.answer import Answer
from .lenient import whole
from .refusal import not_an_answer, proxy_of, refused

_ILL = re.compile(
    r"unhealthy|not[ _-]?(?:ok|healthy|ready|live|alive|responding|running)|unexpected endpoint|unreachable|^no$"
    r"|\b(?:error|errored|fail|failed|failing|failure|down|dead|unavailable|stopped|crashed|offline)\b",
    re.IGNORECASE,
)
_STARTS = re.compile(r"\b(?:starting|loading|initiali[sz]ing|warming|booting|pending)\b", re.IGNORECASE)
_ALL_WORK = "no slot available"
"""llama.cpp of early 2024, with 503, while all its slots work: ggml-org/llama.cpp#5594."""
_WORD_FIELDS = ("status", "state", "health")
_FLAG_FIELDS = (*_WORD_FIELDS, "healthy", "ok", "ready", "alive", "live", "success")
_CODE_FIELDS = ("code", "status", "status_code", "statusCode")
_LONGEST = 300
"""Characters of a plain text that can be an answer about health."""


def healthy(answer: Answer, request: str) -> dict[str, Any]:
    """The JSON object of a good answer about health, {} for one without. Raises ProbeError when it is none."""
    if answer.status not in (200, 204):
        if answer.status >= 500 and not proxy_of(answer):
            with suppress(BadAnswer):
                word = _word(answer.json(dict))
                if word == _ALL_WORK:
                    raise NotReady(Cause.SATURATED, f'{request} answered HTTP {answer.status}: "{answer.quote}"')
                _judge(word, answer, request)
        raise refused(answer, request)
    if error := not_an_answer(answer, request):
        raise error
    if not answer.body.strip():
        return {}
    try:
        found = answer.json()
    except BadAnswer:
        found = answer.text.strip()
    if isinstance(found, dict):
        code = max(whole(found.get(field)) or 0 for field in _CODE_FIELDS)
        if found.get("error") or found.get("object") == "error" or 400 <= code < 600:
            raise BadAnswer(Cause.WRONG_SHAPE, f'{request}: an error came in place of its health: "{answer.quote}"')
        if any(found.get(field) is False for field in _FLAG_FIELDS):
            raise NotReady(Cause.UNHEALTHY, f'{request}: "{answer.quote}"')
        _judge(_word(found), answer, request)
        return found
    if isinstance(found, list) or (isinstance(found, str) and len(found) > _LONGEST) or found is False:
        raise BadAnswer(Cause.WRONG_SHAPE, f'{request}: this is no answer about health: "{answer.quote}"')
    _judge(str(found), answer, request)
    return {}


def _word(found: dict[str, Any]) -> str:
    """The word that a JSON object has for its health; empty for none."""
    return next((found[field] for field in _WORD_FIELDS if isinstance(found.get(field), str)), "")


def _judge(word: str, answer: Answer, request: str) -> None:
    said = f'{request} answered HTTP {answer.status}: "{answer.quote}"'
    if _ILL.search(word):
        raise NotReady(Cause.UNHEALTHY, said)
    if _STARTS.search(word):
        raise NotReady(Cause.LOADING, said)
