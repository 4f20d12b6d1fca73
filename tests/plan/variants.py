"""Many variants of one deployed stack in one plan: each is a module, with the deployed stack's state for its own.

A plan of its own takes five seconds for each, most of it to start Terraform and the provider.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operate.terraform import Terraform
from tests.plan.terraform_folder import diagnostics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Document = dict[str, Any]

_PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'
_STILL = ({"no-op"}, {"read"})


@dataclass(frozen=True)
class Variants:
    """`deployed` is the synthesized stack that is applied, `state` the Terraform state after that."""

    folder: Path
    deployed: Document
    state: Document

    def planned(self, documents: Mapping[str, Document], environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Each name to what a plan would change: types to actions."""
        self._write(documents)
        terraform = Terraform(self.folder, environment)
        terraform.init()
        terraform.run("plan", "-refresh=false", f"-out={self.folder / 'plan'}")
        found: dict[str, list[Document]] = {name: [] for name in documents}
        for change in terraform.show_json(self.folder / "plan")["resource_changes"]:
            found[change["module_address"].partition(".")[2]].append(change)
        return {name: actions(changes) for name, changes in found.items()}

    def refused(self, documents: Mapping[str, Document], environment: Mapping[str, str]) -> dict[str, str]:
        """Each name to all that the plan says is wrong with it."""
        self._write(documents)
        errors = [item for item in diagnostics(self.folder, environment) if item["severity"] == "error"]
        return {
            name: "\n".join(
                f"{error['summary']}: {error['detail']}"
                for error in errors
                if (error.get("address") or "").startswith(f"module.{name}.")
                or error.get("range", {}).get("filename", "").startswith(f"{name}/")
            )
            for name in documents
        }

    def _write(self, documents: Mapping[str, Document]) -> None:
        self.folder.mkdir()
        requirements = {"required_providers": self.deployed["terraform"]["required_providers"]}
        aliases = [f"aws.{block['alias']}" for block in self.deployed["provider"]["aws"] if "alias" in block]
        handed_down = {
            "required_providers": {
                "aws": {**self.deployed["terraform"]["required_providers"]["aws"], "configuration_aliases": aliases}
            }
        }
        root: Document = {"terraform": requirements, "provider": self.deployed["provider"], "module": {}}
        resources = []
        for name, document in documents.items():
            module = {**document, "terraform": requirements}
            shared = module["provider"] == self.deployed["provider"]
            root["module"][name] = {"source": f"./{name}"}
            if shared:
                del module["provider"]
                module["terraform"] = handed_down
                root["module"][name]["providers"] = {each: each for each in ("aws", *aliases)}
            (self.folder / name).mkdir()
            (self.folder / name / "main.tf.json").write_text(json.dumps(module))
            resources += [
                {**resource, "module": f"module.{name}", "provider": "" if shared else f"module.{name}."}
                for resource in self.state["resources"]
                if resource["mode"] == "managed"
            ]
        (self.folder / "main.tf.json").write_text(json.dumps(root))
        for resource in resources:
            resource["provider"] += _PROVIDER
        state = {**self.state, "resources": resources, "outputs": {}}
        (self.folder / "terraform.tfstate").write_text(json.dumps(state))


def actions(changes: list[Document]) -> dict[str, str]:
    """Types to what happens to them, as `docs/changes.toml` calls it, of a plan's `resource_changes`."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if {*change["change"]["actions"]} not in _STILL:
            found.setdefault(change["type"], set()).add(_action(**change["change"]))
    return {type_: " and ".join(sorted(said)) for type_, said in found.items()}


def _action(*, actions: list[str], before: Document | None, after: Document | None, **change: Any) -> str:
    if len(actions) > 1:
        return "replace"
    if actions != ["update"]:
        return actions[0]
    old, new = before or {}, {**(after or {}), **change["after_unknown"]}
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    return "tag" if changed <= {"tags", "tags_all"} else "update"
