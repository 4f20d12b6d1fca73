"""What tasks cost a month of 730 hours, as AWS's own calculator counts it. Nothing is rounded before it is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from operate.cost.prices import NoPriceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operate.cost.prices import Capacity, Prices

HOURS_OF_A_MONTH = 730
_UNITS_OF_A_VCPU, _MIB_OF_A_GB = 1024, 1024
FREE_STORAGE_GIB = 20
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Task:
    """What of a task is paid for; `spot_percent` is the share of the tasks that are on Spot."""

    cpu: int
    memory_mib: int
    architecture: str
    spot_percent: int
    public_ip: bool
    storage_gib: int = FREE_STORAGE_GIB


@dataclass(frozen=True)
class Monthly:
    """One task's, in USD: `parts` by what they are for."""

    parts: Mapping[str, Decimal]

    @property
    def total(self) -> Decimal:
        return sum(self.parts.values(), Decimal(0))


def monthly(task: Task, prices: Prices) -> Monthly:
    """Raises NoPriceError for what is not recorded. A share of Spot counts as a share of each task."""
    vcpu, memory = _of_capacities(task, prices)
    parts = {"vCPU": vcpu, "memory": memory}
    extra_gib = max(0, task.storage_gib - FREE_STORAGE_GIB)
    if extra_gib:
        if prices.storage_gb_hour is None:
            raise NoPriceError(f"No price of ephemeral storage in {prices.region} is recorded: it is free to 20 GiB.")
        parts["storage above 20 GiB"] = HOURS_OF_A_MONTH * extra_gib * prices.storage_gb_hour
    if task.public_ip:
        parts["public IPv4 address"] = HOURS_OF_A_MONTH * prices.public_ipv4_hour
    return Monthly(parts)


def _of_capacities(task: Task, prices: Prices) -> tuple[Decimal, Decimal]:
    vcpu = memory = Decimal(0)
    shares: dict[Capacity, int] = {"on_demand": 100 - task.spot_percent, "spot": task.spot_percent}
    for capacity, percent in shares.items():
        if percent:
            price = prices.of(capacity, task.architecture)
            hours = Decimal(HOURS_OF_A_MONTH * percent) / 100
            vcpu += hours * task.cpu / _UNITS_OF_A_VCPU * price.vcpu_hour
            memory += hours * task.memory_mib / _MIB_OF_A_GB * price.gb_hour
    return vcpu, memory


def alternatives(task: Task) -> dict[str, Task]:
    """The same task in each architecture and capacity."""
    return {
        f"{architecture}, {'Spot' if spot_percent else 'on demand'}": replace(
            task, architecture=architecture, spot_percent=spot_percent
        )
        for architecture in ("X86_64", "ARM64")
        for spot_percent in (0, 100)
    }


def dollars(amount: Decimal) -> str:
    return f"${amount.quantize(_CENT, ROUND_HALF_UP):,}"
