"""Pages go out compressed, event streams as they come."""

import gzip

import pytest
from django.contrib.auth import get_user_model
from django.http import StreamingHttpResponse

from core.web.compression import GZipMiddleware

ACCEPTS = {"Accept-Encoding": "gzip"}


@pytest.mark.django_db
def test_a_page_is_compressed_for_who_takes_it_each_time_to_another_length(client):
    client.force_login(get_user_model().objects.create_user("alice"))
    plain = client.get("/")
    packed = [client.get("/", headers=ACCEPTS) for _ in range(20)]
    assert "Content-Encoding" not in plain.headers
    assert {answer.headers["Content-Encoding"] for answer in packed} == {"gzip"}
    assert b"No endpoints yet" in gzip.decompress(packed[0].content)
    assert len(packed[0].content) < len(plain.content) / 2
    assert len({len(answer.content) for answer in packed}) > 1, "against BREACH"


def test_a_stream_is_not_compressed(rf):
    stream = StreamingHttpResponse(iter(["event: changed\n\n" * 100]), content_type="text/event-stream")
    answer = GZipMiddleware(lambda request: stream)(rf.get("/live", headers=ACCEPTS))
    assert "Content-Encoding" not in answer.headers
