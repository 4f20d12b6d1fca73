"""Once a period: what AWS publishes to CloudWatch of what runs here, and what acts on it."""
# ruff: noqa: SLF001

from __future__ import annotations

import threading
import time

from ministack.core.responses import request_scope
from ministack.services import alb, ecs

from local_aws.application_autoscaling.target_tracking import Tracker
from local_aws.cloudwatch import application_load_balancers, data_points
from local_aws.cloudwatch.ecs_services import Meter
from local_aws.ecs import records


def start() -> None:
    threading.Thread(target=_run, name="metric-periods", daemon=True).start()


def _run() -> None:
    meter, tracker = Meter(), Tracker()
    while not records.closing.wait(data_points.PERIOD_SECONDS):
        for account, region in sorted({key[:2] for store in (ecs._services, alb._lbs) for key, _ in store.all_items()}):
            with request_scope(account, region):
                began = time.time()
                meter.publish()
                application_load_balancers.publish()
                tracker.act(since=began)
