"""Once a period: what AWS publishes to CloudWatch of what runs here, and what acts on it."""
# ruff: noqa: SLF001

from __future__ import annotations

import threading
import time

from ministack.core.responses import request_scope
from ministack.services import alb, cloudwatch, ecs

from local_aws.application_autoscaling.target_tracking import Tracker
from local_aws.cloudwatch import alarms, application_load_balancers, data_points
from local_aws.cloudwatch.ecs_services import Meter
from local_aws.ecs import records


def start() -> None:
    threading.Thread(target=_run, name="metric-periods", daemon=True).start()


def _run() -> None:
    meter, tracker = Meter(), Tracker()
    while not records.closing.wait(data_points.PERIOD_SECONDS):
        began = time.time()
        tenants = _tenants()
        for account, region in tenants:
            with request_scope(account, region):
                meter.publish()
                application_load_balancers.publish()
        alarms.end_period()
        for account, region in tenants:
            with request_scope(account, region):
                tracker.act(since=began)
                alarms.evaluate()


def _tenants() -> list[tuple[str, str]]:
    stores = (ecs._services, alb._lbs, cloudwatch._alarms)
    return sorted({key[:2] for store in stores for key, _ in store.all_items()})
