"""For the pages and mails about accounts."""

import json
from typing import Any

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BoundField

from .. import browsers
from ..forms import PASSWORD_RULE

register = template.Library()

register.filter("browser", browsers.browser)


@register.filter
def as_json(value: object) -> str:
    """The value as JSON, for an attribute that a script reads."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
def mail_is_set() -> bool:
    return settings.EMAIL_CONFIGURED


@register.simple_tag
def password_rule() -> str:
    """What a new password has to be like."""
    return PASSWORD_RULE


@register.inclusion_tag("_field.html")
def account_field(field: BoundField, label: str, help_text: str = "", **attrs: Any) -> dict[str, BoundField]:
    """A field of one of allauth's forms, in our words."""
    field.label, field.help_text = label, help_text
    field.field.help_text = help_text  # it decides whether the input is described by it
    field.field.widget.attrs |= {"placeholder": False, **attrs}
    return {"field": field}
