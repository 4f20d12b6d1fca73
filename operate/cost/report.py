"""What an environment's tasks cost, for `operate cost`: the parts of it, and what Spot and ARM64 would cost instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table

from operate.cost.prices import FILE, NoPriceError, prices_of
from operate.cost.sums import FREE_STORAGE_GIB, HOURS_OF_A_MONTH, Task, alternatives, dollars, monthly

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import RenderableType

    from operate.cost.prices import Prices
    from operate.cost.sums import Monthly
    from stacks.settings import Environment

_NOT_COUNTED = (
    "Not counted: the load balancer, which is the team's, NAT gateways and endpoints, data transfer, logs, alarms, "
    "Container Insights, images and secrets; and the tasks that run beside the old ones during a deployment."
)


@dataclass(frozen=True)
class Cost:
    """`least` and `most` tasks, at any hour of a schedule.

    `others` are the same task otherwise, each with its monthly cost, or None where no price is recorded.
    """

    name: str
    task: Task
    prices: Prices
    monthly: Monthly
    least: int
    most: int
    others: dict[str, Monthly | None]
    has_dashboard: bool

    @classmethod
    def of(cls, settings: Environment) -> Cost:
        """Raises NoPriceError where a price of what the environment uses is not recorded."""
        prices, task, scaling = prices_of(settings.region), _task(settings), settings.scaling
        return cls(
            name=settings.name_prefix,
            task=task,
            prices=prices,
            monthly=monthly(task, prices),
            least=scaling.least_capacity,
            most=scaling.highest_capacity,
            others={name: _if_recorded(other, prices) for name, other in alternatives(task).items()},
            has_dashboard=settings.dashboard.enabled,
        )


def _task(settings: Environment) -> Task:
    storage_gib = settings.container.ephemeral_storage_gib
    return Task(
        cpu=settings.container.cpu,
        memory_mib=settings.container.memory_mib,
        architecture=settings.container.cpu_architecture,
        spot_percent=settings.service.fargate_spot_percent,
        public_ip=settings.network.assign_public_ip,
        storage_gib=FREE_STORAGE_GIB if storage_gib is None else storage_gib,
    )


def _if_recorded(task: Task, prices: Prices) -> Monthly | None:
    try:
        return monthly(task, prices)
    except NoPriceError:
        return None


def shown(cost: Cost) -> RenderableType:
    return Group(_heading(cost), "", _parts(cost), "", _compared(cost), "", *_notes(cost))


def as_document(cost: Cost) -> dict[str, Any]:
    """Of JSON's types alone; amounts are text, so that no program rounds them."""
    return {
        "service": cost.name,
        "region": cost.prices.region,
        "prices_read": cost.prices.read.isoformat(),
        "hours": HOURS_OF_A_MONTH,
        "currency": "USD",
        "tasks": {"least": cost.least, "most": cost.most},
        "task": {name: _exact(amount) for name, amount in cost.monthly.parts.items()},
        "total": {name: _exact(count * cost.monthly.total) for name, count in _counts(cost).items()},
        "instead": {name: other and _exact(other.total) for name, other in cost.others.items()},
    }


def _exact(amount: Decimal) -> str:
    """Without zeros at its end."""
    return f"{amount.normalize():f}"


def _counts(cost: Cost) -> dict[str, int]:
    return {"a task": 1, "least": cost.least, "most": cost.most}


def _heading(cost: Cost) -> str:
    task = cost.task
    spot = {0: "on demand", 100: "on Spot"}.get(task.spot_percent, f"{task.spot_percent} % on Spot")
    return (
        f"{cost.name} in {cost.prices.region}: {cost.least} to {cost.most} tasks of {task.cpu} CPU units and "
        f"{task.memory_mib} MiB, {task.architecture}, {spot}; a month of {HOURS_OF_A_MONTH} hours"
    )


def _table(cost: Cost, *headings: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("")
    for heading in ("a task", f"least, {cost.least}", f"most, {cost.most}"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _amounts(cost: Cost, amount: Decimal) -> list[str]:
    return [dollars(count * amount) for count in _counts(cost).values()]


def _parts(cost: Cost) -> Table:
    table = _table(cost)
    for name, amount in cost.monthly.parts.items():
        table.add_row(name, *_amounts(cost, amount))
    table.add_row("total", *_amounts(cost, cost.monthly.total), style="bold")
    return table


def _compared(cost: Cost) -> Table:
    """With the same size, address and storage."""
    table = _table(cost, "instead")
    for name, other in cost.others.items():
        if other is None:
            table.add_row(name, *["not recorded"] * 3, "")
        else:
            table.add_row(name, *_amounts(cost, other.total), _difference(other.total, cost.monthly.total))
    return table


def _difference(other: Decimal, own: Decimal) -> str:
    percent = round(100 * (other - own) / own)
    return f"{percent:+d} %" if percent else "as it is"


def _notes(cost: Cost) -> list[str]:
    sources = (
        f"AWS's prices in USD without tax, read {cost.prices.read}: operate/cost/{FILE.name} has their sources. "
        "Those of Spot change with supply."
    )
    dashboard = f"The dashboard: {dollars(cost.prices.dashboard_month)} more, but for an account's first three."
    return [sources, *([dashboard] if cost.has_dashboard else []), _NOT_COUNTED]
