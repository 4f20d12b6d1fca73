"""Synthesizes one stack for each file in environments/. Run by `cdktf synth`, `cdktf deploy` and every other verb."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from pathlib import Path

from stacks.environment import Environment, SettingsError, load_environments

ROOT = Path(__file__).parent


def synthesize(environments: tuple[Environment, ...]) -> None:
    # Imported only now: wrong settings are refused before Node starts, and the provider loads on demand.
    import lazy_provider  # noqa: PLC0415

    if lazy_provider.enable():
        # The run is over before there is garbage worth a search, and its end frees everything anyway.
        gc.disable()
        atexit.register(gc.freeze)
    from cdktf import App  # noqa: PLC0415

    from stacks.fargate_api_stack import FargateApiStack  # noqa: PLC0415

    app = App()
    for environment in environments:
        FargateApiStack(app, environment.name_prefix, environment=environment)
    app.synth()


def main() -> None:
    try:
        environments = load_environments(ROOT / os.environ.get("ENVIRONMENTS_DIR", "environments"))
    except SettingsError as error:
        sys.exit(str(error))
    synthesize(environments)


if __name__ == "__main__":
    main()
