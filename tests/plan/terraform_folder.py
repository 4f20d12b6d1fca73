"""A folder with one synthesized stack, in which real Terraform runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdktf import Testing

from operate.progress import StepFailedError
from operate.terraform_cli.terraform import Terraform
from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Diagnostic = dict[str, Any]


def write_stack(folder: Path, stack: Any) -> Path:
    """With the provider's version of `stacks/versions.py`, where it has the AWS provider, whatever the bindings say."""
    document = json.loads(Testing.synth(stack, True))  # noqa: FBT003 - jsii takes it by position
    providers = document.get("terraform", {}).get("required_providers", {})
    if "aws" in providers:
        providers["aws"] = {"source": AWS_PROVIDER, "version": AWS_PROVIDER_VERSION}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.tf.json").write_text(json.dumps(document))
    return folder


def diagnostics(folder: Path, environment: Mapping[str, str], *arguments: str) -> list[Diagnostic]:
    """What `terraform plan` says, errors and warnings, whole and unwrapped."""
    terraform = Terraform(folder, environment)
    terraform.init()
    try:
        output = terraform.run("plan", "-json", "-lock=false", *arguments)
    except StepFailedError as error:
        output = error.output
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line["diagnostic"] for line in lines if line["type"] == "diagnostic"]


def texts(found: list[Diagnostic], severity: str) -> list[str]:
    """Each with the address that it is about, as Terraform shows it to a person."""
    return [
        f"{item['summary']}: {item['detail']} (with {item.get('address')})"
        for item in found
        if item["severity"] == severity
    ]
