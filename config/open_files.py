"""How many files a process may have open: raised at start, and what that leaves for connections."""

import resource

ENOUGH = 65_536
"""Nothing here needs more, and some programs walk through all numbers that the limit allows."""

FOR_REQUESTS = 300
"""Six for each of handler.REQUESTS at once: the database's files, the broker, a template or a certificate."""

FOR_THE_REST = 200
"""Logs, listeners, the broker, and connections that were accepted a moment ago and are not counted yet."""


def raise_limit() -> int:
    """Raises this process's soft limit of open files to the hard one, or to ENOUGH; returns what holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return ENOUGH if soft == resource.RLIM_INFINITY else soft


def connections(wanted: int, files: int) -> int:
    """How many connections fit, at most `wanted`, into so many open files. Each may keep a body in a file, too."""
    return max(10, min(wanted, (files - FOR_REQUESTS - FOR_THE_REST) // 2))
