"""Which environment variables look like secrets.

A name is read as English reads a compound: its last word says what the thing is. DB_PASSWORD is a password;
PASSWORD_MIN_LENGTH is a length and TOKEN_TTL_SECONDS a time, and both are let pass.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ENDINGS: Final = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY")
_WHOLE_WORDS: Final = frozenset({"PASS", "PWD", "PAT"})
# fmt: off
_KINDS_OF_KEY: Final = frozenset(
    {
        "ACCESS", "ACCOUNT", "API", "APP", "AUTH", "DEPLOY", "ENCRYPTION", "HMAC", "JWT", "LICENSE", "MASTER",
        "PRIVATE", "SECRET", "SHARED", "SIGNING", "SSH",
    }
)
_QUALIFIERS: Final = frozenset(
    {
        "BACKUP", "BASE", "CURRENT", "DEV", "NEW", "OLD", "PLAIN", "PLAINTEXT", "PREVIOUS", "PRIMARY", "PROD",
        "RAW", "SECONDARY", "STAGING", "TEST", "TEXT", "VALUE",
    }
)
# fmt: on
_QUANTIFIERS: Final = frozenset({"MAX", "MIN", "NUM", "PUBLIC"})
_SWITCHES: Final = frozenset({"", "true", "false", "yes", "no", "on", "off", "enabled", "disabled"})
_REFERENCE: Final = re.compile(r"arn:aws[\w-]*:\S+|(?:/[\w.-]+){2,}")
_SECRET_VALUE: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[oprsu]_[A-Za-z0-9]{36}"
    r"|\b[a-z][a-z0-9+.-]{0,30}://[^/\s:@]*:[^/\s@]+@"
)


def names_a_secret(name: str) -> bool:
    words = [word.upper() for word in _WORDS.findall(name)]
    while words[1:] and words[-1] in _QUALIFIERS:
        words.pop()
    if not words or words[0] in _QUANTIFIERS or name == "PWD":
        return False
    last = words[-1].removesuffix("S") if words[-1] != "PASS" else "PASS"
    is_key = last == "KEY" and len(words) > 1 and words[-2] in _KINDS_OF_KEY
    return is_key or last in _WHOLE_WORDS or last.endswith(_ENDINGS)


def is_secret_value(value: str) -> bool:
    """A private key, an access key, a URL with a password in it: a secret under any name."""
    return bool(_SECRET_VALUE.search(value))


def looks_secret(name: str, value: str) -> bool:
    """A switch (`USE_TOKEN = "true"`) and a reference, an ARN or a file's path, are not secrets whatever their name."""
    if is_secret_value(value):
        return True
    return names_a_secret(name) and value.lower() not in _SWITCHES and not _REFERENCE.fullmatch(value)
