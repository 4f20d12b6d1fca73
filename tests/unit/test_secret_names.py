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


@pytest.mark.parametrize("word", ["MAX", "MIN", "NUM", "PUBLIC", "NEXT_PUBLIC", "STRIPE_PUBLISHABLE"])
def test_a_quantity_is_no_secret(word: str) -> None:
    """Nor what is published."""
    assert not names_a_secret(f"{word}_TOKENS")
    assert not names_a_secret(f"{word}_API_KEY")


@pytest.mark.parametrize("name", ["", "_", "123", "PWD", "S", "SS", "ADDRESS"])
def test_no_word_of_a_secret(name: str) -> None:
    """PWD alone is the shell's working directory."""
    assert not names_a_secret(name)


SWITCHES = ["", "true", "false", "yes", "no", "on", "off", "0", "1", "enabled", "disabled", "none", "null"]
SWITCHES += ["required", "optional", "always", "never", "auto"]


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_is_no_secret(switch: str) -> None:
    """In any case of its letters."""
    assert not looks_secret("API_TOKEN", switch)
    assert not looks_secret("API_TOKEN", switch.upper())
    assert looks_secret("API_TOKEN", f"{switch}x")


QUESTIONS = ["ALLOW", "CHECK", "DISABLE", "ENABLE", "ENFORCE", "HAS", "IS", "NEED", "NEEDS", "REQUIRE", "REQUIRES"]
QUESTIONS += ["SKIP", "USE", "USES", "VALIDATE", "VERIFY", "WITH"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_no_secret(question: str) -> None:
    """As long as it is shorter than any key."""
    assert not looks_secret(f"{question}_API_KEY", "a" * 15)
    assert looks_secret(f"{question}_API_KEY", "a" * 16)
    assert looks_secret(f"MY_{question}_API_KEY", "a")


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("TOKENS", "4096", False),
        ("CONTEXT_TOKENS", "128000", False),
        ("CONTEXT_TOKENS", "12x", True),
        ("CONTEXT_TOKENS", "\u00b2", True),
        ("TOKEN", "4096", True),
        ("SMTP_PASS", "4096", True),
        ("ACCESS_TOKEN", "15m", False),
        ("ACCESS_TOKEN", "900ms", False),
        ("ACCESS_TOKEN", "15min", True),
        ("MAX_TOKENS", "4096", False),
        ("REQUIRE_API_KEY", "1", False),
        ("DB_SECRET_NAME", "prod/app/db", False),
        ("DB_SECRET", "prod/app/db", False),
        ("ENCRYPTION_KEY", "alias/orders", False),
        ("OAUTH_TOKEN", "https://issuer.example/oauth2/token", False),
        ("OAUTH_TOKEN", "https://issuer.example/?token=x", True),
        ("OAUTH_TOKEN", "https://user@issuer.example/", True),
        ("DB_PASSWORD", "prod/App", True),
        ("DB_PASSWORD", "hunter2", True),
    ],
)
def test_the_value_decides_with_the_name(name: str, value: str, secret: bool) -> None:  # noqa: FBT001
    """A count, a duration, and what says where the secret is."""
    assert looks_secret(name, value) == secret


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
        ("a/b/c", True),
        ("prod/app-1/db_2.x", True),
        ("A/b", False),
        ("a//b", False),
        ("a/", False),
        ("https://a.example:1/b", True),
        ("s3://a/b", True),
        ("https://a b", False),
        ("/a/b c", False),
    ],
)
def test_a_reference_is_no_secret(value: str, *, is_reference: bool) -> None:
    """An ARN, a URL without a user or a query, a path of two parts or more; a secret may begin with a slash."""
    assert looks_secret("DB_PASSWORD", value) != is_reference


def test_a_name_that_is_none_may_have_any_value() -> None:
    assert not looks_secret("LEVEL", "anything")


PREFIXES = {"github_pat_": 22, "glpat-": 20, "npm_": 36, "sk_live_": 16, "rk_test_": 16, "sk-": 20, "AIza": 35}
PREFIXES |= {f"xox{letter}-": 10 for letter in "abprs"}
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
        "postgres://u:$ecret@h",
        *(prefix + "a" * length for prefix, length in PREFIXES.items()),
        "SG." + "a" * 16 + "." + "b" * 16,
        "https://hooks.slack.com/services/" + "T0/B0/x",
        ".".join(("eyJ" + "a" * 10, "eyJ" + "b" * 10, "c" * 10)),
        "Server=db;User Id=app;Password=x;",
        "host=db user=app password=x",
        "AccountName=a;AccountKey=x",
        "Endpoint=sb://a;SharedAccessKey=x",
        "user=app&pwd=x",
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
        "postgres://user:${DB_PASSWORD}@db",
        "postgres://user:$DB_PASSWORD@db",
        "postgres://user:$(DB_PASSWORD)@db",
        "postgres://user:{password}@db",
        "postgres://user:%s@db",
        "postgres://user:<password>@db",
        "postgres://user:***@db",
        "Server=db;Password=${DB_PASSWORD};",
        "password=",
        "nopassword=x",
        *(prefix + "a" * (length - 1) for prefix, length in PREFIXES.items()),
        "a.b.c",
        "task-" + "a" * 20,
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
