"""A probe: ask one endpoint how it is, climbing the ladder connect -> identify -> health -> models -> load.

Whatever goes wrong comes back as a Reading with a Failure; a probe never raises.
"""

import time
from contextlib import suppress
from dataclasses import replace

from .errors import BadAnswer, Bug, Cause, NotReady, ProbeError, Rejected, TimedOut, Unreachable
from .http.client import Client
from .learning import Learned
from .questions import Engine, read
from .reading import Facts, Failure, Identity, Reading
from .refusal import not_an_answer, refused
from .registry import ENGINES
from .timeout import DEFAULT_TIMEOUT
from .visit import Visit


def probe(
    base_url: str,
    *,
    engine: str | None = None,
    known: Facts | None = None,
    api_key: str | None = None,
    username: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    verify: bool = True,
    identify: bool = False,
    now: float | None = None,
) -> Reading:
    """Ask the endpoint at `base_url`; `timeout` is in seconds of wall clock for everything together.

    `engine` is the pinned or last known one; without it, or with `identify`, the server is identified first.
    With a `username` the `api_key` is the password of basic auth.
    `known` are the facts of earlier probes; a failed Reading carries them on. `now` is in unix seconds.
    """
    known = known if known is not None else Facts()
    now = time.time() if now is None else now
    try:
        client = Client(base_url, api_key=api_key, username=username, deadline=timeout, verify=verify)
    except ValueError as error:
        return Reading(now, facts=known, failure=Failure(Cause.DNS_FAILED, "connect", str(error)))
    with client:
        climb = _Climb(Visit(client, known, now), engine)
        try:
            learned = climb.run(identify)
            found = Reading(now, climb.identity, learned.facts(), learned.load, counted=learned.counted)
        except ProbeError as error:
            found = Reading(now, climb.identity, known, failure=_failure(client, error))
        return replace(found, exchanges=tuple(client.exchanges), certificate_until=client.certificate_until)


def _failure(client: Client, error: ProbeError) -> Failure:
    step = error.step or client.step
    return Failure(error.cause, step if client.connected else "connect", client.scrub(error.detail))


class _Climb:
    """The way of one probe. `identity` is set as soon as the server was identified in this probe."""

    def __init__(self, visit: Visit, engine: str | None) -> None:
        self.visit = visit
        self.engines: dict[str, Engine] = ENGINES
        self.given = ENGINES.get(engine or "")
        self.identity: Identity | None = None

    def run(self, identify: bool) -> Learned:
        if self.given is None or identify:
            return read(self._identified(), self.visit)[0]
        try:
            learned, odd = read(self.given, self.visit)
        except ProbeError as error:
            if isinstance(error, BadAnswer) or error.cause is Cause.UNEXPECTED_STATUS:
                self._try_others()
            raise
        if odd:
            self._try_others()
            if self.identity and self.identity.engine != self.given.NAME:
                self.identity = None  # weak: behind a proxy that shuts some routes any engine shows its list alone
        return learned

    def _identified(self) -> Engine:
        """The engine to read: the given one when nothing strong speaks against it, else the one found."""
        with self.visit.step("identify"):
            try:
                self.identity = self._ask_all()
            except Unreachable:
                raise
            except ProbeError:
                if self.given is None:
                    raise
                return self.given  # it may still answer as itself, or name better than we can what is wrong
            self._refuse_another()
            if self.given or self.identity.engine in self.engines:
                return self.given or self.engines[self.identity.engine]
            # An engine module may recognise a server that has no module of its own.
            detail = f"This is {self.identity.engine}, which we do not know how to watch. {self.identity.proof}"
            raise BadAnswer(Cause.NOT_RECOGNISED, detail)

    def _try_others(self) -> None:
        """The given engine answers oddly. Raises WRONG_ENGINE when another one has taken its place."""
        with self.visit.step("identify"):
            with suppress(ProbeError):  # the first trouble says more
                self.identity = self._ask_all()
            self._refuse_another()

    def _refuse_another(self) -> None:
        found, given = self.identity, self.given
        if given is not None and found is not None and found.strong and found.engine != given.NAME:
            label = self.engines[found.engine].LABEL if found.engine in self.engines else found.engine
            detail = f"Expected {given.LABEL} here, but found {label}. {found.proof}"
            raise BadAnswer(Cause.WRONG_ENGINE, detail)

    def _ask_all(self) -> Identity:
        """Each engine in turn, after GET / which several of them need. Trouble with one question is no answer."""
        front = self._trouble_with_front()
        troubles = [front] if front else []
        for engine in self.engines.values():
            try:
                with self.visit.aside(), self.visit.guarded(engine.NAME, engine.LABEL):
                    identity = engine.identify(self.visit)
            except ProbeError as error:
                if not self._goes_on(error):
                    raise
                troubles.append(error)
            else:
                if identity is not None:
                    return identity
        raise self._nobody(front, troubles)

    def _trouble_with_front(self) -> ProbeError | None:
        try:
            with self.visit.aside():
                self.visit.get("/")
        except ProbeError as error:
            if not self._goes_on(error):
                raise
            error.step = None
            return error
        return None

    def _goes_on(self, error: ProbeError) -> bool:
        """Whether other questions may still be answered."""
        if isinstance(error, TimedOut):
            return self.visit.client.connected and not self.visit.client.over
        return isinstance(error, BadAnswer | Rejected | NotReady) or error.cause is Cause.CONNECTION_LOST

    def _nobody(self, front: ProbeError | None, troubles: list[ProbeError]) -> ProbeError:
        """The error for a server that no engine module recognised: the most specific thing that it answered."""
        refusals = [refused(answer, request) for request, answer in self.visit.answers() if answer.status >= 400]
        for cause in _MOST_SPECIFIC_FIRST:
            for error in (*troubles, *refusals):
                if error.cause is cause:
                    return error
        if any(refusal.cause is Cause.AUTH_REJECTED for refusal in refusals):
            return Rejected(Cause.AUTH_REJECTED, "We could not find out what answers here, as it asks for an API key.")
        if page := dict(self.visit.answers()).get("GET /"):
            login = not_an_answer(page, "GET /")
            if login and login.cause is Cause.LOGIN_PAGE:
                return login
            if page.status >= 500:
                return refused(page, "GET /")
        late = next((error for error in troubles if isinstance(error, TimedOut)), None)
        bug = next((error for error in troubles if isinstance(error, Bug)), None)
        unknown = BadAnswer(Cause.NOT_RECOGNISED, "Something answers here, but it is none of the servers we know.")
        return front or late or bug or unknown


_MOST_SPECIFIC_FIRST = (
    Cause.LOADING,
    Cause.NOTHING_BEHIND,
    Cause.WANTS_HTTPS,
    Cause.BASIC_AUTH,
    Cause.HOST_REJECTED,
    Cause.RATE_LIMITED,
    Cause.PROXY_REFUSED,
    Cause.LOGIN_PAGE,
)
"""The causes that explain why nobody was recognised, whichever question brought them, the most specific first."""
