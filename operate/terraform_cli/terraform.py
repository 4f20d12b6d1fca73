"""Runs Terraform, or OpenTofu, in one folder."""

import functools
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operate import paths, progress
from operate.errors import OperateError
from operate.progress import Command, StepFailedError
from operate.terraform_cli import callers_variables, provider_mirror
from operate.terraform_cli.program import NAME_VARIABLE, Program
from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION, MINIMUM_TERRAFORM

_LONGEST_SHOWN = 200
_GOGC = "400"  # a fifth of what Terraform and its provider take is their garbage collector's


@dataclass(frozen=True)
class Terraform:
    """`environment` is laid over the caller's; an empty value there takes a variable away."""

    working_directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def init(self) -> None:
        """Does nothing when providers, modules and backend are what the last init saw."""
        fingerprint, stamp = self._fingerprint(), self._data_directory / "initialized"
        if stamp.is_file() and stamp.read_text() == fingerprint and self._has_provider():
            return
        self._init()
        stamp.parent.mkdir(parents=True, exist_ok=True)  # a folder that needs no provider gets none from Terraform
        stamp.write_text(fingerprint)

    def lock_providers(self) -> None:
        """Writes .terraform.lock.hcl for this machine, and asks no backend."""
        self._init("-backend=false")

    def _init(self, *arguments: str) -> None:
        variables = tool_variables(self.environment) | provider_variables(self.environment)
        try:
            progress.run(self._label("init"), self._command("init", *arguments, variables=variables))
        except StepFailedError as error:
            raise _explained(error) from None

    def plan(self, *, out: Path, variables: Mapping[str, str] | None = None) -> str:
        """Writes the plan to `out`; what Terraform printed comes back."""
        return self.run("plan", f"-out={out.absolute()}", *_assignments(variables))

    def apply(self, plan: Path | None = None, *, variables: Mapping[str, str] | None = None) -> str:
        """Without a plan, plans and applies in one go; nobody is asked."""
        return self.run("apply", "-auto-approve", *_assignments(variables), *_plan_file(plan))

    def show_json(self, plan: Path | None = None) -> dict[str, Any]:
        """A plan file, or the state: https://developer.hashicorp.com/terraform/internals/json-format"""
        return self._read_json("show", *_plan_file(plan))

    def output(self) -> dict[str, Any]:
        """Output names to their values."""
        return {name: output["value"] for name, output in self._read_json("output").items()}

    def versions(self) -> dict[str, Any]:
        """Terraform's own and the chosen providers': https://developer.hashicorp.com/terraform/cli/commands/version"""
        return self._read_json("version")

    def state(self) -> str:
        """The state as the backend has it, in JSON; one without resources where it has none."""
        return self._read("state pull")

    def run(self, verb: str, *arguments: str) -> str:
        """Any verb, shown as a step; raises StepFailedError with Terraform's own output."""
        return progress.run(self._label(verb), self._command(verb, *arguments))

    def _read(self, verb: str, *arguments: str) -> str:
        return progress.read(self._command(verb, *arguments))

    def _read_json(self, verb: str, *arguments: str) -> dict[str, Any]:
        said = self._read(verb, "-json", *arguments)
        try:
            document: dict[str, Any] = json.loads(said)
        except ValueError:
            raise OperateError(f"{self._label(verb)}: no JSON, but {said[:_LONGEST_SHOWN]!r}") from None
        return document

    def _label(self, verb: str) -> str:
        return f"{program().name} {verb} in {paths.shown(self.working_directory)}"

    def _command(self, verb: str, *arguments: str, variables: Mapping[str, str] | None = None) -> Command:
        words = [executable(), *verb.split()]
        if verb in {"init", "plan", "apply", "destroy", "import"}:
            words.append("-input=false")
        if not progress.console.is_terminal:
            words.append("-no-color")
        return Command([*words, *arguments], self.working_directory, variables or tool_variables(self.environment))

    @property
    def _data_directory(self) -> Path:
        return self.working_directory / ".terraform"

    @property
    def provider(self) -> Path | None:
        """The AWS provider's program, where `init` has linked to it."""
        linked = self._provider_directory.glob("terraform-provider-aws_*")
        return next((program.resolve() for program in linked), None)

    @property
    def _provider_directory(self) -> Path:
        provider = self._data_directory / "providers" / program().provider
        return provider / AWS_PROVIDER_VERSION / provider_mirror.target()

    def _has_provider(self) -> bool:
        """Both what init wrote and what it linked to are still there: a mirror can move, `make clean` is thorough."""
        return self._provider_directory.is_dir() and (self.working_directory / ".terraform.lock.hcl").is_file()

    def _fingerprint(self) -> str:
        """Of all that init reads. Of synthesized JSON that is little; HCL isn't parsed, so all of it counts."""
        digest = hashlib.sha256()
        for path in sorted([*self.working_directory.glob("*.tf"), *self.working_directory.glob("*.tf.json")]):
            text = path.read_text()
            if path.name.endswith(".json"):
                document = json.loads(text)
                text = json.dumps([document.get("terraform"), document.get("module")], sort_keys=True)
            digest.update(text.encode())
        return digest.hexdigest()


def tool_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What the caller's environment passes on, with `environment` laid over it, for terraform and cdktf.

    Nobody is asked, nobody phones home, whatever workspace somebody has selected in the folder is left alone, and a CLI
    configuration that isn't there is ignored, with a word.
    """
    ours = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_WORKSPACE": "default"}
    laid_over = {"GOGC": _GOGC, **callers_variables.passed_on(os.environ), **environment, **ours}
    variables = {name: value for name, value in laid_over.items() if value or name not in environment}
    named = variables.get("TF_CLI_CONFIG_FILE")
    if named and not provider_mirror.is_readable_file(Path(named)):
        why = "is not a file that can be read" if os.path.lexists(named) else "does not exist"
        progress.say_once(f"TF_CLI_CONFIG_FILE names {named}, which {why}: ignored.")
        del variables["TF_CLI_CONFIG_FILE"]
    return variables


def provider_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes `terraform init` find the provider offline, and fetch it once otherwise."""
    return provider_mirror.init_variables(tool_variables(environment), folder=paths.LOCAL, program=program())


def executable() -> str:
    """The program's path."""
    return program().path


@functools.cache
def program() -> Program:
    """Terraform or what TERRAFORM_BINARY_NAME names, known to be new enough; nothing in the shell may mislead it."""
    callers_variables.refuse_what_changes_a_plan(os.environ)
    name = os.environ.get(NAME_VARIABLE) or "terraform"
    found_at = shutil.which(name)
    needed = f"{'.'.join(map(str, MINIMUM_TERRAFORM))} or newer is needed"
    if found_at is None:
        raise OperateError(f"{_missing(name, needed)}.")
    path = str(Path(found_at).absolute())  # it runs in other folders
    said = progress.read(Command([path, "version"], paths.REPOSITORY, tool_variables({})))
    found = re.search(r"^(Terraform|OpenTofu) v((\d+)\.(\d+)\S*)", said, re.MULTILINE)
    if not found:
        what = (
            f"says of its version: {said.strip()[:_LONGEST_SHOWN]}" if said.strip() else "says nothing of its version"
        )
        raise OperateError(f"Terraform or OpenTofu {needed}, and {path} {what}")
    if (int(found[3]), int(found[4])) < MINIMUM_TERRAFORM:
        raise OperateError(f"{found[1]} {needed} (S3 lock files), and {path} is {found[2]}.")
    return Program(name, path, "OpenTofu" if found[1] == "OpenTofu" else "Terraform")


def _missing(name: str, needed: str) -> str:
    if name == "terraform":
        return f"Terraform {needed}, and there is no terraform on PATH"
    return f"Terraform or OpenTofu {needed}, and there is no {name}, which {NAME_VARIABLE} names"


def _assignments(variables: Mapping[str, str] | None) -> list[str]:
    return [f"-var={name}={value}" for name, value in (variables or {}).items()]


def _plan_file(plan: Path | None) -> list[str]:
    return [str(plan.absolute())] if plan else []


def _explained(error: StepFailedError) -> OperateError:
    """Terraform says that the registry can't be reached, but not that there is another way."""
    if not any(f"Error: Failed to {what} provider" in error.output for what in ("query available", "install")):
        return error
    provider = f"{program().provider}/{AWS_PROVIDER_VERSION}/{provider_mirror.target()}"
    return OperateError(
        f"{error.output}\n\n{program().product} found {AWS_PROVIDER} {AWS_PROVIDER_VERSION} neither in its registry "
        f"nor on this machine. Let it reach the registry, or set {provider_mirror.MIRROR_VARIABLE} to a folder that "
        f"holds {provider} (`{program().name} providers mirror` fills one where the registry can be reached)."
    )
