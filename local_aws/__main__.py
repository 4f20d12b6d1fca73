"""The command line: `python -m local_aws up | down | status | env`."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws import container_engine, lifecycle
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws

_FOLDER = Path(".local") / "aws"


def main() -> None:
    try:
        arguments = _parser().parse_args()
        _VERBS[arguments.verb](lifecycle.configured(arguments.directory))
    except LocalAwsError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description="An AWS on this machine.")
    parser.add_argument("verb", choices=_VERBS, help="start it, stop it, say whether it runs, print its variables")
    parser.add_argument("--directory", type=Path, default=_FOLDER, help="where it keeps its data (%(default)s)")
    return parser


def up(local_aws: LocalAws) -> None:
    if lifecycle.up(local_aws, containers=True, step=_step):
        _say("It was not stopped in an orderly way: it starts empty.")
    if container_engine.running(local_aws) is None:
        _say(f"Tasks are bookkeeping. {container_engine.why_none() or 'The container engine does not answer.'}")
    status(local_aws)


def down(local_aws: LocalAws) -> None:
    lifecycle.down(local_aws, step=_step)
    status(local_aws)


def status(local_aws: LocalAws) -> None:
    found = lifecycle.status(local_aws)
    print(f"runs on {found.endpoint}, process {found.pid}" if found.running else "stopped")  # noqa: T201


def env(local_aws: LocalAws) -> None:
    """Shell code that points terraform and aws at it: eval "$(python -m local_aws env)"."""
    if not lifecycle.status(local_aws).running:
        raise LocalAwsError("It is not running: `python -m local_aws up` starts it.")
    for name, value in local_aws.environment_variables().items():
        line = f"export {name}={shlex.quote(value)}" if value else f"unset {name}"
        sys.stdout.buffer.write(os.fsencode(f"{line}\n"))  # a value need not be text


_VERBS = {"up": up, "down": down, "status": status, "env": env}


@contextlib.contextmanager
def _step(label: str) -> Iterator[None]:
    _say(label)
    yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
