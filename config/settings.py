"""Django's settings, made from the environment table (config/environment.py)."""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from csp.constants import NONE, SELF

from core import cache, postgres, redis_keys
from core.web import bodies

from . import data_folder, environment, key_files, logs, oidc, open_files, production

os.umask(0o077)  # whatever a process of ours writes is for this user alone

ENVIRONMENT = environment.load()

BASE_DIR = data_folder.ROOT
DATA: Path = ENVIRONMENT["PLIMSOLL_DATA"]
DEBUG: bool = ENVIRONMENT["DEBUG"]
PORT: int = ENVIRONMENT["PORT"]
HOST: str = ENVIRONMENT["HOST"]
SITE_URL: str = ENVIRONMENT["SITE_URL"] or f"http://localhost:{PORT}"
TRUST_PROXY: bool = ENVIRONMENT["TRUST_PROXY"]
PRODUCTION = production.is_production(SITE_URL)
PROBE_THREADS: int = ENVIRONMENT["PROBE_THREADS"]

# The site

ALLOWED_HOSTS = [
    *(ENVIRONMENT["ALLOWED_HOSTS"] or []),
    *filter(None, [urlsplit(SITE_URL).hostname]),
    *("localhost", "127.0.0.1", "[::1]"),  # `manage.py up` asks for its own health there
]
INSTALLED_APPS = [
    "core",
    "ops",
    "teams",  # before django.contrib.auth, whose changepassword it extends
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "fleet",
    "advisor",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "teams.sso",  # in place of allauth.socialaccount.providers.openid_connect, which it builds on
    "allauth.usersessions",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.web.compression.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.web.headers.PermissionsPolicyMiddleware",
    "core.web.headers.PrivateMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.web.fragments.FragmentMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.site_url.NoNulMiddleware",
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
FORM_RENDERER = "core.form_fields.Renderer"
TIME_ZONE = ENVIRONMENT["TIME_ZONE"]

# People and their browsers

LOGIN_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "board"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Cookies know no ports: names of our own keep us apart from other Django sites on this host.
SESSION_COOKIE_NAME = "plimsoll_session"
CSRF_COOKIE_NAME = "plimsoll_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # pages carry the CSRF token themselves
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "teams.accounts.sessions"
SESSION_COOKIE_AGE = 14 * 86_400  # seconds from the sign-in on
CSRF_TRUSTED_ORIGINS = [SITE_URL]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **dict.fromkeys(("default-src", "base-uri", "frame-ancestors", "object-src"), (NONE,)),
        **dict.fromkeys(("script-src", "style-src", "img-src", "connect-src", "manifest-src", "form-action"), (SELF,)),
    }
}
SECURE_REFERRER_POLICY = "same-origin"  # addresses of mails' links have a token in them
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = bodies.LARGEST
FILE_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # bytes of a body in memory; the rest of it is in a temporary file
FILE_UPLOAD_HANDLERS = ["core.web.bodies.RefuseFiles"]

# Accounts: django-allauth. Its pages are in teams/urls.py, what we change of it in teams/accounts/allauth_adapters.py.

ACCOUNT_ADAPTER = "teams.accounts.allauth_adapters.Accounts"
SOCIALACCOUNT_ADAPTER = "teams.accounts.allauth_adapters.ProviderAccounts"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]  # used by invitations, not by strangers
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation or the provider has vouched for the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody can have us write to addresses we do not know
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # to change how one signs in
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
PASSWORD_RESET_TIMEOUT = 86_400  # seconds
ACCOUNT_EMAIL_NOTIFICATIONS = True  # whoever's account is changed hears of it
ACCOUNT_RATE_LIMITS = {
    # Wrong tries by address, and by account or typed name. The other limits are allauth's own.
    "login_failed": "20/m/ip,5/5m/key",
    "reset_password": "20/m/ip,3/h/key",  # by typed address; Accounts counts by mailbox as well
}
USERSESSIONS_ADAPTER = "teams.accounts.sessions.Sessions"
MFA_ADAPTER = "teams.accounts.second_factor.SecondFactor"
# An account's address is unverified where no mail server is set. Nobody signs up by themselves, so no stranger can lock
# the address's owner out with it, and an administrator can take factors away.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Plimsoll"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://localhost

# Sign-in by a provider. Off while OIDC_URL is empty.

OIDC_URL: str = ENVIRONMENT["OIDC_URL"] or ""
OIDC_SIGN_UP: bool = ENVIRONMENT["OIDC_SIGN_UP"]
OIDC_NAME: str = ENVIRONMENT["OIDC_NAME"]
SOCIALACCOUNT_EMAIL_REQUIRED = False  # an address that the provider has not verified is not taken over
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": oidc.apps(ENVIRONMENT)}}

# Who sees what

FLEET_OPEN: bool = ENVIRONMENT["FLEET_OPEN"]

# Limits, so that nobody takes what is there for all.

TEAMS_PER_PERSON: int = ENVIRONMENT["TEAMS_PER_PERSON"]
ENDPOINTS_PER_TEAM: int = ENVIRONMENT["ENDPOINTS_PER_TEAM"]
WINDOWS_PER_TEAM: int = ENVIRONMENT["WINDOWS_PER_TEAM"]
SILENCES_PER_TEAM: int = ENVIRONMENT["SILENCES_PER_TEAM"]
TOKENS_PER_TEAM: int = ENVIRONMENT["TOKENS_PER_TEAM"]
ADDRESSES_PER_TEAM: int = ENVIRONMENT["ADDRESSES_PER_TEAM"]
MAILS_PER_HOUR: int = ENVIRONMENT["MAILS_PER_HOUR"]
CONFIRM_ADDRESSES: bool = ENVIRONMENT["CONFIRM_ADDRESSES"]
STREAMS_PER_PERSON: int = ENVIRONMENT["STREAMS_PER_PERSON"]
OPEN_FILES = open_files.raise_limit()
CONNECTIONS = open_files.connections(ENVIRONMENT["CONNECTIONS"], OPEN_FILES)
FLAPPING_ALERT_AFTER: int = ENVIRONMENT["FLAPPING_ALERT_AFTER"]
KEEP_READINGS: int = ENVIRONMENT["KEEP_READINGS"]  # days, as the next two
KEEP_HOURLY: int = ENVIRONMENT["KEEP_HOURLY"]
KEEP_DAILY: int = ENVIRONMENT["KEEP_DAILY"]

# Behind TLS. docs/operating.md has a section about it.

if PRODUCTION:
    SECURE_HSTS_SECONDS: int = ENVIRONMENT["HSTS_SECONDS"]
    # Only a proxy knows that a request came by TLS. Without its word every request would be redirected for ever.
    SECURE_SSL_REDIRECT = TRUST_PROXY
    # `manage.py up` and load balancers ask these two directly; they reveal no secrets.
    SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready)$"]
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = [
    # HSTS for all names below ours, and the browsers' preload list: not for one site among others to decide.
    *("security.W005", "security.W021"),
]

# Static files: `manage.py up` collects them into the data folder. DEBUG serves the sources.

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
_STATIC_BACKEND = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES = {"staticfiles": {"BACKEND": _STATIC_BACKEND}}
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}

# The database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_DATABASE = ENVIRONMENT["DATABASE_URL"] or {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "plimsoll.sqlite3"}
if _DATABASE["ENGINE"].endswith("sqlite3"):
    _DATABASE["OPTIONS"] = {
        # A transaction that reads first and writes later would fail at once when another wrote meanwhile.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds to wait for another writer
        # Each thread of the probe worker keeps a connection: small caches, one shared map of the file.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA cache_size=-500; PRAGMA mmap_size=134217728",
    }
else:
    _DATABASE |= {**postgres.CONNECTIONS, "OPTIONS": {**_DATABASE.get("OPTIONS", {}), "pool": postgres.POOL}}
DATABASES = {"default": _DATABASE}

# The data folder and the secrets in it

_FILE = Path(_DATABASE["NAME"]) if _DATABASE["ENGINE"].endswith("sqlite3") else None
for _line in data_folder.close_to_others(DATA, _FILE):
    environment.report(_line)
SECRET_KEY, FIELD_KEYS = key_files.load(ENVIRONMENT, DATA, _DATABASE)

# Redis or Valkey: queues, live updates and what processes share

REDIS_EMBEDDED = not ENVIRONMENT["REDIS_URL"]
REDIS_SOCKET = data_folder.embedded_socket(DATA)
REDIS_URL: str = ENVIRONMENT["REDIS_URL"] or f"unix://{quote(str(REDIS_SOCKET))}"
REDIS_PREFIX: str = ENVIRONMENT["REDIS_PREFIX"] or redis_keys.prefix(SECRET_KEY, _DATABASE)
CACHES = {
    "default": {
        "BACKEND": "core.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
        "OPTIONS": cache.OPTIONS,
    }
}

# Mail

EMAIL_CONFIGURED = bool(ENVIRONMENT["EMAIL_URL"])
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT["MAIL_FROM"]
EMAIL_TIMEOUT = 10  # seconds for each answer of the mail server
MAIL_HELO: str = ENVIRONMENT["MAIL_HELO"] or ""
EMAIL_BACKEND = "core.mail_server.MailServer" if EMAIL_CONFIGURED else "django.core.mail.backends.dummy.EmailBackend"
_MAIL = ENVIRONMENT["EMAIL_URL"] or {}
EMAIL_HOST = _MAIL.get("EMAIL_HOST", "")
EMAIL_PORT = _MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_USER", ""), _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = bool(_MAIL.get("EMAIL_USE_TLS")), bool(_MAIL.get("EMAIL_USE_SSL"))

# The watch over the watch, and what may be called: fleet/apps.py hands it to core/http/outbound.py

HEARTBEAT_URL: str = ENVIRONMENT["HEARTBEAT_URL"] or ""
WITNESS: list[tuple[str, int]] = ENVIRONMENT["WITNESS"] or []
OUTBOUND_DENY = ENVIRONMENT["OUTBOUND_DENY"] or []
OUTBOUND_ALLOW = ENVIRONMENT["OUTBOUND_ALLOW"] or []
CA_BUNDLE: Path | None = ENVIRONMENT["CA_BUNDLE"]  # its authorities count besides the usual ones

# Celery. Routes and schedule are in config/celery.py.

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
    "visibility_timeout": 600,  # seconds after which the task of a killed worker goes to another one
    "polling_interval": 10,  # seconds that the broker holds a worker's question for the next task
    "priority_steps": [0],  # no task has a priority, so that question names no queue four times
    "socket_connect_timeout": 3,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that restarts is waited for
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2}
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
if _DATABASE["ENGINE"].endswith("sqlite3"):
    CELERY_DB_REUSE_MAX = 10**9  # threads keep their connection; config/celery.py drops broken ones
CELERY_TIMEZONE = "UTC"

LOGGING = logs.configuration(ENVIRONMENT["LOG_LEVEL"])
