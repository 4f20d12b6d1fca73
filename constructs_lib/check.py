"""Warnings at plan and apply."""

from __future__ import annotations

from cdktf import TerraformStack
from constructs import Construct


class Check(Construct):
    """A Terraform ``check`` block, a warning at plan and apply, for which CDKTF has no element.

    The block's name is made of the whole path, as CDKTF makes a resource's.

    - ``condition``: an expression of Terraform's without ``${}``. No default.
    - ``message``: what a person reads where the condition is false. No default.

    https://developer.hashicorp.com/terraform/language/checks
    """

    def __init__(self, scope: Construct, id_: str, *, condition: str, message: str) -> None:
        super().__init__(scope, id_)
        stack = TerraformStack.of(self)
        assertion = {"condition": f"${{{condition}}}", "error_message": message}
        stack.add_override(f"check.{stack.get_logical_id(self.node)}", {"assert": [assertion]})
