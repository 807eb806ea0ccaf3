#!/usr/bin/env python
"""Django's command line."""

import io
import os
import select
import signal
import sys
from typing import TextIO


def main() -> None:
    """Runs the command. Ends quietly when nobody reads its output any more, as under "| head"."""
    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            if sys.stdout:  # None with ">&-"
                sys.stdout.flush()
    except BrokenPipeError:
        closed = [stream for stream in (sys.stdout, sys.stderr) if stream and _is_closed(stream)]
        if not closed:
            raise  # it was another pipe or a socket, so this is trouble
        for stream in closed:  # or the interpreter complains when it flushes them at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(128 + signal.SIGPIPE)


def _is_closed(stream: TextIO) -> bool:
    """Whether the reader at the other end is gone; a flush shows that only while something is buffered."""
    poll = select.poll()
    poll.register(stream.fileno(), 0)  # errors are reported all the same
    return bool(poll.poll(0))


if __name__ == "__main__":
    if os.getpid() == 1:  # of a container: for it alone the system does nothing on SIGTERM
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal has no letters for
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    main()
