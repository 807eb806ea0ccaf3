"""urllib3 and requests over our own connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from .errors import ProbeError
from .origin import origin_of
from .transport import Clock, PlainConnection, TlsConnection


@contextmanager
def one_call(seconds: float) -> Iterator[Clock]:
    """The clock of one call. When its time is over, TimedOut is raised in place of what breaks then."""
    clock = Clock(seconds)
    clock.phase = "waiting for the answer"
    try:
        yield clock
    except (ProbeError, HTTPError, OSError):
        if clock.over:
            raise clock.timed_out() from None
        raise
    finally:
        clock.release()


def guarded_pool(origin: SplitResult, clock: Clock) -> HTTPConnectionPool:
    """urllib3's pool of such connections."""
    _, host, port = origin_of(origin)
    pool = HTTPConnectionPool(host, port)
    pool.ConnectionCls = TlsConnection if origin.scheme == "https" else PlainConnection
    pool.conn_kw["clock"] = clock
    return pool


class GuardedAdapter(HTTPAdapter):
    """requests' adapter over one guarded pool.

    To be used without a Session: so there are no cookies, no proxies or passwords from the environment, and no
    redirects that nobody checked.
    """

    def __init__(self, origin: SplitResult, clock: Clock) -> None:
        super().__init__()
        self.pool = guarded_pool(origin, clock)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        return self.pool

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """TLS is set up by TlsConnection."""

    def close(self) -> None:
        self.pool.close()
