"""When a server's TLS certificate ends."""

import ssl
from functools import lru_cache

from cryptography import x509


def until(sock: ssl.SSLSocket) -> float | None:
    """Unix seconds at which the certificate shown on this connection ends; None when it cannot be read."""
    shown = sock.getpeercert(binary_form=True)
    return _until(shown) if shown else None


@lru_cache(maxsize=512)
def _until(der: bytes) -> float | None:
    """Kept, since a server shows the same certificate in each probe. None also for 9999, which stands for "never"."""
    try:
        ends = x509.load_der_x509_certificate(der).not_valid_after_utc
        return ends.timestamp() if ends.year < 9999 else None
    except (ValueError, x509.InvalidVersion):  # OpenSSL is more lenient than this reader
        return None
