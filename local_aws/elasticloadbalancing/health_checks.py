"""The load balancer's health check of one target: its request, and how the outcomes change the target's state.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["initial", "healthy", "unhealthy"]


@dataclass(frozen=True)
class Outcome:
    passed: bool
    reason: str = ""
    description: str = ""


PASSED = Outcome(passed=True)
_TIMED_OUT = Outcome(passed=False, reason="Target.Timeout", description="Request timed out")
_FAILED = Outcome(passed=False, reason="Target.FailedHealthChecks", description="Health checks failed")
HTTP_PROTOCOLS = ("HTTP", "HTTPS")
"""In which a check asks for a path; in any other it only connects."""


@dataclass(frozen=True)
class Check:
    """A target group's settings."""

    protocol: str
    port: int | None  # None where the check goes to the target's own port
    path: str
    codes: str  # "200", "200,302" or "200-299"
    interval_seconds: float
    timeout_seconds: float
    healthy_threshold: int
    unhealthy_threshold: int

    @classmethod
    def of(cls, target_group: Mapping[str, Any]) -> Check:
        port = target_group["HealthCheckPort"]
        return cls(
            protocol=target_group["HealthCheckProtocol"],
            port=None if port == "traffic-port" else int(port),
            path=target_group["HealthCheckPath"],
            codes=target_group["Matcher"]["HttpCode"],
            interval_seconds=target_group["HealthCheckIntervalSeconds"],
            timeout_seconds=target_group["HealthCheckTimeoutSeconds"],
            healthy_threshold=target_group["HealthyThresholdCount"],
            unhealthy_threshold=target_group["UnhealthyThresholdCount"],
        )

    def accepts(self, status: int) -> bool:
        ranges = [part.partition("-") for part in self.codes.split(",")]
        return any(int(low) <= status <= int(high or low) for low, _, high in ranges)

    def probe(self, address: str, traffic_port: int) -> Outcome:
        port = self.port or traffic_port
        return self._request(address, port) if self.protocol in HTTP_PROTOCOLS else self._connect(address, port)

    def _connect(self, address: str, port: int) -> Outcome:
        """https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html"""
        try:
            with socket.create_connection((address, port), timeout=self.timeout_seconds):
                return PASSED
        except TimeoutError:
            return _TIMED_OUT
        except OSError:
            return _FAILED

    def _request(self, address: str, port: int) -> Outcome:
        connection = self._connection(address, port)
        try:
            connection.request("GET", self.path, headers={"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"})
            status = connection.getresponse().status
        except TimeoutError:
            return _TIMED_OUT
        except (OSError, http.client.HTTPException):
            return _FAILED
        finally:
            connection.close()
        if self.accepts(status):
            return PASSED
        description = f"Health checks failed with these codes: [{status}]"
        return Outcome(passed=False, reason="Target.ResponseCodeMismatch", description=description)

    def _connection(self, address: str, port: int) -> http.client.HTTPConnection:
        if self.protocol != "HTTPS":
            return http.client.HTTPConnection(address, port, timeout=self.timeout_seconds)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # a load balancer does not validate its targets' certificates
        return http.client.HTTPSConnection(address, port, timeout=self.timeout_seconds, context=context)


@dataclass(frozen=True)
class Health:
    """`against` counts the outcomes in a row that speak against the state."""

    state: State = "initial"
    reason: str = "Elb.InitialHealthChecking"
    description: str = "Initial health checks in progress"
    against: int = 0

    def after(self, outcome: Outcome, check: Check) -> Health:
        """One passed check is enough for a new target; a target that was unhealthy needs the healthy threshold."""
        if outcome.passed:
            return self._after_pass(check)
        against = self.against + 1
        if self.state == "unhealthy":
            return Health("unhealthy", outcome.reason, outcome.description)
        if against >= check.unhealthy_threshold:
            return Health("unhealthy", outcome.reason, outcome.description)
        return replace(self, against=against)

    def _after_pass(self, check: Check) -> Health:
        if self.state == "unhealthy" and self.against + 1 < check.healthy_threshold:
            return replace(self, against=self.against + 1)
        return Health("healthy", "", "")
