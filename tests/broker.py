"""A real Valkey of our own, for tests that stop and start the broker."""

import socket
import subprocess
from contextlib import suppress

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from ops import embedded_broker


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Broker:
    """A Valkey on a port that stays the same when it is stopped and started again."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen | None = None

    def start(self) -> "Broker":
        """Starts it and waits until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        self._process = subprocess.Popen([str(embedded_broker.server().path), *options], stdout=subprocess.DEVNULL)
        until_it_answers = Retry(ConstantBackoff(0.02), 200)
        with redis.Redis(port=self.port, retry=until_it_answers) as client:
            client.ping()
        return self

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def subscribers(self, channel: str) -> int:
        """How many connections listen to a channel."""
        with suppress(redis.ConnectionError), redis.Redis(port=self.port) as client:
            return client.pubsub_numsub(channel)[0][1]
        return 0
