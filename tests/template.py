"""A synthesized stack as a test reads it: parsed JSON, in which exact values, counts and absences can be asserted."""

from __future__ import annotations

import json
from typing import Any, cast

from cdktf import Testing

Block = dict[str, Any]


class Template:
    """Wraps the JSON of one stack, as ``Testing.synth(stack, True)`` returns it, validations included."""

    def __init__(self, synthesized: str) -> None:
        self.text = synthesized
        self.json: Block = json.loads(synthesized)

    @classmethod
    def of(cls, stack: Any) -> Template:
        return cls(Testing.synth(stack, True))  # noqa: FBT003 - jsii takes it by position

    def all(self, type_: str) -> list[Block]:
        """Every resource, or with ``data.`` before its type every data source, without CDKTF's metadata."""
        kind, name = ("data", type_[5:]) if type_.startswith("data.") else ("resource", type_)
        blocks = self.json.get(kind, {}).get(name, {}).values()
        return [{key: value for key, value in block.items() if key != "//"} for block in blocks]

    def only(self, type_: str) -> Block:
        found = self.all(type_)
        assert len(found) == 1, f"{len(found)} {type_} in {json.dumps(found, indent=2)}"
        return found[0]

    def resource_types(self) -> list[str]:
        return sorted(type_ for type_, blocks in self.json.get("resource", {}).items() for _ in blocks)

    def container(self) -> Block:
        definitions = json.loads(self.only("aws_ecs_task_definition")["container_definitions"])
        assert len(definitions) == 1, definitions
        return cast("Block", definitions[0])

    def policy(self, name: str) -> list[Block]:
        """The statements of the inline role policy of this name."""
        (policy,) = [block for block in self.all("aws_iam_role_policy") if block["name"] == name]
        return cast("list[Block]", json.loads(policy["policy"])["Statement"])
