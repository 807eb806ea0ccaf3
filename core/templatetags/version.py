"""The version in templates."""

from django import template

from core.version import version

register = template.Library()
register.simple_tag(version, name="plimsoll_version")
