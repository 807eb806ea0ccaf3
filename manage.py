#!/usr/bin/env python
"""Django's command line."""

import io
import os
import signal
import sys

if __name__ == "__main__":
    if os.getpid() == 1:  # of a container: for it alone the system does nothing on SIGTERM
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal has no letters for
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
