"""The settings of the tests: the product's own, with nothing from this machine's environment or .env."""

import atexit
import os
import shutil
import tempfile

from config.environment import TABLE
from tests import template

_DATA = tempfile.mkdtemp(prefix="plimsoll-test-")
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)
os.environ.update({variable.name: "" for variable in TABLE})
os.environ["PLIMSOLL_DATA"] = _DATA
os.environ["REDIS_PREFIX"] = "plimsoll"
template.run_folder()  # made here, before pytest-xdist starts its workers
if os.environ.get("PLIMSOLL_TEST_ON_POSTGRES"):
    os.environ["DATABASE_URL"] = os.environ["PLIMSOLL_TEST_POSTGRES_URL"]

from config.settings import *  # noqa: E402, F403
from config.settings import DATA, DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

STATIC_ROOT.mkdir()

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": DATA / "test.sqlite3"}  # a file, so that threads can share it
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
