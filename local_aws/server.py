"""The embedded AWS's own process: MiniStack, what it lacks, and what it gets wrong.

`server_process.start` runs it with `python -m local_aws.server` and the environment that MiniStack reads at import.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app
from ministack.core.router import SERVICE_PATTERNS

from local_aws import metric_periods, patches, web_pages, whole_answers
from local_aws.application_autoscaling import api as application_autoscaling
from local_aws.application_autoscaling import scheduled_actions
from local_aws.ecs import scheduler
from local_aws.errors import LocalAwsError
from local_aws.server_record import ServerRecord

_LOOPBACK = "127.0.0.1"


def main() -> None:
    port = int(os.environ["GATEWAY_PORT"])
    record = ServerRecord.of_this_process(port)
    directory = Path(os.environ["LOCAL_AWS_DIRECTORY"])
    record.write(directory)
    _add_application_autoscaling()
    patches.install()
    whole_answers.install()
    scheduler.start()
    metric_periods.start()
    scheduled_actions.start()
    asyncio.run(serve(web_pages.refused(app.app), _configuration(port)))
    record.remove(directory)


def _add_application_autoscaling() -> None:
    service, module = application_autoscaling.SERVICE, "application_autoscaling"
    SERVICE_PATTERNS[service] = {"target_prefixes": [application_autoscaling.TARGET_PREFIX]}
    app.SERVICE_REGISTRY[service] = {"module": module}
    app.SERVICE_HANDLERS[service] = application_autoscaling.handle_request
    app._loaded_modules[module] = sys.modules[application_autoscaling.__name__]  # noqa: SLF001
    app._state_map[module] = module  # noqa: SLF001


def _configuration(port: int) -> Config:
    configuration = Config()
    configuration.bind = [f"{_LOOPBACK}:{port}"]
    configuration.keep_alive_timeout = 75
    configuration.graceful_timeout = 1
    return configuration


if __name__ == "__main__":
    try:
        main()
    except LocalAwsError as error:
        sys.exit(str(error))
