"""How soon a prepared installation is ready, and its first check under way."""

import time
from collections.abc import Iterator

from .engines import fleet
from .product import Scale, installation, progress, wait_for
from .table import Row


def second_start(scale: Scale) -> Iterator[Row]:
    """The first start makes what is kept in the data folder; the second is measured."""
    progress(f"two starts with {scale.small} endpoints")
    with fleet(scale.small) as engines, installation() as product:
        product.register(engines.port, scale.small, scale.interval)
        with product.up() as ready:
            yield Row("ready, first start on an empty data folder", ready, "s")
            wait_for(lambda: engines.order()["first"], 30, "no check came")
        engines.order()  # forgets the first request
        began = time.time()
        with product.up() as ready:
            used, asked = product.cpu().total(), []
            wait_for(lambda: asked.append(engines.order()["first"]) or asked[-1], 30, "no check came")
            first = next(moment for moment in asked if moment)
            yield Row("ready, second start", ready, "s", 4)
            yield Row("first check after the second start", first - began, "s", 2.5)
            yield Row("CPU until ready, second start", used, "s")
