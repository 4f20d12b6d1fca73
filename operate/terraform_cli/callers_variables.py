"""Which of the caller's variables reach Terraform and cdktf: all but those that change what a plan means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://developer.hashicorp.com/terraform/cli/config/environment-variables, and the AWS provider's own for tags.
_CHANGES_A_PLAN = re.compile(
    r"TF_(CLI_ARGS(_.*)?|WORKSPACE|VAR_image_tag|REATTACH_PROVIDERS|AWS_(DEFAULT|IGNORE)_TAGS_.*)", re.DOTALL
)
_HARMLESS_ARGUMENTS = re.compile(r"(\s*-(no-color|compact-warnings|concise|parallelism=\d+|lock-timeout=\w+))*\s*")
# cdktf takes each of its options from a variable too, such as CDKTF_REFRESH_ONLY.
_NOT_PASSED_ON = re.compile(
    r"TF_DATA_DIR|TF_VAR_.*|SYNTH_HCL_OUTPUT"
    r"|CDKTF_(?!(HOME|LOG_LEVEL|LOG_FILE_DIRECTORY|DISABLE_PLUGIN_CACHE_ENV)$).*",
    re.DOTALL,
)


def passed_on(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not _NOT_PASSED_ON.fullmatch(name)}


def refuse_what_changes_a_plan(variables: Mapping[str, str]) -> None:
    found = sorted(name for name, value in variables.items() if value and _changes_a_plan(name, value))
    if found:
        instead = " For an image's tag there is --image-tag (make: IMAGE_TAG=)." if "TF_VAR_image_tag" in found else ""
        raise OperateError(
            f"{', '.join(found)}: set in your shell, and would change what Terraform does. "
            f"Unset that first: unset {' '.join(found)}.{instead}"
        )


def _changes_a_plan(name: str, value: str) -> bool:
    if not _CHANGES_A_PLAN.fullmatch(name):
        return False
    if name.startswith("TF_CLI_ARGS"):
        return not _HARMLESS_ARGUMENTS.fullmatch(value)
    return (name, value) != ("TF_WORKSPACE", "default")
