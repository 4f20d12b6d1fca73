"""What tasks cost a month, held to sums that were made by hand from AWS's published prices."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate import generator
from operate.cost import planned, prices
from operate.cost.prices import NoPriceError, prices_of
from operate.cost.report import Cost, as_document
from operate.cost.sums import Task, dollars, monthly
from stacks.settings import PARTITION_OF_REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.settings import Environment

DOCUMENT = Path(__file__).parents[2] / "docs" / "cost.md"
SMALL = Task(cpu=256, memory_mib=512, architecture="X86_64", spot_percent=0, public_ip=True)
LARGE = Task(cpu=1024, memory_mib=2048, architecture="X86_64", spot_percent=0, public_ip=False)


@pytest.mark.parametrize(
    ("task", "region", "parts"),
    [
        # 730 x 0.25 x 0.04048, 730 x 0.5 x 0.004445, 730 x 0.005
        (SMALL, "us-east-1", {"vCPU": "7.3876", "memory": "1.622425", "public IPv4 address": "3.65"}),
        # 730 x 1 x 0.04656, 730 x 2 x 0.00511
        (LARGE, "eu-central-1", {"vCPU": "33.9888", "memory": "7.4606"}),
        # 730 x 1 x 0.03238, 730 x 2 x 0.00356
        (replace(LARGE, architecture="ARM64"), "eu-west-1", {"vCPU": "23.6374", "memory": "5.1976"}),
        # 730 x 1 x 0.01288871, 730 x 2 x 0.00141527
        (replace(LARGE, spot_percent=100), "us-east-1", {"vCPU": "9.4087583", "memory": "2.0662942"}),
        # A quarter of that, and three of 29.5504 and 6.4897
        (replace(LARGE, spot_percent=25), "us-east-1", {"vCPU": "24.514989575", "memory": "5.38384855"}),
        # 730 x 11 x 0.000111
        (
            replace(LARGE, storage_gib=31),
            "us-east-2",
            {"vCPU": "29.5504", "memory": "6.4897", "storage above 20 GiB": "0.891330"},
        ),
    ],
)
def test_a_task_costs_a_month(task: Task, region: str, parts: dict[str, str]) -> None:
    """To the last digit: nothing is rounded, and no binary fraction is in it."""
    found = monthly(task, prices_of(region))
    assert found.parts == {name: Decimal(amount) for name, amount in parts.items()}
    assert found.total == sum(map(Decimal, parts.values()))


@pytest.mark.parametrize(
    ("task", "region", "said"),
    [
        (SMALL, "mx-central-1", r"^No prices of mx-central-1 are recorded in prices\.toml\. There are those of af-sou"),
        (replace(SMALL, architecture="ARM64"), "us-west-2", r"^No price of Fargate on ARM64 in us-west-2 is recorded"),
        (replace(SMALL, spot_percent=1), "eu-central-1", r"^No price of Fargate Spot on X86_64 in eu-central-1 is rec"),
        (
            replace(SMALL, storage_gib=21),
            "eu-west-1",
            r"^No price of ephemeral storage in eu-west-1 is recorded: it is",
        ),
    ],
)
def test_what_is_not_recorded_is_not_guessed(task: Task, region: str, said: str) -> None:
    """It is said which price is missing, and where there is one."""
    with pytest.raises(NoPriceError, match=said):
        monthly(task, prices_of(region))


@pytest.mark.parametrize(
    ("amount", "said"),
    [("12.660025", "$12.66"), ("0.005", "$0.01"), ("0", "$0.00"), ("1234567.894", "$1,234,567.89")],
)
def test_amounts_are_shown_in_cents(amount: str, said: str) -> None:
    assert dollars(Decimal(amount)) == said


def test_recorded_prices_are_plausible() -> None:
    """Exact numbers of regions that there are, Spot below on demand, ARM64 below X86_64."""
    recorded = prices._recorded()
    assert prices.FILE.read_text().count("https://") >= 4
    assert set(recorded["regions"]) <= set(PARTITION_OF_REGION)
    for region in recorded["regions"]:
        assert type(prices_of(region).read) is date
        fargate = prices_of(region).fargate
        assert ("on_demand", "X86_64") in fargate
        for (capacity, architecture), price in fargate.items():
            assert all(type(part) is Decimal for part in (price.vcpu_hour, price.gb_hour))
            dearer = fargate[("on_demand", architecture if capacity == "spot" else "X86_64")]
            cheap = (capacity, architecture) != ("on_demand", "X86_64")
            assert (price.vcpu_hour < dearer.vcpu_hour and price.gb_hour < dearer.gb_hour) is cheap


def test_the_environment_is_what_is_counted(environment: Callable[..., Environment]) -> None:
    """Its size, architecture, share of Spot, addresses and bounds: each is another cost."""
    settings = environment(
        container={"cpu": 1024, "memory_mib": 2048, "cpu_architecture": "ARM64"},
        network={"assign_public_ip": False},
        service={"fargate_spot_percent": 100},
        scaling={"min_capacity": 2, "max_capacity": 6},
    )
    document = as_document(Cost.of(settings))
    # 730 x 1 x 0.00979124, 730 x 2 x 0.00107649
    assert document["task"] == {"vCPU": "7.1476052", "memory": "1.5716754"}
    assert document["total"] == {"a task": "8.7192806", "least": "17.4385612", "most": "52.3156836"}
    assert document["instead"] == {
        "X86_64, on demand": "36.0401",
        "X86_64, Spot": "10.8979948",
        "ARM64, on demand": "28.835",
        "ARM64, Spot": "8.7192806",
    }
    assert document["tasks"] == {"least": 2, "most": 6}
    assert json.loads(json.dumps(document)) == document


def test_a_schedule_is_counted_at_its_extremes(environment: Callable[..., Environment]) -> None:
    """What no hour goes below, and what none goes above."""
    night = {"name": "night", "expression": "cron(0 20 * * ? *)", "min_capacity": 0}
    sale = {"name": "sale", "expression": "cron(0 8 * * ? *)", "max_capacity": 9}
    settings = environment(scaling={"min_capacity": 2, "max_capacity": 4, "schedule": [night, sale]})
    assert as_document(Cost.of(settings))["tasks"] == {"least": 0, "most": 9}


def test_storage_of_the_environment_is_counted(environment: Callable[..., Environment]) -> None:
    """From the 21st GiB on."""
    settings = environment(container={"ephemeral_storage_gib": 31}).model_copy(update={"region": "us-east-1"})
    assert as_document(Cost.of(settings))["task"]["storage above 20 GiB"] == "0.89133"  # 730 x 11 x 0.000111


def test_the_verb_shows_a_table() -> None:
    """Of `dev`, whose prices are Ireland's: parts, totals, and what is cheaper by how much."""
    shown = CliRunner().invoke(command_line.app, ["cost", "dev"], catch_exceptions=False).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["public", "IPv4", "address", "$3.65", "$3.65", "$14.60"] in lines
    assert ["total", "$12.66", "$12.66", "$50.64"] in lines
    assert ["X86_64,", "on", "demand", "$12.66", "$12.66", "$50.64", "as", "it", "is"] in lines
    assert ["ARM64,", "Spot", "$5.83", "$5.83", "$23.32", "-54", "%"] in lines
    assert "Not counted: the load balancer" in shown
    assert "dashboard" not in shown.lower()


def test_the_verb_says_what_it_has_no_price_of(
    environment: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of a figure; and that a dashboard costs too."""
    settings = environment(dashboard={"enabled": True}).model_copy(update={"region": "eu-central-1"})
    monkeypatch.setattr(generator, "settings_of", lambda _: settings)
    shown = CliRunner().invoke(command_line.app, ["cost", "dev"], catch_exceptions=False).stdout
    assert ["ARM64,", "Spot", *["not", "recorded"] * 3] in [line.split() for line in shown.splitlines()]
    assert "The dashboard: $3.00 more" in shown


def test_the_verbs_document(environment: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch) -> None:
    """For a program."""
    monkeypatch.setattr(generator, "settings_of", lambda _: environment())
    shown = CliRunner().invoke(command_line.app, ["cost", "--json", "dev"], catch_exceptions=False).stdout
    document = json.loads(shown)
    assert (document["service"], document["region"], document["currency"]) == ("go-api-dev", "eu-west-1", "USD")
    assert document["total"]["most"] == "50.6401"


def plan(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """What Terraform's plan has of three resources; a side is what its task and bounds are, None where nothing is."""
    given = {"before": before, "after": after}
    sides = {
        when: None if of is None else values(**{key: one for key, one in of.items() if key != "schedule"})
        for when, of in given.items()
    }
    types = ("aws_ecs_task_definition", "aws_ecs_service", "aws_appautoscaling_target")
    changes = [
        {
            "mode": "managed",
            "type": type_,
            "change": {when: found and found[type_] for when, found in sides.items()},
        }
        for type_ in types
    ]
    schedules = {when: of and of.get("schedule", ()) for when, of in given.items()}
    for name, (low, high) in {"night": ("0", None), "noon": (None, "12")}.items():
        action = {"scalable_target_action": [{"min_capacity": low, "max_capacity": high}]}
        change = {when: action if names and name in names else None for when, names in schedules.items()}
        changes.append({"mode": "managed", "type": "aws_appautoscaling_scheduled_action", "change": change})
    gone = {"type": "aws_ecs_service", "change": {"before": None, "after": None}}
    others = [{**gone, "mode": "data"}, {**gone, "mode": "managed", "deposed": "01234567"}]
    return {"resource_changes": [*changes, *others]}


def values(
    cpu: str = "256",
    spot: int = 0,
    bounds: tuple[int, int] = (1, 4),
    storage: int | None = None,
    **service: Any,
) -> dict[str, Any]:
    weights = {"FARGATE": 100 - spot, "FARGATE_SPOT": spot}
    return {
        "aws_ecs_task_definition": {
            "cpu": cpu,
            "memory": "512" if cpu == "256" else "2048",
            "runtime_platform": [{"cpu_architecture": "X86_64"}],
            "ephemeral_storage": [{"size_in_gib": storage}] if storage else [],
        },
        "aws_ecs_service": {
            "network_configuration": [{"assign_public_ip": True}],
            "capacity_provider_strategy": [
                {"capacity_provider": name, "weight": weight} for name, weight in weights.items() if weight
            ],
            **service,
        },
        "aws_appautoscaling_target": {"min_capacity": bounds[0], "max_capacity": bounds[1]},
    }


AT = ", at AWS's prices in us-east-1 of 2026-09-28"
SAME = "$12.66 to $50.64 a month (1 to 4 tasks)"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, {}, f"About {SAME}{AT}"),
        ({}, {}, f"About {SAME}{AT}"),
        ({}, {"cpu": "1024"}, f"About $39.69 to $158.76 a month (1 to 4 tasks), {SAME} until now{AT}"),
        ({}, {"bounds": (0, 8)}, f"About $0.00 to $101.28 a month (0 to 8 tasks), {SAME} until now{AT}"),
        (
            {"bounds": (3, 3)},
            {"bounds": (1, 1)},
            f"About $12.66 a month (1 task), $37.98 a month (3 tasks) until now{AT}",
        ),
        # 9.010025 on demand, 2.8688 on Spot, and 3.65
        ({}, {"spot": 50}, f"About $9.59 to $38.36 a month (1 to 4 tasks), {SAME} until now{AT}"),
        ({"capacity_provider_strategy": []}, {}, f"About {SAME}{AT}"),
        # 730 x 10 x 0.000111 = 0.8103
        ({}, {"storage": 30}, f"About $13.47 to $53.88 a month (1 to 4 tasks), {SAME} until now{AT}"),
        ({}, {"schedule": ["night", "noon"]}, f"About $0.00 to $151.92 a month (0 to 12 tasks), {SAME} until now{AT}"),
        ({"schedule": ["noon"]}, {}, f"About {SAME}, $12.66 to $151.92 a month (1 to 12 tasks) until now{AT}"),
        ({}, None, None),
    ],
)
def test_a_plan_says_what_it_makes_of_the_cost(
    before: dict[str, Any] | None, after: dict[str, Any] | None, said: str | None
) -> None:
    """One line, with what it was where that changes; nothing where the service goes."""
    assert planned.line(plan(before, after), region="us-east-1") == said


def test_a_plan_where_no_price_is_recorded() -> None:
    """It is still a plan, and says why there is no figure."""
    said = planned.line(plan(None, {}), region="mx-central-1")
    assert (said or "").startswith("What it costs is not known: no prices of mx-central-1 are recorded")
    said = planned.line(plan({"spot": 50}, {}), region="eu-central-1")
    assert (
        said
        == "What it costs is not known: no price of Fargate Spot on X86_64 in eu-central-1 is recorded in prices.toml."
    )


def test_a_plan_of_something_else_has_no_cost() -> None:
    assert planned.line({"resource_changes": []}, region="us-east-1") is None


def test_the_documented_table_is_this() -> None:
    """`docs/cost.md` shows it at 80 columns, and one line of a plan."""
    shown = CliRunner().invoke(command_line.app, ["cost", "dev"], catch_exceptions=False).stdout
    table, line = re.findall(r"^```text\n(.*?)^```$", DOCUMENT.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert [each.rstrip() for each in shown.splitlines()] == table.splitlines()
    assert planned.line(plan({}, {"cpu": "1024"}), region="us-east-1") == line.rstrip()
