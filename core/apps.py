"""The app that all others stand on."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from . import natural_order


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        connection_created.connect(natural_order.register)
