"""What every report is about."""

from __future__ import annotations

import pytest

from operate.acceptance.provenance import Provenance


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        environment="local",
        account_id="000000000000",
        region="us-east-1",
        image="000000000000.dkr.ecr.us-east-1.amazonaws.com/go-api:v1",
        image_tag="v1",
        image_digest=f"sha256:{'0' * 64}",
        git_commit="3f9c2e1",
        uncommitted_changes=True,
        versions={"Terraform": "1.11.4", "MiniStack": "1.5.33"},
    )
