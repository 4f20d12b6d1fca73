"""What is read of a Terraform state and of the lock beside it.

https://github.com/hashicorp/terraform/blob/v1.11.4/internal/states/statefile/version4.go
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, ValidationError


class Instance(BaseModel):
    attributes: dict[str, Any] = Field(default_factory=dict)


class Resource(BaseModel):
    mode: str
    type: str
    name: str
    instances: list[Instance] = Field(default_factory=list)


class State(BaseModel):
    """`lineage` is given once, and `serial` counts from there."""

    lineage: str
    serial: int
    resources: list[Resource] = Field(default_factory=list)

    @classmethod
    def read(cls, content: bytes | str) -> State | None:
        """None for what is no state, whatever it is."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return None

    @property
    def version(self) -> tuple[str, int]:
        """Terraform applies a plan only where this is what it was when the plan was made."""
        return self.lineage, self.serial

    @property
    def managed(self) -> list[Resource]:
        """What Terraform made, and not what it only reads."""
        return [resource for resource in self.resources if resource.mode == "managed" and resource.instances]


class Lock(BaseModel):
    """https://github.com/hashicorp/terraform/blob/v1.11.4/internal/states/statemgr/locker.go, `LockInfo`."""

    id: str = Field(alias="ID", min_length=1)
    operation: str = Field(alias="Operation", default="")
    who: str = Field(alias="Who", default="")
    created: str = Field(alias="Created", default="")

    @property
    def holder(self) -> str:
        """The operation, and who runs it."""
        operation = self.operation.removeprefix("OperationType").lower() or "operation"
        return f"a terraform {operation} of {self.who or 'somebody'}"

    @classmethod
    def read(cls, content: bytes) -> Lock | None:
        """None for what names no lock, whatever it is."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return None
