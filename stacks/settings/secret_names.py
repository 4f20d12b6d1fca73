"""Which environment variables look like secrets, by the name and the value together.

A name is read as English reads a compound: its last word says what the thing is. DB_PASSWORD is a password;
PASSWORD_MIN_LENGTH is a length and TOKEN_TTL_SECONDS a time, and both are let pass. Under the name of a secret, a
switch, a count, a duration, and what says where the secret is are none either.
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
_QUESTIONS: Final = frozenset(
    {
        "ALLOW", "CHECK", "DISABLE", "ENABLE", "ENFORCE", "HAS", "IS", "NEED", "NEEDS", "REQUIRE", "REQUIRES",
        "SKIP", "USE", "USES", "VALIDATE", "VERIFY", "WITH",
    }
)
# fmt: on
_QUANTIFIERS: Final = frozenset({"MAX", "MIN", "NUM"})
_PUBLIC: Final = frozenset({"PUBLIC", "PUBLISHABLE"})
_LONGEST_ANSWER: Final = (
    15  # to a question, which REQUIRE_API_KEY is; as long as `same-origin-only`, shorter than a key
)
_SWITCH: Final = re.compile(
    r"(?i)|true|false|yes|no|on|off|[01]|enabled|disabled|none|null|required|optional|always|never|auto"
)
_DURATION: Final = re.compile(r"[0-9]+(?:ms|s|m|h|d)")
_REFERENCE: Final = re.compile(
    r"arn:aws[\w-]*:\S+"
    r"|(?:/[\w.-]+){2,}"
    r"|[a-z0-9_.-]+(?:/[a-z0-9_.-]+)+"  # the name of a secret, an alias of a key: a key itself has capitals
    r"|[a-z][a-z0-9+.-]*://[^\s@?#]+"
)
_PLACEHOLDER: Final = r"(?:\$?\{|\$\(|\$[A-Z_]|%|<|\*)"  # in front of what the program puts there itself
_SECRET_VALUE: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[oprsu]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22}|\bglpat-[\w-]{20}|\bnpm_[A-Za-z0-9]{36}"
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16}|\bsk-[\w-]{20}|\bxox[abprs]-[\w-]{10}|\bAIza[\w-]{35}"
    r"|\bSG\.[\w-]{16,}\.[\w-]{16}|hooks\.slack\.com/services/\w+/\w+/\w"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10}"
    r"|\b(?i:password|pwd|accountkey|sharedaccesskey)=(?!" + _PLACEHOLDER + r")[^\s;&]"
    r"|\b[a-z][a-z0-9+.-]{0,30}://[^/\s:@]*:(?!" + _PLACEHOLDER + r")[^/\s@]+@"
)


def _words(name: str) -> list[str]:
    words = [word.upper() for word in _WORDS.findall(name)]
    while words[1:] and words[-1] in _QUALIFIERS:
        words.pop()
    return words


def names_a_secret(name: str) -> bool:
    words = _words(name)
    if not words or words[0] in _QUANTIFIERS or _PUBLIC & {*words} or name == "PWD":
        return False
    last = words[-1].removesuffix("S") if words[-1] != "PASS" else "PASS"
    is_key = last == "KEY" and len(words) > 1 and words[-2] in _KINDS_OF_KEY
    return is_key or last in _WHOLE_WORDS or last.endswith(_ENDINGS)


def is_secret_value(value: str) -> bool:
    """A private key, an access key, a URL with a password in it: a secret under any name."""
    return bool(_SECRET_VALUE.search(value))


def looks_secret(name: str, value: str) -> bool:
    return is_secret_value(value) or (names_a_secret(name) and not _is_no_secret(name, value))


def _is_no_secret(name: str, value: str) -> bool:
    """`USE_TOKEN = "strict"`, `TOKENS = "4096"`, `DB_SECRET = "prod/app/db"`: whatever the name."""
    first, last = _words(name)[0], _words(name)[-1]
    is_answer = first in _QUESTIONS and len(value) <= _LONGEST_ANSWER
    is_count = last.endswith("S") and not last.endswith("SS") and value.isdecimal()
    return is_answer or is_count or any(kind.fullmatch(value) for kind in (_SWITCH, _DURATION, _REFERENCE))
