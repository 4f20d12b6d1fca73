"""Once a period: what AWS publishes to CloudWatch of what runs here, and what acts on it."""
# ruff: noqa: SLF001

from __future__ import annotations

import threading
import time
from functools import partial

from ministack.services import alb, cloudwatch, ecs

from local_aws.application_autoscaling.target_tracking import Tracker
from local_aws.cloudwatch import alarms, application_load_balancers, data_points
from local_aws.cloudwatch.ecs_services import Meter
from local_aws.ecs import records
from local_aws.tenants import for_each_tenant


def start() -> None:
    threading.Thread(target=_run, name="metric-periods", daemon=True).start()


def _run() -> None:
    meter, tracker = Meter(), Tracker()
    stores = (ecs._services, alb._lbs, cloudwatch._alarms)
    while not records.closing.wait(data_points.PERIOD_SECONDS):
        began = time.time()
        for_each_tenant(stores, meter.publish)
        for_each_tenant(stores, application_load_balancers.publish)
        alarms.end_period()
        for_each_tenant(stores, partial(tracker.act, since=began))
        for_each_tenant(stores, alarms.evaluate)
