"""The file of manage.py apply: what is wrong with it is shown with file, line and key."""

from pathlib import Path

import pytest

from fleet.as_code.reader import FileMistakes, TeamEntry, read
from fleet.as_code.yaml_tree import MOST_BYTES, Unreadable

SHORT = "teams:\n- slug: search\n  endpoints:\n"


def taken(folder: Path, text: str, **environment: str) -> list[TeamEntry]:
    file = folder / "fleet.yaml"
    file.write_text(text)
    return read(file, environment)


def refused(folder: Path, text: str, **environment: str) -> str:
    """What is said about a file that is not taken."""
    with pytest.raises(FileMistakes) as caught:
        taken(folder, text, **environment)
    return str(caught.value)


def mistake(text: str, shown: str, case: str) -> object:
    return pytest.param(text, shown, id=case)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        mistake(
            SHORT + "  - {name: a, url: http://a, interval: abc}\n",
            "fleet.yaml line 4: teams[0].endpoints[0].interval is 'abc': give a whole number of seconds from 5 to",
            "a word for a number",
        ),
        mistake(SHORT + "  - {name: a, url: http://a, interval: 4}\n", "interval is '4': give a whole", "too often"),
        mistake(SHORT + "  - {name: a, url: http://a, interval: 5.5}\n", "interval is '5.5': give a whole", "no whole"),
        mistake(SHORT + "  - {name: a, url: http://a, timeout: .nan}\n", "timeout is '.nan': give a number", "NaN"),
        mistake(
            SHORT + "  - name: a\n    url: http://a\n    timeout: 45\n",
            "fleet.yaml line 6: teams[0].endpoints[0].timeout has to be shorter than the interval of 30 s.",
            "timeout longer than the interval",
        ),
        mistake(
            SHORT + "  - {name: a, url: http://a,\n     intervall: 5}\n",
            "fleet.yaml line 5: teams[0].endpoints[0].intervall is not a key of this file: did you mean interval?",
            "misspelt key",
        ),
        mistake("team: []", "fleet.yaml line 1: team is not a key of this file: did you mean teams?", "misspelt teams"),
        mistake(SHORT + "  - {name: a, url: http://a, engine: vlm}\n", "engine we know; did you mean vllm?", "engine"),
        mistake(
            SHORT + "  - {name: a, url: http://a}\n  - {name: A, url: http://b}\n",
            "fleet.yaml line 5: teams[0].endpoints[1].name is the same as in line 4",
            "a name twice",
        ),
        mistake(
            SHORT + "  - {name: a, url: http://a/}\n  - {name: b, url: http://A/v1}\n",
            "fleet.yaml line 5: teams[0].endpoints[1].url is the same as in line 4",
            "a URL twice",
        ),
        mistake("teams:\n- slug: a\n- slug: A\n", "line 3: teams[1].slug is the same as in line 2", "a team twice"),
        mistake("teams:\n- slug: a\n  slug: b\n", "line 3: teams[0].slug is given twice", "a key twice"),
        mistake("teams:\n- name: a\n", "line 2: teams[0].slug is missing", "no slug"),
        mistake("teams:\n- slug: a b\n", "line 2: teams[0].slug is 'a b': use letters", "a slug with a space"),
        mistake(SHORT + "  - name: a\n", "line 4: teams[0].endpoints[0].url is missing", "no URL"),
        mistake(SHORT + "  - {name: a, url: ftp://a}\n", "[0].url: Only http:// and https://", "another scheme"),
        mistake(
            "teams:\n- slug: a\n  mail_to: [x]\n", "teams[0].mail_to[0] is 'x': give an email address", "no address"
        ),
        mistake(
            'teams:\n- slug: a\n  mail_to: ["a@example.org\\nBcc: b@example.org"]\n',
            "line 3: teams[0].mail_to[0] is 'a@example.org\ufffdBcc: b@example.org': take out line breaks",
            "a line break in an address",
        ),
        mistake("teams:\n- slug: a\n  mail_to:\n  - # x\n", "line 4: teams[0].mail_to[0] is empty: fill", "no item"),
        mistake(SHORT + "  - {name: a, url: 'http://a', canary_models: [~]}\n", "canary_models[0] is empty", "a null"),
        mistake("teams:\n- slug: a\n  mail_to: a@example.org\n", "teams[0].mail_to has to be a list", "no list"),
        mistake("teams:\n- slug: [a]\n", "line 2: teams[0].slug has to be a single value", "a list for a value"),
        mistake("teams: [x]", "line 1: teams[0] has to have keys, such as slug", "a word for a team"),
        mistake("- a", "line 1: the file has to have keys, such as teams", "a list for the file"),
        mistake("", "fleet.yaml: it is empty", "an empty file"),
        mistake("{}", 'line 1: there is no "teams:" in it', "no teams"),
        mistake("teams:\n\t- slug: a\n", "line 2: this is not YAML: found character", "a tab"),
        mistake("teams: [\n", "fleet.yaml line 2: this is not YAML", "an open bracket"),
        mistake("teams: []\n---\nteams: []\n", "line 2: a second document begins here", "two documents"),
        mistake("teams: !!python/object/apply:os.getcwd []", "line 1: the tag", "a Python object"),
        mistake("teams: &a\n- slug: x\n  mail_to: *a\n", "line 3: *a repeats another part", "an alias"),
        mistake(f"teams: {'[' * 5000}{']' * 5000}", "nested more than 20 deep", "deep lists"),
        mistake("teams: [" + "1," * 200_000 + "]", "more than 100000 values", "very many values"),
        mistake("teams:\n- slug: ${oh-no}\n", "line 2: teams[0].slug: write a variable as ${NAME}", "a bad variable"),
        mistake(
            f"teams:\n- slug: a\n  mail_to: {[f'a{n}@b.org' for n in range(21)]}",
            "give at most 20, use a mailing list, or raise",
            "many mails",
        ),
    ],
)
def test_a_mistake_is_reported_with_line_and_key(tmp_path, text, shown):
    assert shown in refused(tmp_path, text)


def test_all_mistakes_are_reported_together_in_the_order_of_the_file(tmp_path):
    text = SHORT + "  - {name: a, url: 'ftp:', interval: x}\n  - {nam: b}\n- slug: b\n  nme: B\n"
    lines = refused(tmp_path, text).splitlines()
    assert [line.split(":")[0].removeprefix("fleet.yaml ") for line in lines] == [
        "line 4", "line 4", "line 5", "line 5", "line 5", "line 7"
    ]  # fmt: skip


def test_times_are_compared_only_where_both_are_good(tmp_path):
    shown = refused(tmp_path, SHORT + "  - {name: a, url: http://a, interval: x, timeout: 45}\n")
    assert "interval is 'x'" in shown and "timeout" not in shown


def test_very_many_mistakes_are_cut_short(tmp_path):
    lines = refused(tmp_path, "teams: [" + "1," * 5000 + "]").splitlines()
    assert len(lines) == 51 and lines[50] == "… and 4950 more."


@pytest.mark.parametrize("key", ["url", "engine", "interval", "api_key", "slug"])
@pytest.mark.parametrize(
    "value", ["http://user:s3cret@host\n", "s3cret \x1b[31m", "s3cret" * 1000], ids=["line", "escape", "long"]
)
def test_a_wrong_value_from_the_environment_is_not_repeated(tmp_path, key, value):
    fields = {"name": "a", "url": "http://a"} | ({} if key == "slug" else {key: "${WRONG}"})
    slug = "${WRONG}" if key == "slug" else "search"
    endpoint = ", ".join(f"{k}: '{v}'" for k, v in fields.items())
    shown = refused(tmp_path, f"teams:\n- slug: {slug}\n  endpoints:\n  - {{{endpoint}}}\n", WRONG=value)
    assert f"{key}" in shown and "once the variable is filled in" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("pasted", ["Bearer s3cret-1", ' "s3cret-1" ', "s3cret-1\r\n", "export KEY='s3cret-1'"])
def test_a_key_from_the_environment_is_tidied_after_it_was_filled_in(tmp_path, pasted):
    text = SHORT + "  - name: a\n    url: http://a\n    api_key: ${GPU1_KEY}\n"
    assert taken(tmp_path, text, GPU1_KEY=pasted)[0].endpoints[0].fields["api_key"] == "s3cret-1"  # type: ignore[index]


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("api_key", "$S3CRET", "This is the name of a variable"),
        ("api_key", "<your s3cret>", "This is a placeholder"),
        ("api_key", "sk-s3cr...", "This key is shortened"),
        ("api_key", "s3cr\\ns3cr", "a space or a line break"),
        ("username", "bob:s3cret", "no colon"),
        ("url", "http://bob:s3cret@a", "its own field (username)"),
        ("url", "curl http://a -H 'Authorization: Bearer s3cret'", "its own field (username)"),
        ("url", "http://0.0.0.0:8000", "write 127.0.0.1 or the machine's name"),
    ],
)
def test_what_was_pasted_wrong_is_named_without_repeating_a_secret(tmp_path, key, value, shown):
    fields = {"name": "a", "url": "http://a"} | {key: value}
    said = refused(tmp_path, SHORT + "  - {" + ", ".join(f'{k}: "{v}"' for k, v in fields.items()) + "}\n")
    assert f"line 4: teams[0].endpoints[0].{key}: " in said and shown in said
    assert "s3cr" not in said.lower()


def test_addresses_and_credentials_are_stored_as_they_are_meant(tmp_path):
    command = "curl http://a:8000/v1/chat/completions \\\n        -d {}\n"
    text = SHORT + f"  - name: a\n    url: |\n        {command}    username: bob\n    api_key: ' a b '\n"
    [entry] = taken(tmp_path, text)[0].endpoints or []
    assert [entry.fields[key] for key in ("url", "username", "api_key")] == ["http://a:8000", "bob", " a b "]


def test_a_variable_that_is_not_set_is_named_with_its_line(tmp_path):
    text = SHORT + "  - name: a\n    url: http://a\n    api_key: ${GPU1_KEY}\n"
    wanted = "fleet.yaml line 6: teams[0].endpoints[0].api_key: the environment variable GPU1_KEY is not set or empty."
    assert wanted in refused(tmp_path, text)
    assert wanted in refused(tmp_path, text, GPU1_KEY="")
    assert taken(tmp_path, text, GPU1_KEY="k")[0].endpoints[0].fields["api_key"] == "k"  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"teams: []\n\x89PNG", "is no UTF-8 text (see line 2)"),
        (b"teams:\x00", "holds NUL bytes"),
        (b"#" * (MOST_BYTES + 1), "is larger than 1 MiB"),
    ],
    ids=["binary", "NUL", "large"],
)
def test_a_file_that_is_no_text_is_refused_with_a_sentence(tmp_path, data, shown):
    file = tmp_path / "fleet.yaml"
    file.write_bytes(data)
    with pytest.raises(Unreadable) as caught:
        read(file, {})
    assert shown in str(caught.value)


@pytest.mark.parametrize(
    ("name", "shown"), [("nowhere", "No such file"), (".", "Is a directory"), ("a\0b", "not the name of a file")]
)
def test_a_file_that_can_t_be_opened_is_refused_with_a_sentence(tmp_path, name, shown):
    with pytest.raises(Unreadable, match=shown):
        read(tmp_path / name, {})
