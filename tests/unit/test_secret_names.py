"""Which variables are taken for secrets: every word of the tables, one by one, and what is like one and is none."""

from __future__ import annotations

import pytest

from stacks.settings.secret_names import is_secret_value, looks_secret, names_a_secret

SECRETS = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY")
KINDS_OF_KEY = (
    *("ACCESS", "ACCOUNT", "API", "APP", "AUTH", "DEPLOY", "ENCRYPTION", "HMAC", "JWT", "LICENSE", "MASTER"),
    *("PRIVATE", "SECRET", "SHARED", "SIGNING", "SSH"),
)
QUALIFIERS = (
    *("BACKUP", "BASE", "CURRENT", "DEV", "NEW", "OLD", "PLAIN", "PLAINTEXT", "PREVIOUS", "PRIMARY", "PROD"),
    *("RAW", "SECONDARY", "STAGING", "TEST", "TEXT", "VALUE"),
)


@pytest.mark.parametrize("word", SECRETS)
def test_a_name_that_ends_in_a_secret(word: str) -> None:
    """Alone, after others, in the plural, in lower case, in camel case, and glued to another word."""
    names = (word, f"DB_{word}", f"DB_{word}S", word.lower(), f"db{word.title()}", f"MY{word}")
    assert [name for name in names if not names_a_secret(name)] == []


@pytest.mark.parametrize("word", ["PASS", "PWD", "PAT"])
def test_a_short_word_counts_only_whole(word: str) -> None:
    """SMTP_PASS is one, BYPASS is none."""
    assert names_a_secret(f"DB_{word}")
    assert not names_a_secret(f"X{word}")
    assert not names_a_secret(f"DB_{word}_NAME")


@pytest.mark.parametrize("kind", KINDS_OF_KEY)
def test_a_key_of_a_secret_kind(kind: str) -> None:
    """With its kind before it, one or many."""
    assert names_a_secret(f"{kind}_KEY")
    assert names_a_secret(f"MY_{kind}_KEYS")
    assert not names_a_secret(f"{kind}_KEY_ID")


@pytest.mark.parametrize("name", ["KEY", "SORT_KEY", "API_KEYS_URL", "KEYS"])
def test_another_key_is_no_secret(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize("qualifier", QUALIFIERS)
def test_a_qualifier_hides_no_secret(qualifier: str) -> None:
    """However many follow; by itself it is a name like any other."""
    assert names_a_secret(f"DB_PASSWORD_{qualifier}")
    assert names_a_secret(f"DB_PASSWORD_{qualifier}_{qualifier}")
    assert not names_a_secret(qualifier)


@pytest.mark.parametrize("word", ["MAX", "MIN", "NUM", "PUBLIC"])
def test_a_quantity_is_no_secret(word: str) -> None:
    assert not names_a_secret(f"{word}_TOKENS")
    assert not names_a_secret(f"{word}_API_KEY")


@pytest.mark.parametrize("name", ["", "_", "123", "PWD", "S", "SS", "ADDRESS"])
def test_no_word_of_a_secret(name: str) -> None:
    """PWD alone is the shell's working directory."""
    assert not names_a_secret(name)


@pytest.mark.parametrize("switch", ["", "true", "false", "yes", "no", "on", "off", "enabled", "disabled"])
def test_a_switch_is_no_secret(switch: str) -> None:
    """In any case of its letters."""
    assert not looks_secret("USE_TOKEN", switch)
    assert not looks_secret("USE_TOKEN", switch.upper())
    assert looks_secret("USE_TOKEN", f"{switch}x")


@pytest.mark.parametrize(
    ("value", "is_reference"),
    [
        ("arn:aws:s3:::bucket", True),
        ("arn:aws-us-gov:ssm:us-gov-west-1:111111111111:parameter/x", True),
        ("arn:aws:", False),
        ("arn:aws:s3:::bucket and more", False),
        ("see arn:aws:s3:::bucket", False),
        ("/run/secrets/token", True),
        ("/a/b-c.d", True),
        ("/secret", False),
        ("/a/", False),
        ("a/b/c", False),
        ("/a/b c", False),
    ],
)
def test_a_reference_is_no_secret(value: str, *, is_reference: bool) -> None:
    """An ARN, or an absolute path of two parts or more; a secret may begin with a slash."""
    assert looks_secret("DB_PASSWORD", value) != is_reference


def test_a_name_that_is_none_may_have_any_value() -> None:
    assert not looks_secret("LEVEL", "anything")


KEY_ID = "AKIA" + "A" * 16  # put together, so that no scanner takes it for one


@pytest.mark.parametrize(
    "value",
    [
        *(f"-----BEGIN {kind}PRIVATE KEY-----" for kind in ("", "RSA ", "OPENSSH ")),
        f"x {KEY_ID} y",
        KEY_ID.replace("AKIA", "ASIA"),
        *(f"gh{letter}_" + "a" * 36 for letter in "oprsu"),
        "postgres://user:x@db/name",
        "redis://:x@cache:6379",
        "a+b.c-1://u:x@h",
        "url=amqp://u:x@h",
    ],
)
def test_a_secret_value_is_one_under_any_name(value: str) -> None:
    assert is_secret_value(value)
    assert looks_secret("LEVEL", value)
    assert looks_secret("USE_TOKEN", value)


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN certificate PRIVATE KEY-----",
        KEY_ID[:-1],
        f"{KEY_ID}A",
        f"X{KEY_ID}",
        KEY_ID.lower(),
        "gha_" + "a" * 36,
        "ghp_" + "a" * 35,
        "postgres://user@db/name",
        "postgres://db:5432/name",
        "postgres://user:@db/name",
        "https://host/path:with@sign",
        "https://host:80 a@b",
        "https://a b:c@d",
        "://user:x@db",
    ],
)
def test_what_only_resembles_a_secret_value(value: str) -> None:
    """A user without a password, a port, a key's public part, an id that is too long or too short."""
    assert not is_secret_value(value)


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "0" * 16,
        "ASIA" + "9" * 16,
        "ghp_" + "9" * 36,
        "a://u:p@host",
        "s9://u:p@host",
        "a+b://u:p@host",
        "a" * 31 + "://u:p@host",
    ],
)
def test_a_secret_at_the_edges_of_its_pattern(value: str) -> None:
    """The first and the last digit, the shortest scheme, and the longest that is looked for."""
    assert is_secret_value(value)


def test_a_secret_that_is_qualified() -> None:
    """Two words are enough; no word at all names nothing."""
    assert names_a_secret("PASSWORD_OLD")
    assert names_a_secret("") is False
