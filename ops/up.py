"""What `manage.py up` starts, in which order, and how it knows that each part is ready."""

import fcntl
import gc
import os
import socket
import stat
import sys
import traceback
from functools import partial
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError
from django.template.loader import get_template
from django.urls import resolve

from config import environment
from config.celery import app
from config.data_folder import open_to_others
from core import disk, memory, postgres
from core.database import close_all
from core.health import KEYS, NEEDED
from core.redaction import redact
from teams.accounts import first_account

from . import embedded_broker, listening, starting, worker
from .health_pages import HEADER, own_pass
from .starting import Plan, Program
from .supervisor import how

FORKS = sys.platform == "linux"
"""Whether parts are forks of this process. Libraries of macOS may not be used after a fork."""

LOADED = (
    "ops.web_server",  # not before the static files are collected: it reads their list
    *("celery.apps.worker", "celery.app.amqp", "celery.app.control", "celery.app.events", "celery.app.log"),
    *("celery.backends.base", "celery.concurrency.thread", "celery.contrib.django.task", "celery.events.receiver"),
    *("celery.fixups.django", "celery.worker.autoscale", "celery.worker.components", "celery.worker.consumer"),
    *("celery.worker.consumer.delayed_delivery", "celery.worker.strategy", "kombu.transport.redis", "billiard.pool"),
)
"""What the parts import when they start."""

DAMAGED = ("file is not a database", "malformed", "disk I/O error")
"""What SQLite says of a file that is not what it wrote."""


class CannotStart(Exception):
    """Something is in the way; the text says what, and what to do."""


def up() -> int:
    """Prepares everything and runs it until it ends; returns the exit code. Raises CannotStart."""
    memory.one_arena()
    lock = only_one(settings.DATA)
    if exposed := open_to_others(settings.DATA):
        environment.report(exposed)
    check_port(settings.HOST, settings.PORT)
    broker = Program("valkey", valkey(), last=True) if settings.REDIS_EMBEDDED else None
    if FORKS:
        prepare_apart()
    else:
        prepare()
    plan = Plan(
        parts=[
            Program("web", web(), (lambda: import_module("ops.web_server").main()) if FORKS else None),
            *(
                Program(name, command, partial(worker.main, command[-1]) if FORKS else None)
                for name, command in workers().items()
            ),
        ],
        broker=broker,
        broker_socket=str(settings.REDIS_SOCKET),
        forget=list(KEYS),
        load=load if FORKS else lambda: None,
        health=(_own_address(settings.HOST), settings.PORT),
        health_pass={HEADER: own_pass()},
        needed=list(NEEDED),
        greeting=[
            f"Plimsoll is ready: {settings.SITE_URL}",
            *filter(None, [postgres.shortage()]),
            *first_account.greeting(),
        ],
    )
    close_all()
    return starting.run(plan, own=[lock])


def load() -> None:
    """Loads what the parts need, and keeps it where forks share it: most of their memory, and of their start."""
    app.loader.import_default_modules()
    app.finalize()
    for name in LOADED:
        import_module(name)
    resolve("/")
    os.environ["CELERY_SKIP_CHECKS"] = (
        "yes"  # this command has made Django's checks, which touch most of what is shared
    )
    folder = settings.BASE_DIR / "templates"
    for path in folder.rglob("*.html"):
        get_template(str(path.relative_to(folder)))
    gc.collect()
    memory.fill_holes()
    gc.freeze()  # a collection in a child would write to what it shares


def prepare_apart() -> None:
    """Prepares in a fork, whose memory ends with it: migrations and all models as they once were. Raises as prepare."""
    reading, writing = os.pipe()
    parent = os.getpid()
    if not (pid := os.fork()):
        code = 1
        try:
            starting.end_with(parent)
            prepare()
            code = 0
        except CannotStart as error:
            os.write(writing, str(error).encode())
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)  # whatever comes, such as Ctrl-C: this is no second `manage.py up`
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        trouble = pipe.read()
    if code := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        trouble = f"Preparing the database and the static files ended with {how(code)}."
    if trouble:
        raise CannotStart(trouble)


def prepare() -> None:
    """Brings the database and the static files up to date. Raises CannotStart when the database can't be used."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    except (DatabaseError, OSError) as error:
        said = redact(" ".join(str(error).split()))
        if disk.is_about_full_disk(error):
            raise CannotStart(f"The disk is full ({said}). {disk.REMEDY}") from None
        if any(damage in said for damage in DAMAGED):
            raise CannotStart(
                f"The database {settings.DATABASES['default']['NAME']} is damaged ({said}). Move it away with its -wal "
                "and -shm, then run manage.py migrate and manage.py restore with your last backup."
            ) from None
        raise CannotStart(f"The database or the data folder can't be used: {said}.") from None


def valkey() -> list[str]:
    """The embedded broker, on a socket file that only this user may open. Raises CannotStart."""
    try:
        server = embedded_broker.server()
    except embedded_broker.NoBroker as error:
        raise CannotStart(str(error)) from None
    folder = settings.REDIS_SOCKET.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise CannotStart(
            f"{folder} belongs to another user or can be written by others, who could take the broker's place. "
            "Give it to this user alone (chown, chmod 700), or choose another PLIMSOLL_DATA."
        )
    for old in settings.DATA.glob("*.rdb"):  # of a server before this one: what it kept is long out of date
        if old.name != server.dump:
            old.unlink()
    return embedded_broker.command(server, settings.REDIS_SOCKET, settings.DATA)


def web() -> list[str]:
    """The ASGI server."""
    return _python("ops.web_server")


def workers() -> dict[str, list[str]]:
    """The workers."""
    return {f"worker-{name}": _python("ops.worker", name) for name in worker.WORKERS}


def _python(*module_and_arguments: str) -> list[str]:
    return [sys.executable, "-m", *module_and_arguments]


def _own_address(host: str) -> str:
    """Where we reach a server of ours that listens on `host`."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return "127.0.0.1" if address.is_unspecified else host


def check_port(host: str, port: int) -> None:
    """Raises CannotStart unless we may listen there."""
    try:
        for address, family in listening.addresses(host, port).items():
            socket.create_server(address, family=family).close()
    except PermissionError:
        raise CannotStart(f"This user may not use port {port}. Choose one above 1023.") from None
    except OSError as error:
        raise CannotStart(
            f"Port {port} on {host} can't be used: {error.strerror or error}. "
            f"Stop the program that has it, or choose another port: PORT={port % 65535 + 1} make run"
        ) from None


def only_one(data: Path) -> int:
    """Locks the data folder and returns the descriptor of the lock. Raises CannotStart when it is taken."""
    try:
        lock = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
    except BlockingIOError:
        raise CannotStart(
            f"Plimsoll already runs on the data folder {data} (process {os.read(lock, 20).decode()}). "
            "Stop it first, or give this one a folder of its own: PLIMSOLL_DATA=... PORT=... make run"
        ) from None
    except OSError as error:
        raise CannotStart(f"{data / 'up.lock'} can't be written: {error.strerror or error}.") from None
    return lock
