"""The ASGI application."""

import os
import warnings

from django.core.asgi import get_asgi_application

from .bodies import limit_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Static files are read synchronously on purpose: they are small, and whitenoise sends them in one go.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = limit_bodies(get_asgi_application())
