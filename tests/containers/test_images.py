from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.machine import require_go
from operate import paths
from operate.errors import OperateError
from operate.local import image_push, sample_image

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.container_engine import Engine


def program(image: image_push.Image, folder: Path) -> Path:
    (layer,) = image.layers
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as archive:
        (member,) = archive.getmembers()
        content = archive.extractfile(member)
        assert content is not None
        path = folder / member.name
        path.write_bytes(content.read())
    path.chmod(member.mode)
    return path


@pytest.fixture
def dockerfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Takes the sample API's place on a machine without Go."""
    monkeypatch.setattr(paths, "SAMPLE_API", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return tmp_path / "Dockerfile"


def test_the_same_source_makes_the_same_image(sample: image_push.Image) -> None:
    """To the byte, so that a release of nothing new is nothing new to ECR."""
    assert sample_image.build(version="v1") == sample


def test_the_image_is_what_the_dockerfile_says(sample: image_push.Image) -> None:
    """The two ways of building end in one image: same user, same command, nothing else."""
    last_stage = (paths.SAMPLE_API / "Dockerfile").read_text(encoding="utf-8").rpartition("FROM scratch")[2]
    user = re.search(r"^USER (.*)$", last_stage, re.MULTILINE)
    command = re.search(r"^ENTRYPOINT (.*)$", last_stage, re.MULTILINE)
    assert user is not None
    assert command is not None
    config = json.loads(sample.config)
    assert config["config"] == {"User": user[1], "Entrypoint": json.loads(command[1])}


def test_the_program_needs_nothing_of_its_image(sample: image_push.Image, tmp_path: Path) -> None:
    """FROM scratch has no loader and no libraries: the program must be static."""
    assert b"/lib64/ld-linux" not in program(sample, tmp_path).read_bytes()


def test_the_architecture_is_the_task_definitions(sample: image_push.Image, tmp_path: Path) -> None:
    """ELF's machine field: 0xB7 is AArch64, 0x3E is x86-64."""
    graviton = sample_image.build(version="v1", architecture="ARM64")
    assert json.loads(graviton.config)["architecture"] == "arm64"
    assert program(graviton, tmp_path).read_bytes()[18] == 0xB7
    assert program(sample, tmp_path).read_bytes()[18] == 0x3E


def test_a_fault_and_a_version_are_built_in(tmp_path: Path) -> None:
    """A build that crashes at its start says so in its log, and exits non-zero."""
    require_go()
    broken = program(sample_image.build(version="v9", fault="crash-at-start"), tmp_path)
    ended = subprocess.run([broken], check=False, capture_output=True, text=True, timeout=60)
    line = json.loads(ended.stdout)
    assert ended.returncode == 1
    assert (line["level"], line["version"], line["fault"]) == ("ERROR", "v9", "crash-at-start")


def test_without_go_and_an_engine_there_is_no_image(dockerfile: Path) -> None:
    """One sentence that says what to install."""
    assert not dockerfile.exists()
    with pytest.raises(OperateError, match="install Go"):
        sample_image.build(version="v1")


def test_without_go_the_dockerfile_is_built(
    engine: Engine, dockerfile: Path, repository: image_push.Repository
) -> None:
    """With the version and the fault as its arguments, into an image that runs as any other is pushed and pulled."""
    dockerfile.write_text("FROM scratch\nARG VERSION\nARG FAULT\nCOPY Dockerfile /\nLABEL said=$VERSION-$FAULT\n")
    built = sample_image.build(version="v2", fault="unhealthy", engine=engine)
    image_push.push(built, repository, tag="dockerfile")
    with engine.client() as client:
        assert client.images.pull(repository.uri, tag="dockerfile").labels["said"] == "v2-unhealthy"


def test_a_dockerfile_that_fails_says_why(engine: Engine, dockerfile: Path) -> None:
    """The builder's own words, and which file."""
    dockerfile.write_text("FROM scratch\nCOPY nothing /\n")
    with pytest.raises(OperateError, match=r"Dockerfile did not build: .*nothing"):
        sample_image.build(version="v1", engine=engine)


def test_the_sample_api_passes_its_own_tests(sample: image_push.Image) -> None:
    """`go vet`, `gofmt` and `go test`."""
    assert sample.layers
    environment = {**os.environ, "CGO_ENABLED": "0"}  # with the standard library that the image's build has compiled
    for verb in ("vet", "test"):
        command = ["go", verb, "-trimpath", "./..."]
        ended = subprocess.run(
            command, cwd=paths.SAMPLE_API, check=False, capture_output=True, text=True, env=environment
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    unformatted = subprocess.run(["gofmt", "-l", "."], cwd=paths.SAMPLE_API, check=True, capture_output=True, text=True)
    assert unformatted.stdout == ""
