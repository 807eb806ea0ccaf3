"""The app that all others stand on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
