"""requests over our own connections."""

from typing import Any
from urllib.parse import SplitResult

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from .transport import Clock, PlainConnection, TlsConnection


class GuardedAdapter(HTTPAdapter):
    """requests' adapter for one origin, whose connections keep to the outbound rules and to the clock.

    To be used without a Session: so there are no cookies, no proxies or passwords from the environment, and no
    redirects that nobody checked. Without `verify` any certificate will do.
    """

    def __init__(self, origin: SplitResult, clock: Clock, verify: bool = True) -> None:
        super().__init__()
        options: dict[str, Any] = {"clock": clock}
        self.pool = HTTPConnectionPool(origin.hostname or "", origin.port or (443 if origin.scheme == "https" else 80))
        self.pool.ConnectionCls = PlainConnection
        if origin.scheme == "https":
            self.pool.ConnectionCls = TlsConnection
            options["verify"] = verify
        self.pool.conn_kw.update(options)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        return self.pool

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """TLS is set up by TlsConnection."""

    def close(self) -> None:
        self.pool.close()
