"""A probe: ask one endpoint how it is, climbing the ladder connect -> identify -> health -> models -> load.

Whatever goes wrong comes back as a Reading with a Failure; a probe never raises.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from .client import Client
from .errors import BadAnswer, Cause, NotReady, ProbeError, Rejected, Unreachable
from .reading import Facts, Failure, Identity, Load, Reading
from .visit import Visit, check

if TYPE_CHECKING:
    from .registry import Engine

logger = logging.getLogger(__name__)

T = TypeVar("T")


def probe(
    base_url: str,
    *,
    engine: str | None = None,
    known: Facts | None = None,
    api_key: str | None = None,
    timeout: float = 5.0,
    verify: bool = True,
    identify: bool = False,
    now: float | None = None,
) -> Reading:
    """Ask the endpoint at `base_url`; `timeout` is in seconds of wall clock for everything together.

    `engine` is the pinned or last known one; without it, or with `identify`, the server is identified first.
    `known` are the facts of earlier probes; a failed Reading carries them on. `now` is in unix seconds.
    """
    known = known if known is not None else Facts()
    now = time.time() if now is None else now
    try:
        client = Client(base_url, api_key=api_key, deadline=timeout, verify=verify)
    except ValueError as error:
        return Reading(now, facts=known, failure=Failure(Cause.DNS_FAILED, "connect", str(error)))
    with client:
        climb = _Climb(Visit(client, known, now), engine)
        try:
            facts, load = climb.run(identify)
            failure = None
        except ProbeError as error:
            facts, load, failure = known, Load(), _failure(client, error)
        until = client.certificate_until
        return Reading(now, climb.identity, facts, load, tuple(client.exchanges), failure, certificate_until=until)


def _failure(client: Client, error: ProbeError) -> Failure:
    step = error.step or client.step
    return Failure(error.cause, step if client.connected else "connect", client.scrub(error.detail))


class _Climb:
    """The way of one probe. `identity` is set as soon as the server was identified in this probe."""

    def __init__(self, visit: Visit, engine: str | None) -> None:
        from .registry import ENGINES  # late, so that this ladder can be tested with other engines

        self.visit = visit
        self.engines: dict[str, Engine] = ENGINES
        self.given = ENGINES.get(engine or "")
        self.identity: Identity | None = None

    def run(self, identify: bool) -> tuple[Facts, Load]:
        if self.given is None or identify:
            return self._read(self._identified())
        try:
            return self._read(self.given)
        except ProbeError as error:
            if isinstance(error, BadAnswer) or error.cause is Cause.UNEXPECTED_STATUS:
                self._look_for_another(self.given)
            raise

    def _read(self, engine: "Engine") -> tuple[Facts, Load]:
        with self.visit.step("health"):
            return _guarded(engine, engine.read, self.visit)

    def _identified(self) -> "Engine":
        """The engine to read: the given one when nothing strong speaks against it, else the one found."""
        with self.visit.step("connect"):
            self.visit.get("/")
        with self.visit.step("identify"):
            try:
                self.identity = self._ask_all()
            except ProbeError as error:
                if self.given is None or isinstance(error, Unreachable) or error.cause is Cause.TIMED_OUT:
                    raise
                return self.given  # it may still answer as itself, or say better than we can what is wrong
            self._refuse_another()
            return self.given or self._found(self.identity)

    def _look_for_another(self, given: "Engine") -> None:
        """The given engine answers oddly. Raises WRONG_ENGINE when another one has taken its place."""
        try:
            with self.visit.step("identify"):
                self.identity = self._ask_all()
        except ProbeError:
            return  # the first trouble says more
        with self.visit.step("identify"):
            self._refuse_another()

    def _refuse_another(self) -> None:
        found, given = self.identity, self.given
        if given is not None and found is not None and found.strong and found.engine != given.NAME:
            label = self.engines[found.engine].LABEL if found.engine in self.engines else found.engine
            detail = f"Expected {given.LABEL} here, but found {label}. {found.proof}"
            raise BadAnswer(Cause.WRONG_ENGINE, detail)

    def _found(self, identity: Identity) -> "Engine":
        """An engine module may recognise a server that has no module of its own."""
        if identity.engine in self.engines:
            return self.engines[identity.engine]
        detail = f"This is {identity.engine}, which we do not know how to watch. {identity.proof}"
        raise BadAnswer(Cause.NOT_RECOGNISED, detail)

    def _ask_all(self) -> Identity:
        """Each engine in turn. Trouble with one question is no answer; it speaks when nobody is found."""
        troubles: list[ProbeError] = []
        for engine in self.engines.values():
            try:
                identity = _guarded(engine, engine.identify, self.visit)
            except (BadAnswer, Rejected, NotReady) as error:
                troubles.append(error)
            except Unreachable as error:
                if error.cause is not Cause.CONNECTION_LOST:
                    raise
                troubles.append(error)
            else:
                if identity is not None:
                    return identity
        raise self._nobody(troubles)

    def _nobody(self, troubles: Iterable[ProbeError]) -> ProbeError:
        for kind in (NotReady, Rejected):
            for trouble in troubles:
                if isinstance(trouble, kind) and trouble.cause is not Cause.UNEXPECTED_STATUS:
                    return trouble
        try:
            check(self.visit.get("/"), "GET /")
        except ProbeError as error:
            if error.cause is not Cause.UNEXPECTED_STATUS:
                return error
        if any(exchange.status == 401 for exchange in self.visit.client.exchanges):
            return Rejected(Cause.AUTH_REJECTED, "We could not find out what answers here, as it asks for an API key.")
        bug = next((t for t in troubles if isinstance(t, _Bug)), None)
        return bug or BadAnswer(Cause.NOT_RECOGNISED, "Something answers here, but it is none of the servers we know.")


class _Bug(BadAnswer):
    """An engine module stumbled over an answer it did not foresee."""


def _guarded(engine: "Engine", ask: Callable[[Visit], T], visit: Visit) -> T:
    try:
        return ask(visit)
    except ProbeError:
        raise
    except Exception as error:  # an answer nobody foresaw must not take the worker down; the log has the traceback
        logger.warning("%s stumbled over an answer from %s", engine.NAME, visit.client.base_url, exc_info=True)
        detail = f"The answers of this server have a form that we cannot read as {engine.LABEL}"
        raise _Bug(Cause.WRONG_SHAPE, f"{detail} ({type(error).__name__}).") from None
