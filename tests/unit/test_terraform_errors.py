"""What is said beside Terraform's own words, where these leave out what to do."""

from __future__ import annotations

from pathlib import Path

from operate import terraform_errors
from operate.progress import StepFailedError
from stacks.settings import LocalBackend, RemoteBackend

REMOTE_EXECUTION = """\
╷
│ Error: Saving a generated plan is currently not supported
│
│ The "remote" backend does not support saving the generated execution
│ plan locally at this time.
╵
"""


def test_a_workspace_that_runs_terraform_remotely() -> None:
    """One line says what to set and where, after Terraform's own; a state file has no such setting.

    https://github.com/hashicorp/terraform/blob/v1.11.4/internal/backend/remote/backend_plan.go
    """
    error = StepFailedError("terraform plan", returncode=1, output=REMOTE_EXECUTION)
    backend = RemoteBackend(organization="example", workspace="orders", hostname="tfe.example.com")
    said = terraform_errors.explained(error, folder=Path(), own=backend)
    ours = said.removeprefix(f"{error}\n\n")
    assert ours.startswith("The workspace tfe.example.com/example/orders runs Terraform remotely, ")
    assert "set its Execution Mode to Local" in ours
    assert ours.endswith("https://tfe.example.com/app/example/workspaces/orders/settings/general")
    assert "\n" not in ours
    assert terraform_errors.explained(error, folder=Path(), own=LocalBackend(path="a")) == str(error)
