"""What holds where nothing else is said, for constructs and for the settings that reach them. No cdktf.

The public IP is FR-007's, the percents are FR-008's, the capacities FR-009's, and a task's size is what the
specification assumes.
"""

from __future__ import annotations

from typing import Final

CONTAINER_INSIGHTS: Final = "disabled"
FARGATE_SPOT_PERCENT: Final = 0

LOG_RETENTION_DAYS: Final = 30

CPU: Final = 256
MEMORY_MIB: Final = 512
CPU_ARCHITECTURE: Final = "X86_64"

USER: Final = "65532"
READONLY_ROOT_FILESYSTEM: Final = True
STOP_TIMEOUT_SECONDS: Final = 30

CONTAINER_HEALTH_CHECK_INTERVAL_SECONDS: Final = 30
CONTAINER_HEALTH_CHECK_TIMEOUT_SECONDS: Final = 5
CONTAINER_HEALTH_CHECK_RETRIES: Final = 3
CONTAINER_HEALTH_CHECK_START_PERIOD_SECONDS: Final = 0

ENABLE_EXECUTE_COMMAND: Final = False

HEALTH_CHECK_PATH: Final = "/health"  # SC-001

ASSIGN_PUBLIC_IP: Final = True

MINIMUM_HEALTHY_PERCENT: Final = 100
MAXIMUM_PERCENT: Final = 200
HEALTH_CHECK_GRACE_PERIOD_SECONDS: Final = 60
STEADY_STATE_TIMEOUT_MINUTES: Final = 20

MIN_CAPACITY: Final = 1
MAX_CAPACITY: Final = 4
CPU_TARGET_PERCENT: Final = 70
SCALE_IN_COOLDOWN_SECONDS: Final = 300
SCALE_OUT_COOLDOWN_SECONDS: Final = 60
TIME_ZONE: Final = "UTC"

EVALUATION_PERIODS: Final = 5
DATAPOINTS_TO_ALARM: Final = 3
SERVER_ERRORS_PERCENT: Final = 5
LATENCY_SECONDS: Final = 2
LEAST_REQUESTS: Final = 20
UNHEALTHY_TARGETS: Final = 1
SHARED_LOAD_BALANCER: Final = False
CPU_ALARM_PERCENT: Final = 90
MEMORY_ALARM_PERCENT: Final = 90
