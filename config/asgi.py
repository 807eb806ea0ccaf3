"""The ASGI application."""

import os
import warnings

import django
from django.template.loader import get_template
from django.urls import reverse

from core.web.bodies import limit_bodies
from core.web.handler import Handler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Static files are read synchronously on purpose: they are small, and whitenoise sends them in one go.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django.setup(set_prefix=False)

# What every page needs is loaded now, not while the first visitor waits.
reverse("board")
for _name in ("base", "fleet/board", "fleet/_head", "fleet/_filters", "fleet/_board", "fleet/_folded", "fleet/_row"):
    get_template(f"{_name}.html")

application = limit_bodies(Handler())
