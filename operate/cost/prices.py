"""AWS's published prices, as `prices.toml` has them with their sources and dates."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from operate.errors import OperateError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

Capacity = Literal["on_demand", "spot"]

FILE = Path(__file__).with_name("prices.toml")


class NoPriceError(OperateError):
    """What is asked for is not recorded."""


@dataclass(frozen=True)
class Price:
    """USD for an hour of a vCPU and of a GB of memory."""

    vcpu_hour: Decimal
    gb_hour: Decimal


@dataclass(frozen=True)
class Prices:
    """Of one region; `fargate` by capacity and architecture. `storage_gb_hour` is None where it is not recorded."""

    region: str
    read: date
    fargate: Mapping[tuple[str, str], Price]
    storage_gb_hour: Decimal | None
    public_ipv4_hour: Decimal
    dashboard_month: Decimal

    def of(self, capacity: Capacity, architecture: str) -> Price:
        """Raises NoPriceError."""
        found = self.fargate.get((capacity, architecture))
        if found is None:
            what = "Fargate Spot" if capacity == "spot" else "Fargate"
            raise NoPriceError(f"No price of {what} on {architecture} in {self.region} is recorded in {FILE.name}.")
        return found


def prices_of(region: str) -> Prices:
    """Raises NoPriceError where none of the region is recorded."""
    recorded = _recorded()
    if region not in recorded["regions"]:
        known = ", ".join(sorted(recorded["regions"]))
        raise NoPriceError(f"No prices of {region} are recorded in {FILE.name}. There are those of {known}.")
    found = recorded["regions"][region]
    return Prices(
        region=region,
        read=found["read"],
        fargate={
            (capacity, architecture): Price(price["vcpu_hour"], price["gb_hour"])
            for capacity in ("on_demand", "spot")
            for architecture, price in found.get(capacity, {}).items()
        },
        storage_gb_hour=found.get("storage_gb_hour"),
        public_ipv4_hour=recorded["public_ipv4_hour"],
        dashboard_month=recorded["dashboard_month"],
    )


@cache
def _recorded() -> dict[str, Any]:
    """Its numbers are exact."""
    found: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal)
    return found
