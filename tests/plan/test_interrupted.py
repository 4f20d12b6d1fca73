"""Two verbs at once, and verbs whose Terraform or who themselves were killed: processes, as a person starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from local_aws import lifecycle
from operate.local import deployment_lock
from operate.service import wait_until
from tests.checkout import Checkout, checked_out
from tests.plan.stand_in import furnish

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN_SECONDS = 300


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """With the existing modules, and nothing deployed."""
    with checked_out(tmp_path_factory.mktemp("checkout")) as checkout:
        lifecycle.up(checkout.local_aws)
        furnish(checkout.local_aws)
        yield checkout


def at_work(checkout: Checkout) -> subprocess.Popen[str]:
    """A plan that has begun."""
    process = checkout.start("plan", "local")
    name = f"`plan local` (process {process.pid}) has been at work since "
    assert wait_until(
        lambda: (deployment_lock.holder(checkout.local_aws) or "").startswith(name), within_seconds=WITHIN_SECONDS
    )
    return process


@dataclass(frozen=True)
class TwoAtOnce:
    """Plans, of which the second began while the first was at work."""

    checkout: Checkout
    process_id: int
    exit_codes: tuple[int, int]
    second_said: str


@pytest.fixture(scope="module")
def planned(checkout: Checkout) -> TwoAtOnce:
    first = at_work(checkout)
    second, said = checkout.operate("plan", "local")
    first.communicate(timeout=WITHIN_SECONDS)
    return TwoAtOnce(checkout, first.pid, (first.returncode, second), said)


def test_a_second_verb_waits_and_says_for_whom(planned: TwoAtOnce) -> None:
    """And since when; then it is done as well."""
    assert f"waiting, since `plan local` (process {planned.process_id}) has been at work since " in planned.second_said
    assert planned.exit_codes == (0, 0)


def shared_providers(checkout: Checkout) -> list[int]:
    """Processes of the AWS provider that wait for more than one Terraform, and were started for this embedded AWS."""

    def is_one(process: psutil.Process) -> bool:
        try:
            endpoint = process.environ().get("AWS_ENDPOINT_URL", "")
            return "-debug" in process.cmdline() and endpoint.endswith(f":{checkout.local_aws.port}")
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return False

    return [process.pid for process in psutil.process_iter() if is_one(process)]


def test_the_provider_of_a_plan_ends_with_it(planned: TwoAtOnce) -> None:
    """Several commands of Terraform have one."""
    assert shared_providers(planned.checkout) == []


def test_terraform_reads_the_plan_with_a_provider_of_its_own(planned: TwoAtOnce) -> None:
    """As the verb did, whose Terraform shared one."""
    folder = planned.checkout.folder / "cdktf.out" / "stacks" / "go-api-local"
    variables = planned.checkout.variables
    shown = subprocess.run(
        ["terraform", "show", "-json", "plan"], cwd=folder, env=variables, capture_output=True, check=True
    )
    assert json.loads(shown.stdout) == json.loads((folder / "plan.json").read_text())


def test_a_killed_terraforms_lock_is_freed_by_the_command_that_is_printed(planned: TwoAtOnce) -> None:
    """In a shell that knows nothing of the embedded AWS, as it stands, with Terraform's question answered."""
    checkout = planned.checkout
    kill_apply(checkout)
    exit_code, said = checkout.operate("plan", "local")
    assert exit_code == 1
    assert "has held the state's lock since 20" in said
    assert is_locked(checkout)
    command = said.rpartition("If it was killed: ")[2].strip()
    shell = ["sh", "-c", command]
    subprocess.run(shell, cwd=checkout.folder, env=checkout.variables, input="yes\n", text=True, check=True)
    assert not is_locked(checkout)


def test_nothing_is_left_of_a_plan_that_was_killed(checkout: Checkout) -> None:
    """Its provider ends, and nobody waits for it: its lock is gone with it."""
    first = at_work(checkout)
    assert wait_until(lambda: bool(shared_providers(checkout)), within_seconds=WITHIN_SECONDS, poll_seconds=0.1)
    first.kill()
    first.communicate(timeout=WITHIN_SECONDS)
    assert wait_until(lambda: not shared_providers(checkout), within_seconds=WITHIN_SECONDS, poll_seconds=0.1)
    exit_code, said = checkout.operate("plan", "local")
    assert (exit_code, "waiting, since" in said) == (0, False)


def is_locked(checkout: Checkout) -> bool:
    """The state, by Terraform."""
    with closing(checkout.local_aws.client("s3")) as s3:
        found = s3.list_objects_v2(Bucket="terraform-state", Prefix="go-api/local.tfstate.tflock")
    return bool(found.get("Contents"))


def kill_apply(checkout: Checkout) -> None:
    """As soon as it holds the lock."""
    variables = {**os.environ, **checkout.local_aws.environment_variables()}
    command = ["terraform", "apply", "-auto-approve", "-input=false", "-var=image_tag=latest"]
    apply = subprocess.Popen(
        command,
        cwd=checkout.folder / "cdktf.out" / "stacks" / "go-api-local",
        env={name: value for name, value in variables.items() if value},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert wait_until(lambda: is_locked(checkout), within_seconds=WITHIN_SECONDS, poll_seconds=0.1)
    os.killpg(apply.pid, signal.SIGKILL)
    apply.wait()
