"""API keys and user names as people paste them."""

import pytest

from fleet.engines.http.api_key import clean_key, clean_username


@pytest.mark.parametrize(
    "text",
    [
        "sk-0123/ab+c==",
        "  sk-0123/ab+c==\r\n",
        "Bearer sk-0123/ab+c==",
        "bearer  sk-0123/ab+c==",
        "Bearer: sk-0123/ab+c==",
        "Bearer Bearer sk-0123/ab+c==",
        "Authorization: Bearer sk-0123/ab+c==",
        "-H 'Authorization: Bearer sk-0123/ab+c=='",
        "X-API-Key: sk-0123/ab+c==",
        "'sk-0123/ab+c=='",
        '"sk-0123/ab+c==",',
        "“sk-0123/ab+c==”",
        '"Bearer sk-0123/ab+c=="',
        "export OPENAI_API_KEY='sk-0123/ab+c=='",
        "VLLM_API_KEY=sk-0123/ab+c==",
        "VLLM_API_KEY: sk-0123/ab+c==",
        '"api_key": "sk-0123/ab+c==",',
        '{"Authorization": "Bearer sk-0123/ab+c=="}',
        "--api-key sk-0123/ab+c==",
        "--api-key=sk-0123/ab+c==",
        "?api_key=sk-0123/ab+c==",
        "Bearer%20sk-0123/ab+c==",
        "\u200bsk-0123/ab+c==\ufeff",
    ],
)
def test_what_is_copied_along_with_a_key_is_taken_off(text: str) -> None:
    assert clean_key(text) == "sk-0123/ab+c=="


@pytest.mark.parametrize(
    "key", ["", "ollama", "EMPTY", "sk-1234", "token-abc123", "eyJh.eyJz.c2ln", "Bearerkey", "a$b{c}", "monkey:1"]
)
def test_a_usual_key_is_taken_as_it_is(key: str) -> None:
    assert clean_key(key) == key


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("$S3CRET_KEY", "variable"),
        ("Bearer $S3CRET_KEY", "variable"),
        ("${S3CRET_KEY}", "variable"),
        ("%S3CRET_KEY%", "variable"),
        ("$env:S3CRET_KEY", "variable"),
        ("$(cat /s3cret)", "variable"),
        ("{{ s3cret }}", "variable"),
        ('os.environ["S3CRET"]', "variable"),
        ("process.env.S3CRET", "variable"),
        ("env:S3CRET", "variable"),
        ("<your s3cret>", "placeholder"),
        ("<S3CRET>", "placeholder"),
        ("[s3cret]", "placeholder"),
        ("YOUR_API_KEY", "placeholder"),
        ("your-api-key-here", "placeholder"),
        ("sk-s3cret...", "shortened"),
        ("sk-...cret", "shortened"),
        ("sk-s3cret…", "shortened"),
        ("sk-****cret", "shortened"),
        ("••••••••", "shortened"),
        ("sk-s3cret\nsk-s3cret", "line break"),
        ("sk s3cret", "space"),
        ("Token s3cret", "space"),
        ("sk-s3crét", "no HTTP header"),
        ("Bearer", "Only the word"),
        ("http://user:s3cret@gpu-1", "an address"),
        ("Basic czNjcmV0", "user name"),
        ("s3cret" * 1000, "at most"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        clean_key(text)
    assert "cret" not in str(caught.value).lower()


@pytest.mark.parametrize(
    "password", ["two words", "Bearer of news", "$TRONG", "gehéim", '"quoted"', "<3", "a:b", "..."]
)
def test_a_password_is_taken_as_it_is(password: str) -> None:
    assert clean_key(f"{password}\n", "bob") == password


def test_a_password_or_user_name_that_basic_auth_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        clean_key("a\nb", "bob")
    with pytest.raises(ValueError, match="colon"):
        clean_username("bob:pw")
    with pytest.raises(ValueError, match="control"):
        clean_username("bo\nb")
    assert clean_username(" bób\u200b ") == "bób"
