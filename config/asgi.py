"""The ASGI application."""

import os
import warnings

import django

from core.web.bodies import limit_bodies
from core.web.handler import Handler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Static files are read synchronously on purpose: they are small, and whitenoise sends them in one go.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django.setup(set_prefix=False)
application = limit_bodies(Handler())
