"""Work on the history of many endpoints at once: fast while all goes well, and one by one once something raises."""

from collections.abc import Callable, Iterable

from core import fence
from core.models import PutOff

from ..models import Endpoint


def together(sweep: str, endpoint_ids: Iterable[int], work: Callable[[list[int]], object]) -> None:
    """Does `work` for the endpoints together; what raises costs only the endpoint that is to blame.

    Those that were put off before are done apart, so that they do not slow the others down again.
    """
    known = set(PutOff.objects.filter(sweep=sweep).values_list("key", flat=True))
    fresh: list[int] = []
    apart: list[int] = []
    for pk in endpoint_ids:
        (apart if str(pk) in known else fresh).append(pk)
    if fresh:
        try:
            work(fresh)
        except fence.NOT_THE_ITEMS_FAULT:
            raise
        except Exception:
            apart += fresh
    if apart:
        # One that was removed meanwhile is not among the rows any more.
        rows = Endpoint.objects.filter(pk__in=apart).order_by().values_list("pk", "name", "team_id")
        fence.each(sweep, rows, lambda row: work([row[0]]), lambda row: fence.Item(str(row[0]), *row[1:]))
