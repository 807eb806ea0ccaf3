"""One probe's conversation with one endpoint: what an engine module gets to work with."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from .errors import BadAnswer, Bug, Cause, ProbeError, TimedOut
from .health import healthy
from .http.answer import Answer
from .http.client import Client
from .lenient import mapping
from .reading import Facts
from .refusal import not_an_answer, refused

logger = logging.getLogger(__name__)


class Visit:
    """`known` is what earlier probes learned; `now` is in unix seconds."""

    def __init__(self, client: Client, known: Facts, now: float) -> None:
        self.client = client
        self.known = known
        self.now = now
        self._answers: dict[tuple[str, bool], Answer] = {}
        self._too_late: dict[tuple[str, bool], TimedOut] = {}
        self._aside = False

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

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Questions that must not cost the probe: each request gets half of the time that is left."""
        before, self._aside = self._aside, True
        try:
            yield
        finally:
            self._aside = before

    @contextmanager
    def guarded(self, engine: str, label: str) -> Iterator[None]:
        """An answer that the module of this engine did not foresee becomes a Bug; the log has the traceback."""
        try:
            yield
        except ProbeError:
            raise
        except Exception as error:
            logger.warning("%s stumbled over an answer from %s", engine, self.client.base_url, exc_info=True)
            detail = f"The answers of this server have a form that we cannot read as {label}"
            raise Bug(Cause.WRONG_SHAPE, f"{detail} ({type(error).__name__}).") from None

    def get(self, path: str, *, auth: bool = True, max_bytes: int | None = None) -> Answer:
        """Client.get, asked at most once per path in this visit: what took too long is not asked again."""
        key = (path, auth)
        if key in self._too_late:
            raise self._too_late[key]
        if key not in self._answers:
            try:
                with self.client.share() if self._aside else nullcontext():
                    self._answers[key] = self.client.get(path, auth=auth, max_bytes=max_bytes)
            except TimedOut as error:
                error.detail = f"GET {path}: {error.detail}"
                self._too_late[key] = error
                raise
        return self._answers[key]

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """What was answered so far, each with its request: "GET /"."""
        return ((f"GET {path}", answer) for (path, _), answer in self._answers.items())

    def health(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`, {} for none, of a server that is well. Raises what get() and healthy() raise."""
        return healthy(self.get(path), f"GET {path}")

    def json(self, path: str, shape: type | None = dict, ok: tuple[int, ...] = (200,), **options: Any) -> Any:
        """The JSON at `path`. Raises what get(), check() and Answer.json() raise."""
        return _named(f"GET {path}", self.get(path, **options), shape, ok)

    def maybe(self, path: str, **options: Any) -> dict[str, Any]:
        """The JSON object at `path` with status 200; {} for any other answer. Raises only what get() raises."""
        answer = self.get(path, **options)
        with suppress(BadAnswer):
            return mapping(answer.json()) if answer.status == 200 else {}
        return {}

    def post_json(
        self,
        path: str,
        payload: dict[str, Any],
        shape: type | None = dict,
        ok: tuple[int, ...] = (200,),
        **options: Any,
    ) -> Any:
        """The JSON that a POST answers; never remembered."""
        with self.client.share() if self._aside else nullcontext():
            answer = self.client.post(path, payload, **options)
        return _named(f"POST {path}", answer, shape, ok)

    def due(self, question: str, every: float) -> bool:
        """True when `question` was never answered, or not within the last `every` seconds.

        An answer "from the future" (a clock was set back) counts as old.
        """
        asked = self.known.asked.get(question)
        return asked is None or not 0 <= self.now - asked < every


def check(answer: Answer, request: str, ok: tuple[int, ...] = (200,)) -> None:
    """Raise Rejected or NotReady when the status is not one of `ok`; the detail names who sent it and what."""
    if answer.status not in ok:
        raise refused(answer, request)


def _named(request: str, answer: Answer, shape: type | None, ok: tuple[int, ...]) -> Any:
    check(answer, request, ok)
    if error := not_an_answer(answer, request):
        raise error
    try:
        return answer.json(shape)
    except BadAnswer as error:
        raise BadAnswer(error.cause, f"{request}: {error.detail}") from None
