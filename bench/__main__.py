"""All measurements in one run, as one table: `make bench`, or some with `python -m bench --only probing,board`.

The table goes to the standard output as Markdown, and what is being done to the standard error. What can't run here
says why in its row. bench/README.md says what each part measures.
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from . import claims, outages, pages, probing, prometheus, starting, viewers, workers
from .living import Living, living
from .product import FULL, TOY, Scale
from .table import CannotRun, Row, header, markdown

ALONE: dict[str, Callable[[Scale], Iterator[Row]]] = {
    "start": starting.second_start,
    "prometheus": prometheus.chain,
    "claims": claims.ticks,
    "pages": pages.many,
    "workers": workers.two,
    "many": workers.many,
}
SHARED: dict[str, dict[str, Callable[[Living], Iterator[Row]]]] = {
    "small": {
        "probing": probing.steady,
        "mail": outages.lone,
        "storm": outages.storm,
        "viewers": viewers.watched,
    },
    "large": {"board": pages.living_board, "probing": probing.steady},
    "hanging": {"hanging": probing.hanging},
}
"""Fleet, by its name in Scale -> what is measured in it, in this order."""

NAMES = list(dict.fromkeys([*(name for parts in SHARED.values() for name in parts), *ALONE]))


def main() -> int:
    """Returns 1 when a part ended with an error, 0 otherwise."""
    options = _options()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    head, began = header(), time.monotonic()
    scale, rows, failed = TOY if options.toy else FULL, [], []

    @contextmanager
    def noted(name: str) -> Iterator[None]:
        """An error in it becomes a row, and ends nothing else."""
        try:
            yield
        except CannotRun as why:
            rows.append(Row(name, None, note=str(why)))
        except Exception as error:
            traceback.print_exc()
            failed.append(name)
            rows.append(Row(name, None, note=f"failed: {type(error).__name__}: {error}"))

    try:
        for size, parts in SHARED.items():
            count, wanted = getattr(scale, size), {name: parts[name] for name in parts if name in options.only}
            if wanted:
                with noted(f"fleet of {count:,}"), living(count, scale) as fleet:
                    for name, part in wanted.items():
                        with noted(f"{name}, N = {count:,}"):
                            rows.extend(part(fleet))
        for name, alone in ALONE.items():
            if name in options.only:
                with noted(name):
                    rows.extend(alone(scale))
    except KeyboardInterrupt:
        failed.append("stopped")  # what was started has been stopped; what was measured is not lost
    minutes = (time.monotonic() - began) / 60
    print(markdown(f"{head} It took {minutes:.1f} minutes{' at toy size' * options.toy}.", rows))
    return 1 if failed else 0


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """Ends what was started, once: a second signal would cut that short."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(NAMES), help=f"some of {', '.join(NAMES)}, with commas")
    parser.add_argument("--toy", action="store_true", help="five endpoints, a few seconds: does each part run?")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(NAMES):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
