"""Which certificates are believed, and words for what is wrong with one."""

import os
import ssl
from functools import lru_cache

import certifi

_bundle = ""  # a file of more authorities (PEM); "": none


def configure(bundle: str) -> str:
    """Has the authorities of this file (PEM) believed besides the usual ones, from now on and in the whole process.

    "" is none. Returns what was in force before.
    """
    global _bundle
    before, _bundle = _bundle, bundle
    return before


def bundle() -> str:
    """The file of more authorities that is in force; "" when there is none."""
    return _bundle


def context(verify: bool) -> ssl.SSLContext:
    """The shared context that believes the authorities of the system, of certifi and of our bundle, or checks nothing.

    Raises OSError when the bundle can't be read (any more).
    """
    if not verify:
        return _unchecked()
    return _checked(_bundle, os.stat(_bundle).st_mtime if _bundle else 0.0)


@lru_cache(maxsize=4)
def _checked(bundle: str, changed: float) -> ssl.SSLContext:
    """`changed` is part of the cache key, so a renewed file is read again."""
    made = ssl.create_default_context()
    made.load_verify_locations(certifi.where())
    if bundle:
        made.load_verify_locations(bundle)
    return made


@lru_cache(maxsize=1)
def _unchecked() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


_TROUBLE = {  # OpenSSL's X509_V_ERR numbers
    9: "is not valid yet; compare the clocks",
    10: "has expired",
    18: "is self-signed",
    19: "comes from an issuer that is not trusted here (a self-signed one in the chain)",
    20: "comes from an issuer that is not trusted here",
    21: "comes from an issuer that is not trusted here",
    62: "is for another host name",
    64: "is for another IP address",
}


def trouble(error: Exception, host: str) -> str:
    """What went wrong with a TLS handshake with `host`, as a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what = _TROUBLE.get(error.verify_code, f"was not accepted: {error.verify_message}")
        return f"The certificate of {host} {what}."
    if "WRONG_VERSION_NUMBER" in str(error) or "HTTP_REQUEST" in str(error):
        return "The server does not speak TLS on this port. Try http:// instead of https://."
    if isinstance(error, (ssl.SSLEOFError, ConnectionError)):
        return "The server closed the connection during the TLS handshake."
    return f"The TLS handshake failed: {getattr(error, 'reason', None) or error}."
