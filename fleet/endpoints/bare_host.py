"""A host that was written without a port: where on it does a server answer?"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from ..engines.errors import Cause
from ..engines.probe import probe
from ..engines.reading import Reading
from ..engines.registry import title
from .discovery import DEADLINE, PORTS


@dataclass(frozen=True, slots=True)
class HostSearch:
    """What the usual ports of a host gave."""

    host: str  # as it was typed
    url: str  # the base URL to go on with
    reading: Reading  # what was read there
    answered: bool  # whether anything came back from it
    others: tuple[tuple[str, str], ...]  # where else something answers: (engine or "", base URL)
    ports: tuple[int, ...]  # all that were tried

    @property
    def nowhere(self) -> str:
        """What to do where nothing answered; "" where the host is not known at all."""
        if self.reading.failure and self.reading.failure.cause == Cause.DNS_FAILED:
            return ""
        tried = ", ".join(map(str, self.ports))
        return (
            f"No port was given, and none of these answers: {tried}. If the server listens on another port, write it "
            f"as well, such as {self.host}:9000."
        )


def search_host(host: str, verify: bool = True, ports: Sequence[int] = PORTS) -> HostSearch:
    """Probes `host` (a name or an IP address, IPv6 in brackets) at 80, 443 and the engines' usual ports.

    No key is sent: until it is known what listens there, it would go to every one of these servers. Takes up to
    DEADLINE seconds.
    """
    urls = [f"http://{host}", f"https://{host}", *(f"http://{host}:{port}" for port in ports)]
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        found = dict(
            zip(urls, pool.map(partial(probe, timeout=DEADLINE, verify=verify, identify=True), urls), strict=True)
        )
    best = max(urls, key=lambda url: _worth(found[url]))  # of equals the first
    engines = {url: r.identity and title(r.identity.engine, r.facts.product) for url, r in found.items() if _answers(r)}
    others = tuple((engine or "", url) for url, engine in engines.items() if url != best)
    return HostSearch(host, best, found[best], best in engines, others, (80, 443, *ports))


def _answers(reading: Reading) -> bool:
    return any(exchange.status for exchange in reading.exchanges)


def _worth(reading: Reading) -> tuple[bool, bool, bool]:
    """The more, the better to go on with. A port that fails otherwise than by refusing shows more of the reason."""
    refused = reading.failure is not None and reading.failure.cause == Cause.CONNECTION_REFUSED
    return reading.identity is not None, _answers(reading), not refused
