"""Engines to watch, each on a loopback address of its own, so that to the product each is another host."""

import asyncio

from tests.broker import free_port
from tests.fake_engine import Play, Server


class Engine(Server):
    """One engine on one address; `down()` and `start()` are its power switch, `play` has the others."""

    def __init__(self, number: int, address: str, port: int) -> None:
        self.number, self.address = number, address
        self.play = Play("vllm" if number % 2 else "ollama")
        super().__init__({"": self.play}, port)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{self.address}:{self.port}"

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.address, self.port, backlog=512)


class Engines:
    """Makes engines on addresses that were not used before: 127.20.0.1, 127.20.0.2, ..."""

    def __init__(self) -> None:
        self._port = free_port()
        self._made: list[Engine] = []
        self._count = 0

    def make(self, address: str = "") -> Engine:
        """One more, alternately Ollama and vLLM."""
        self._count += 1
        own = f"127.20.{self._count // 250}.{self._count % 250 + 1}"
        engine = Engine(self._count, address or own, self._port)
        self._made.append(engine)
        return engine

    def drop(self, engine: Engine) -> None:
        """It is not needed any more."""
        self._made.remove(engine)
        engine.close()

    def close(self) -> None:
        """The end of all of them."""
        for engine in self._made:
            engine.close()
        self._made.clear()
