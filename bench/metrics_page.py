"""How long it takes to read the metrics of a vLLM with many engines (data-parallel ranks).

Run: .venv/bin/python -m bench.metrics_page [ENGINES]     (default 64)
"""

import sys
import time

from fleet.engines import vllm_metrics
from tests.fake_engine import SAMPLES, load_samples

LINES = 654
"""That a real vLLM 0.32 sends for one engine, comments included."""

TURNS = 20


def metrics_page(engines: int) -> str:
    """The text at GET /metrics of a busy vLLM: that of one engine, repeated. Histograms fill it up to its real size."""
    body = load_samples(SAMPLES / "vllm" / "busy")["GET /metrics"][2].decode()
    own = [line for line in body.splitlines() if 'engine="0"' in line]
    shared = [line for line in body.splitlines() if 'engine="0"' not in line]
    bucket = 'vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="tiny"} 0.0'
    one = "\n".join([*own, *[bucket] * (LINES - len(own)), ""])
    return "\n".join([*shared, ""]) + "".join(one.replace('engine="0"', f'engine="{n}"') for n in range(engines))


def main() -> None:
    engines = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    page = metrics_page(engines)
    times = []
    for _ in range(TURNS):
        began = time.process_time()
        vllm_metrics.read(page)
        times.append(1000 * (time.process_time() - began))
    times.sort()
    print(f"{engines} engines, {len(page) / 1e6:.2f} MB, {page.count(chr(10)):,} lines")
    print(f"read in {times[TURNS // 2]:.1f} ms of CPU (median), {times[-1]:.1f} ms (slowest of {TURNS})")


if __name__ == "__main__":
    main()
