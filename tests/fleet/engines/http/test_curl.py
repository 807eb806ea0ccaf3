"""Curl commands that people copy from documentation, terminals and browsers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engines.http.address import Address, read_address

BEARER = Address("http://gpu-1:8000", "", "Bearer sk-1")


@pytest.mark.parametrize(
    "command",
    [
        """curl http://gpu-1:8000/v1/chat/completions -H 'Authorization: Bearer sk-1' -d '{"u": "http://b/"}'""",
        """curl -sSX POST -d '{"u": "http://other/x"}' -H "Authorization: Bearer sk-1" gpu-1:8000/v1/completions""",
        """curl --request POST \\\n  --url http://gpu-1:8000/v1 \\\n  --header 'Authorization: Bearer sk-1'""",
        """sudo curl gpu-1:8000/v1/models -H 'Authorization: Bearer sk-1'""",
        """$ docker exec -it web curl gpu-1:8000/v1/models -H 'Authorization: Bearer sk-1'""",
        """curl --url=http://gpu-1:8000 --header="Authorization: Bearer sk-1" --json @x.json""",
        """curl http://gpu-1:8000/v1/models \\  -H "Authorization: Bearer sk-1" """,
        """curl -XPOST -H'Authorization: Bearer sk-1' -o /tmp/a.json -x http://proxy:3128 http://gpu-1:8000""",
        """curl ^"http://gpu-1:8000/v1^" ^\r\n -H ^"Authorization: Bearer sk-1^" ^\r\n -d ^"^{^\\^"a^\\^":1^}^\"""",
        """curl http://gpu-1:8000/v1/models ^  -H "Authorization: Bearer sk-1" ^  -d "{}\"""",
        """curl.exe http://gpu-1:8000/v1 `\n  -H "Authorization: Bearer sk-1\"""",
        """$ curl http://gpu-1:8000/health -H "Authorization: Bearer sk-1" | jq .""",
        """/usr/bin/curl -k -v http://gpu-1:8000/metrics --compressed -H 'authorization: Bearer sk-1'""",
        """curl 'http://gpu-1:8000/v1/models' -H 'Authorization: Bearer sk-1' --data-raw $'{"a": "it\\'s"}'""",
        """curl 'http://gpu-1:8000/v1/models' -H 'Authorization: Bearer sk-1' -d '{"cut off""",
    ],
)  # fmt: skip
def test_the_address_and_the_key_of_a_curl_command_are_read(command: str) -> None:
    assert read_address(command) == BEARER


@pytest.mark.parametrize(
    "command",
    [
        "curl -u bob:s:cret http://gpu-1/api/tags",
        "curl --user bob:s:cret http://gpu-1/api/tags",
        "curl -ubob:s:cret gpu-1/api/tags",
        "curl http://bob:s%3Acret@gpu-1/api/tags",
        "curl http://gpu-1 -H 'Authorization: Basic Ym9iOnM6Y3JldA=='",
    ],
)
def test_user_name_and_password_of_a_curl_command_are_read(command: str) -> None:
    assert read_address(command) == Address("http://gpu-1", "bob", "s:cret")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("curl -X POST", "No address was found"),
        ("curl http://0.0.0.0:8000/v1/models", "means every address"),
        ('curl "$BASE_URL/v1/models"', "stands for another value"),
    ],
)
def test_a_curl_command_without_a_usable_address_says_why(command: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_address(command)


@given(st.text(alphabet="-HduX '\"\\^`\n{}:/ab.").map("curl ".__add__))
def test_a_curl_command_is_an_address_or_a_value_error(command: str) -> None:
    try:
        address = read_address(command)
    except ValueError:
        return
    assert read_address(address.url).url == address.url
