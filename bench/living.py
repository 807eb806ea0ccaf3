"""A product that watches fake engines and mails to a sink, warmed up: several parts measure the same one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .engines import Engines, fleet
from .mail_sink import Sink, sink
from .product import Product, Scale, installation, progress


@dataclass
class Living:
    """The product, and all around it."""

    product: Product
    engines: Engines
    sink: Sink
    count: int  # endpoints
    scale: Scale


@contextmanager
def living(count: int, scale: Scale) -> Iterator[Living]:
    """Starts it with so many endpoints; half of its teams have one, the last, that counts as down at once."""
    with sink() as mails, fleet(count) as engines, installation(EMAIL_URL=mails.url) as product:
        product.register(engines.port, count, scale.interval, fail_first=min(5, count // 5))
        with product.up() as ready:
            progress(f"{count} endpoints: ready after {ready:.1f} s; warming up")
            time.sleep(scale.warm_up + scale.interval)
            yield Living(product, engines, mails, count, scale)
