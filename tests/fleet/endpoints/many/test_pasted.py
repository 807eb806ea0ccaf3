"""Pasted lists of addresses, as people have them."""

import pytest

from fleet.endpoints.many.pasted import MOST, Pasted, read, written


def parts(text: str) -> list[tuple[str, str]]:
    return [(one.name, one.url) for one in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu-1\ngpu-2:8000", [("", "http://gpu-1"), ("", "http://gpu-2:8000")]),
        ("gpu-1, gpu-2; gpu-3", [("", "http://gpu-1"), ("", "http://gpu-2"), ("", "http://gpu-3")]),
        ("chat http://gpu-1:8000/v1", [("chat", "http://gpu-1:8000")]),
        ("the big one: http://gpu-1", [("the big one", "http://gpu-1")]),
        ("- gpu-1\n* gpu-2\n1. gpu-3", [("", "http://gpu-1"), ("", "http://gpu-2"), ("", "http://gpu-3")]),
        ("http://gpu-1 http://gpu-2", [("", "http://gpu-1"), ("", "http://gpu-2")]),
        ("# rack 1\r\n\r\ngpu-1\r\n", [("", "http://gpu-1")]),
        ("name,url\na,gpu-1\n\nb,gpu-2", [("a", "http://gpu-1"), ("b", "http://gpu-2")]),
        ("URL;Name\ngpu-1;a", [("a", "http://gpu-1")]),
        ("url\tname\ngpu-1\ta, b", [("a, b", "http://gpu-1")]),
        ('name,url\n"a, b",gpu-1', [("a, b", "http://gpu-1")]),
    ],
)
def test_a_list_is_read_as_people_paste_it(text, expected):
    assert parts(text) == expected


def test_a_curl_command_over_several_lines_is_one_address_with_its_key():
    curl = "curl http://gpu-2/v1/chat/completions \\\n  -H 'Authorization: Bearer sk-1' -d '{\"a\": 1, \"b\": 2}'"
    text = f"gpu-1\n{curl}\ngpu-3"
    found = read(text.replace("\n", "\r\n"))
    assert [one.line for one in found] == [1, 2, 4]
    assert (found[1].url, found[1].api_key) == ("http://gpu-2", "sk-1")


def test_a_host_without_a_port_is_kept_as_such_and_comes_back_without_one():
    rows = read("GPU-1\nbox 10.0.0.4\nhttp://gpu-2\ngpu-3:80\n[::1]")
    assert [row.host for row in rows] == ["gpu-1", "10.0.0.4", "", "", "[::1]"]
    assert written(rows) == "gpu-1\nbox 10.0.0.4\nhttp://gpu-2\nhttp://gpu-3:80\n[::1]"
    assert [row.host for row in read("name,url\na,gpu-1\n,gpu-2:8000")] == ["gpu-1", ""]


def test_all_columns_of_a_csv_are_taken():
    text = 'team,engine,username,api_key,url,name,tags\nsearch,vllm,bob,s3cret,https://gpu-1/v1,chat,"Prod, a100"\n'
    (one,) = read(text)
    assert one == Pasted(2, "https://gpu-1", "chat", "search", "vllm", "bob", "s3cret", ("prod", "a100"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ftp://gpu-1", "Only http"),
        ("http://gpu-1\nhttp://GPU-1/", "The same address is in line 1"),
        ("name,url\na,", "Write the address"),
        ("url,engine\ngpu-1,olama", "no engine we know"),
        ("url,api_key\ngpu-1,$KEY", "name of a variable"),
        ("url,tags\ngpu-1,a/b", "is no tag"),
        ("http://gpu-1/" + "a" * 500, "at most 500"),
    ],
)
def test_what_is_wrong_with_one_address_stands_beside_it_alone(text, problem):
    found = read(f"{text}\n")
    assert problem in found[-1].problem and not any(one.problem for one in found[:-1])


@pytest.mark.parametrize("text", ["http://bob:s3cret@ gpu", "http://:s3cret@gpu-1", "curl -u bob:s3cret ftp://gpu-1"])
def test_what_can_not_be_read_shows_no_secret(text):
    assert "s3cret" not in repr(read(text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Paste at least one"),
        ("# nothing\n\n", "Paste at least one"),
        ("\n".join(f"gpu-{n}" for n in range(MOST + 1)), "more than 200"),
        ("url,location\ngpu-1,attic", "The column “location” is not known"),
    ],
)
def test_a_list_that_can_not_be_read_gets_one_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(text)
