"""For the pages and mails about accounts."""

from django import template

from .. import browsers

register = template.Library()

register.filter("browser", browsers.browser)
