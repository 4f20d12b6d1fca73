"""The remote state of another Terraform module, and the contract on its outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformRemoteState


@dataclass(frozen=True)
class OutputContract:
    """What one output of the other module has to be.

    - ``output``: its name. No default.
    - ``condition``: an expression of Terraform's on ``self.outputs``; one that fails to evaluate counts as false, so
      that a missing output or one of another type needs no condition of its own. No default.
    - ``requirement``: completes the sentence "output … must be …". No default.

    https://developer.hashicorp.com/terraform/language/expressions/custom-conditions
    """

    output: str
    condition: str
    requirement: str

    def unless_matching(self, pattern: str, *, but_not: str) -> OutputContract:
        """The same, refusing in addition a string in which ``pattern`` is found and ``but_not`` is not."""
        value = _value(self.output)
        found, excused = (f"can(regex({json.dumps(regex)}, {value}))" for regex in (pattern, but_not))
        return replace(self, condition=f"{self.condition} && (!{found} || {excused})")

    def postcondition(self, *, source: str) -> dict[str, str]:
        """Terraform's check of this contract, for the data source; ``source`` names the state in the message."""
        value = _value(self.output)
        found = f'${{can({value}) ? jsonencode({value}) : "missing"}}'
        present = '${length(self.outputs) == 0 ? "none" : join(", ", keys(self.outputs))}'
        return {
            "condition": f"${{try({self.condition}, false)}}",
            "error_message": (
                f'{source}: output "{self.output}" must be {self.requirement}. '
                f"It is {found}. Outputs that are there: {present}."
            ),
        }


def string_matching(output: str, pattern: str, requirement: str) -> OutputContract:
    """A string that ``pattern`` (RE2) matches from start to end."""
    return OutputContract(output, _matches(_value(output), pattern), requirement)


def distinct_strings_matching(output: str, pattern: str, requirement: str) -> OutputContract:
    """A list or set, neither empty nor with duplicates, whose every string ``pattern`` (RE2) matches whole."""
    items = f"tolist({_value(output)})"
    conditions = (
        f"length({items}) > 0",
        f"length(distinct({items})) == length({items})",
        f"alltrue([for item in {items} : {_matches('item', pattern)}])",
    )
    return OutputContract(output, " && ".join(conditions), requirement)


def _value(output: str) -> str:
    return f"self.outputs[{json.dumps(output, ensure_ascii=False)}]"


def _matches(value: str, pattern: str) -> str:
    return f"can(regex({json.dumps(f'^(?:{pattern})$')}, {value}))"


class RemoteState:
    """Another module's state, whose outputs Terraform refuses at plan time where they do not keep the contract.

    The checks are postconditions of the data source itself, so nothing that reads an output is evaluated before they
    have passed. A data source takes one contract.

    - ``module``: what the messages call the other module. No default.
    - ``address``: what they call its state, such as ``s3://bucket/key``. No default.
    - ``contract``: what its outputs have to be. No default.

    https://developer.hashicorp.com/terraform/language/state/remote-state-data
    """

    def __init__(
        self, state: TerraformRemoteState, *, module: str, address: str, contract: Sequence[OutputContract]
    ) -> None:
        self._state = state
        Construct(state, "contract")  # The tree takes an id once: a second contract would replace this one.
        source = f"State of the module {module} ({address})"
        state.add_override("lifecycle.postcondition", [output.postcondition(source=source) for output in contract])

    def string(self, output: str) -> str:
        return self._state.get_string(output)

    def strings(self, output: str) -> list[str]:
        return self._state.get_list(output)
