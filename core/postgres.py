"""The connections to PostgreSQL: how each process pools them, how many the server allows, and how many we may need."""

from django.db import connection

CONNECTIONS = {
    "CONN_MAX_AGE": 0,  # a thread has one only while it uses it, so that 200 probes under way need no 200
    "CONN_HEALTH_CHECKS": True,  # one that broke meanwhile is replaced unseen
}
POOL = {"min_size": 0, "max_size": 20, "timeout": 5}
"""Of each process; `timeout` in seconds, to wait for one of them."""

PROCESSES = 3
"""Those that use the database: the web server and two workers."""

SPARE = 5
"""For `manage.py` commands that are run meanwhile."""

_ALLOWED = """
SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0),
    (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()))
"""


def allowed() -> int:
    """How many connections the server allows our role. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute(_ALLOWED)
        return int(cursor.fetchone()[0])


def shortage() -> str:
    """What to do when the server allows fewer connections than we may need; "" when it allows enough, or is SQLite."""
    if connection.vendor != "postgresql":
        return ""
    most, needed = allowed(), PROCESSES * POOL["max_size"] + SPARE
    if most >= needed:
        return ""
    return (
        f"PostgreSQL allows this role {most} connections, and Plimsoll may need {needed}: pages may be refused "
        "under load. Raise max_connections in postgresql.conf, or the role's or database's own limit where it has one."
    )


def busy(error: BaseException | None) -> bool:
    """Whether this error means that none of our connections became free in time."""
    # By its name: the package is loaded only where the database is PostgreSQL.
    return type(error.__cause__).__name__ == "PoolTimeout" if error else False
