"""Warnings at plan and apply."""

from __future__ import annotations

from cdktf import TerraformStack
from constructs import Construct


class Check(Construct):
    """A Terraform ``check`` block, a warning at plan and apply, for which CDKTF has no element.

    ``condition`` is an expression without ``${}``, ``message`` what a person reads where it is false. The block's
    name is made of the whole path, as CDKTF makes a resource's.
    """

    def __init__(self, scope: Construct, id_: str, *, condition: str, message: str) -> None:
        super().__init__(scope, id_)
        stack = TerraformStack.of(self)
        assertion = {"condition": f"${{{condition}}}", "error_message": message}
        stack.add_override(f"check.{stack.get_logical_id(self.node)}", {"assert": [assertion]})
