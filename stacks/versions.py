"""Which Terraform and which AWS provider the stacks are for. No cdktf.

The bindings (`cdktf-cdktf-provider-aws`) know a provider of their own version; what is here is what Terraform gets.
"""

from __future__ import annotations

from typing import Final

MINIMUM_TERRAFORM: Final = (1, 10)
"""The first with a lock file in S3."""

AWS_PROVIDER: Final = "hashicorp/aws"
AWS_PROVIDER_VERSION: Final = "5.100.0"
