"""A stack as Terraform plans it (`terraform show -json`) or as it was synthesized, in one form for checks to judge.

Nothing of the project is imported here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Block = dict[str, Any]

_REFERENCE = re.compile(r"\$\{((?:data\.)?\w+\.[\w-]+(?:\.\w+)+)\}")
_PART_OF_AN_OUTPUT = re.compile(r"\$\{(.*data\.terraform_remote_state\..*)\}")


@dataclass(frozen=True)
class Resource:
    """A resource, or a data source: its address begins with `data.`.

    `configuration` is what was written, references and all; `values` is what it comes to, with a reference only where
    the value is not known yet. Neither has what is not set (null or empty), and a block that stands alone has no list
    around it: plans and JSON configuration differ in both.
    """

    address: str
    configuration: Block
    values: Block

    def __getitem__(self, attribute: str) -> Any:
        """The value of an attribute; None where it is not set."""
        return self.values.get(attribute)

    def written(self, attribute: str) -> Any:
        return self.configuration.get(attribute)

    @property
    def type(self) -> str:
        return self.address.rpartition(".")[0]

    def reference(self, attribute: str) -> str:
        return f"${{{self.address}.{attribute}}}"


@dataclass(frozen=True)
class Stack:
    """`image_tag` is the tag's value, or the reference to its variable where it has none yet.

    `planned` is whether this is a plan, which shows no `lifecycle`, no `for_each`, no validation of a variable and
    nothing of the `terraform` block.
    """

    resources: tuple[Resource, ...]
    provider: Block
    variables: Block
    terraform: Block
    image_tag: str
    planned: bool

    def all(self, type_: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_]

    def only(self, type_: str) -> Resource:
        found = self.all(type_)
        assert len(found) == 1, f"one {type_} is wanted, not {[resource.address for resource in found]}"
        return found[0]

    def state(self, module: str) -> Resource:
        """The data source of another module's state."""
        found = [each for each in self.all("data.terraform_remote_state") if each.address.endswith(f".{module}")]
        assert len(found) == 1, f"one state of {module} is wanted"
        return found[0]

    def output(self, module: str, name: str) -> Any:
        """An output of another module: a plan knows its value, the synthesized stack the reference.

        `name` may be an expression, with `{state}` for the state's address.
        """
        state = self.state(module)
        if "{state}" in name:
            return f"${{{name.replace('{state}', state.address)}}}"
        return (state["outputs"] or {}).get(name, state.reference(f"outputs.{name}"))


def planned(document: Block) -> Stack:
    configuration = document["configuration"]
    written = {each["address"]: _written(each) for each in configuration["root_module"]["resources"]}
    return Stack(
        resources=tuple(
            Resource(address, written[address], {**_unknown(document, address, written[address]), **_plain(values)})
            for address, values in _known(document)
        ),
        provider={"aws": _plain(_unexpressed(configuration["provider_config"]["aws"]["expressions"]))},
        variables=configuration["root_module"]["variables"],
        terraform={},
        image_tag=document["variables"]["image_tag"]["value"],
        planned=True,
    )


def _known(document: Block) -> Iterator[tuple[str, Block]]:
    """What is planned, and what the data sources said; what is there already is planned as well."""
    prior = [each for each in document["prior_state"]["values"]["root_module"]["resources"] if each["mode"] == "data"]
    for resource in [*prior, *document["planned_values"]["root_module"]["resources"]]:
        yield resource["address"].partition("[")[0], resource["values"]


def _unknown(document: Block, address: str, written: Block) -> Block:
    """The attributes that are known after apply, as they were written."""
    changes = [each["change"] for each in document["resource_changes"] if each["address"] == address]
    return {
        attribute: written[attribute]
        for change in changes
        for attribute, unknown in change["after_unknown"].items()
        if unknown is True and attribute in written
    }


def _written(resource: Block) -> Block:
    written: Block = _plain(_unexpressed(resource.get("expressions", {})))
    return {**written, **({"depends_on": resource["depends_on"]} if "depends_on" in resource else {})}


def _unexpressed(expression: Any) -> Any:
    """What was written, out of a plan's expressions: in JSON configuration a template is a constant to Terraform."""
    if isinstance(expression, list):
        return [_unexpressed(item) for item in expression]
    if "constant_value" in expression:
        return expression["constant_value"]
    return {key: _unexpressed(value) for key, value in expression.items()}


def synthesized(document: Block, *, answers: Mapping[tuple[str, str | None], Mapping[str, str]]) -> Stack:
    """`answers` is what data sources will say: a type, and the name that is asked for, to attributes."""
    document = _without_named_parts(document)
    written = {
        f"{prefix}{type_}.{name}": block
        for prefix, kind in (("data.", "data"), ("", "resource"))
        for type_, blocks in document[kind].items()
        for name, block in blocks.items()
    }
    known = {f"{address}.{key}": value for address, block in written.items() for key, value in block.items()}
    for address, block in written.items():
        answer = answers.get((address.rpartition(".")[0], block.get("name")), {})
        known |= {f"{address}.{attribute}": value for attribute, value in answer.items()}
    return Stack(
        resources=tuple(
            Resource(address, _plain(block), _plain(_resolved(block, known))) for address, block in written.items()
        ),
        provider=_plain(document["provider"]),
        variables=document["variable"],
        terraform=_plain(document["terraform"]),
        image_tag="${var.image_tag}",
        planned=False,
    )


def _without_named_parts(document: Block) -> Block:
    """With the expression itself in place of each local value that is a part of a module's outputs."""
    text = json.dumps(document)
    for name, value in document.get("locals", {}).items():
        if part := _PART_OF_AN_OUTPUT.fullmatch(value):
            text = text.replace(f"local.{name}", json.dumps(part[1])[1:-1])
    return dict(json.loads(text))


def _resolved(value: Any, known: Mapping[str, Any]) -> Any:
    """With each reference replaced by the text that it comes to, where that is known."""
    if isinstance(value, dict):
        return {key: _resolved(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, known) for item in value]
    if not isinstance(value, str):
        return value

    def text(match: re.Match[str]) -> str:
        found = known.get(match[1])
        return str(_resolved(found, known)) if isinstance(found, str) else match[0]

    return _REFERENCE.sub(text, value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        members = {key: _plain(item) for key, item in value.items() if key != "//"}
        return {key: item for key, item in members.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return items[0] if len(items) == 1 and isinstance(items[0], dict) else items
    return value
