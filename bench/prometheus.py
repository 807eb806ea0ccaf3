"""The Prometheus chain beside it: what 1,000 checks of one request cost there, against the same fake engines.

Debian: prometheus, prometheus-blackbox-exporter, prometheus-alertmanager; configured by bench/prometheus_chain/.
"""

import json
import shutil
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .engines import fleet
from .mail_sink import sink
from .product import ROOT, Scale, answers, by_name, cpu_by_name, free_port, progress, running, wait_for
from .table import CannotRun, Row

CONFIGURATION = ROOT / "bench/prometheus_chain"
PROGRAMS = ("prometheus", "prometheus-blackbox-exporter", "prometheus-alertmanager")
PATHS = ("/api/version", "/health")
"""What is asked of an Ollama and of a vLLM."""


def chain(scale: Scale) -> Iterator[Row]:
    """Two chains at the same time, of the small and the large fleet, each in processes of its own."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise CannotRun(f"not here: {', '.join(missing)} (Debian packages of these names)")
    with ExitStack() as stack:
        engines, mails = stack.enter_context(fleet(scale.large)), stack.enter_context(sink())
        chains = {count: stack.enter_context(one_chain(count, engines.port, mails.port, scale.interval))
                  for count in (scale.small, scale.large)}  # fmt: skip
        for count, (url, _) in chains.items():
            wait_for(lambda: healthy(url) == count, 90, "Prometheus did not see all engines", 0.5)  # noqa: B023
        progress(f"Prometheus, blackbox exporter and Alertmanager for {scale.measured:.0f} s")
        before = {count: used(pids) for count, (_, pids) in chains.items()}
        began = time.monotonic()
        time.sleep(scale.measured)
        checks = (time.monotonic() - began) / scale.interval / 1000
        for count, (url, pids) in chains.items():
            shares = Counter({name: value / count / checks for name, value in (used(pids) - before[count]).items()})
            if (seen := healthy(url)) != count:
                raise RuntimeError(f"Prometheus saw {seen} of {count} engines in the end")
            figure = f"Prometheus chain, N = {count:,}: CPU s per 1,000 checks of one request"
            below = by_name(f"Prometheus chain, CPU s per 1,000 checks by process, N = {count:,}", shares)
            yield Row(figure, shares.total(), "s", below=[below])


@contextmanager
def one_chain(count: int, engines: int, mail: int, interval: int) -> Iterator[tuple[str, list[int]]]:
    """Runs it with a folder and ports of its own; yields Prometheus' URL and the process ids."""
    ports = {name: free_port() for name in PROGRAMS}
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        for file in CONFIGURATION.glob("*.yml"):
            text = file.read_text()
            for usual, port in ((9115, ports[PROGRAMS[1]]), (9093, ports[PROGRAMS[2]]), (2525, mail)):
                text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{port}")
            (folder / file.name).write_text(text.replace("_interval: 15s", f"_interval: {interval}s"))
        targets = [f"http://127.0.0.1:{engines}/e/{n}{PATHS[n % 2]}" for n in range(count)]
        (folder / "targets.json").write_text(json.dumps([{"targets": targets}]))
        log = stack.enter_context((folder / "log").open("w"))
        pids = []
        for program, options in (
            (PROGRAMS[1], ["--config.file", folder / "blackbox.yml"]),
            (PROGRAMS[2], ["--config.file", folder / "alertmanager.yml", "--storage.path", folder / "alertmanager",
                           "--cluster.listen-address="]),
            (PROGRAMS[0], ["--config.file", folder / "prometheus.yml", "--storage.tsdb.path", folder / "data"]),
        ):  # fmt: skip
            command = [program, *options, f"--web.listen-address=127.0.0.1:{ports[program]}"]
            pids.append(stack.enter_context(running(command, stdout=log, stderr=log)).pid)
        url = f"http://127.0.0.1:{ports[PROGRAMS[0]]}"
        wait_for(lambda: answers(f"{url}/-/ready"), 60, "Prometheus was not ready")
        yield url, pids


def healthy(url: str) -> int:
    """How many endpoints Prometheus knows to answer."""
    query = urllib.parse.urlencode({"query": "sum(probe_success)"})
    with suppress(urllib.error.URLError), urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=5) as answer:
        return sum(int(each["value"][1]) for each in json.load(answer)["data"]["result"])
    return 0


def used(pids: list[int]) -> Counter[str]:
    """CPU seconds so far, by the name of the process."""
    return sum(map(cpu_by_name, pids), Counter())
