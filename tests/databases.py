"""Another database in place of the tests' own, for tests of migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@contextmanager
def in_place_of_ours(file: Path) -> Iterator[None]:
    """Has Django's connection lead to this SQLite file; on PostgreSQL to an empty database of the same server."""
    name, other = connection.settings_dict["NAME"], str(file)
    if connection.vendor == "postgresql":
        other = f"{name}_other"
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{other}"')
    _use(other)
    try:
        yield
    finally:
        _use(name)


def _use(name: str) -> None:
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    connection.settings_dict["NAME"] = name


def migrate(**migrations: str) -> Apps:
    """Migrates to these, one of each app named, and what they need; returns the models as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(migrations.items()))
    return executor.loader.project_state(list(migrations.items())).apps


def newest(*apps: str) -> dict[str, str]:
    """The last migration of each of these apps."""
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    return {app: name for app, name in leaves if app in apps}
