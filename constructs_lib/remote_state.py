"""The remote state of another Terraform module, and the contract on its outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Final, TypeGuard

from cdktf import TerraformLocal
from constructs import Construct

from constructs_lib.output_expression import OutputExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformRemoteState

    Output = str | Sequence[str]
    """An output's name or an ``OutputExpression``'s text; several stand for the list of all that they name."""


_LONGEST_SHOWN: Final = 300


@dataclass(frozen=True)
class OutputContract:
    """What one output of the other module has to be.

    - ``output``: its name, or an expression for a part of it, as ``OutputExpression`` takes them; or several of them,
      which stand for the list of all that they name. No default.
    - ``condition``: an expression of Terraform's on ``self.outputs``; one that fails to evaluate counts as false, so
      that a missing output or one of another type needs no condition of its own. No default.
    - ``requirement``: completes the sentence "output … must be …". No default.

    https://developer.hashicorp.com/terraform/language/expressions/custom-conditions
    """

    output: Output
    condition: str
    requirement: str

    def unless_matching(self, pattern: str, *, but_not: str) -> OutputContract:
        """The same, refusing in addition a string in which ``pattern`` is found and ``but_not`` is not."""
        value = _value(self.output)
        found, excused = (f"can(regex({json.dumps(regex)}, {value}))" for regex in (pattern, but_not))
        return replace(self, condition=f"{self.condition} && (!{found} || {excused})")

    def unless_one_of(self, others: Sequence[str]) -> OutputContract:
        """The same, refusing in addition what one of the other outputs is."""
        if not others:
            return self
        different = f"!contains([{', '.join(map(_value, others))}], {_value(self.output)})"
        requirement = f"{self.requirement}, and another one than {' and '.join(others)}"
        return replace(self, condition=f"{self.condition} && {different}", requirement=requirement)

    def postcondition(self, *, source: str) -> dict[str, str]:
        """Terraform's check of this contract, for the data source; ``source`` names the state in the message."""
        found = _found(self.output)
        present = '${length(self.outputs) == 0 ? "none" : join(", ", keys(self.outputs))}'
        return {
            "condition": f"${{try({self.condition}, false)}}",
            "error_message": (
                f"{source}: {_called(self.output)} must be {self.requirement}. "
                f"It is {found}. Outputs that are there: {present}."
            ),
        }


def string_matching(output: Output, pattern: str, requirement: str) -> OutputContract:
    """A string that ``pattern`` (RE2) matches from start to end."""
    return OutputContract(output, _matches(_value(output), pattern), requirement)


def strings_matching(output: Output, pattern: str, requirement: str, *, at_most: int | None = None) -> OutputContract:
    """A list or set that is not empty, whose every string ``pattern`` (RE2) matches whole.

    One that is there twice counts once, as it does to the provider, whose subnets and security groups are sets.
    """
    items = f"tolist({_value(output)})"
    conditions = (
        f"length({items}) > 0",
        *([f"length(distinct({items})) <= {at_most}"] if at_most else []),
        f"alltrue([for item in {items} : {_matches('item', pattern)}])",
    )
    return OutputContract(output, " && ".join(conditions), requirement)


def _value(output: Output, outputs: str = "self.outputs") -> str:
    if isinstance(output, str):
        return OutputExpression(output).within(outputs)
    return f"flatten([{', '.join(_value(each, outputs) for each in output)}])"


def _called(output: Output) -> str:
    if not isinstance(output, str):
        return f"outputs [{', '.join(output)}]"
    return f'output "{output}"' if OutputExpression(output).is_name else f"output {output}"


def _found(output: Output) -> str:
    """What is there; where a part is missing, as much of the whole output as shows its shape."""
    if not isinstance(output, str):
        return f"[{', '.join(map(_found, output))}]"
    value, expression = _value(output), OutputExpression(output)
    missing = '"missing"'
    if not expression.is_name:
        whole = _value(expression.output)
        shape = f"missing: {expression.output} is ${{substr(jsonencode({whole}), 0, {_LONGEST_SHOWN})}}"
        missing = f'can({whole}) ? "{shape}" : "missing"'
    return f"${{can({value}) ? jsonencode({value}) : {missing}}}"


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
        self._numbers = count()
        Construct(state, "contract")  # The tree takes an id once: a second contract would replace this one.
        source = f"State of the module {module} ({address})"
        state.add_override("lifecycle.postcondition", [output.postcondition(source=source) for output in contract])

    def string(self, output: Output) -> str:
        if _is_name(output):
            return self._state.get_string(output)
        return self._named(output).as_string

    def strings(self, output: Output) -> list[str]:
        if _is_name(output):
            return self._state.get_list(output)
        return self._named(output).as_list

    def _named(self, output: Output) -> TerraformLocal:
        """What is no whole output gets a name, so that the expression stands once."""
        expression = _value(output, f"{self._state.fqn}.outputs")
        return TerraformLocal(self._state, f"output_{next(self._numbers)}", f"${{{expression}}}")


def _is_name(output: Output) -> TypeGuard[str]:
    return isinstance(output, str) and OutputExpression(output).is_name
