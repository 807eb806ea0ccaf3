"""One probe's conversation with one endpoint: what an engine module gets to work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .answer import Answer
from .client import Client
from .errors import BadAnswer, Cause, NotReady, ProbeError, Rejected
from .reading import Facts

_SAYS_IT_LOADS = ("loading model", "currently scaling")  # llama.cpp; vLLM while it changes its size


class Visit:
    """`known` is what earlier probes learned; `now` is in unix seconds."""

    def __init__(self, client: Client, known: Facts, now: float) -> None:
        self.client = client
        self.known = known
        self.now = now
        self._answers: dict[tuple[str, bool], Answer] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Climb one step of the ladder; a ProbeError remembers the innermost step it came from."""
        before, self.client.step = self.client.step, name
        try:
            yield
        except ProbeError as error:
            error.step = error.step or name
            raise
        finally:
            self.client.step = before

    def get(self, path: str, *, auth: bool = True, max_bytes: int | None = None) -> Answer:
        """Client.get, asked at most once per path in this visit."""
        key = (path, auth)
        if key not in self._answers:
            self._answers[key] = self.client.get(path, auth=auth, max_bytes=max_bytes)
        return self._answers[key]

    def json(self, path: str, shape: type | None = dict, ok: tuple[int, ...] = (200,), **options: Any) -> Any:
        """The JSON at `path`. Raises what get(), check() and Answer.json() raise."""
        return _named(f"GET {path}", self.get(path, **options), shape, ok)

    def post_json(
        self,
        path: str,
        payload: dict[str, Any],
        shape: type | None = dict,
        ok: tuple[int, ...] = (200,),
        **options: Any,
    ) -> Any:
        """The JSON that a POST answers; never remembered."""
        return _named(f"POST {path}", self.client.post(path, payload, **options), shape, ok)

    def due(self, question: str, every: float) -> bool:
        """True when `question` was never answered, or not within the last `every` seconds.

        An answer "from the future" (a clock was set back) counts as old.
        """
        asked = self.known.asked.get(question)
        return asked is None or not 0 <= self.now - asked < every


def check(answer: Answer, request: str, ok: tuple[int, ...] = (200,)) -> None:
    """Raise Rejected or NotReady when the status is not one of `ok`; the detail quotes the body."""
    if answer.status in ok:
        return
    said = f' It said: "{answer.quote}"' if answer.body.strip() else " The body was empty."
    detail = f"{request} answered HTTP {answer.status}.{said}"
    if answer.status == 503 and any(words in _error_message(answer).lower() for words in _SAYS_IT_LOADS):
        raise NotReady(Cause.LOADING, detail)
    raise Rejected(_cause_of(answer), detail)


def _cause_of(answer: Answer) -> Cause:
    if answer.status == 403 and not answer.body:
        return Cause.HOST_REJECTED  # how Ollama refuses a Host header it does not know
    if answer.status in (401, 403):
        return Cause.AUTH_REJECTED
    if answer.status == 429:
        return Cause.RATE_LIMITED
    return Cause.SERVER_ERROR if answer.status >= 500 else Cause.UNEXPECTED_STATUS


def _error_message(answer: Answer) -> str:
    """The message in one of the usual forms: {"error": "..."} or {"error": {"message": "..."}}."""
    try:
        error = answer.json(dict).get("error")
    except BadAnswer:
        return ""
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""


def _named(request: str, answer: Answer, shape: type | None, ok: tuple[int, ...]) -> Any:
    check(answer, request, ok)
    try:
        return answer.json(shape)
    except BadAnswer as error:
        raise BadAnswer(error.cause, f"{request}: {error.detail}") from None
