"""Container images of the sample API: built with the machine's Go and no base image, else by its Dockerfile."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from local_aws import container_engine
from operate import paths, progress
from operate.errors import OperateError
from operate.image_tags import registry_of
from operate.local import image_push
from operate.local.image_push import Image

if TYPE_CHECKING:
    from local_aws.container_engine import Engine
    from operate.environment import Environment

Architecture = Literal["X86_64", "ARM64"]
Fault = Literal["crash-at-start", "unhealthy", "abrupt-exit", "server-errors"]

_GO_ARCHITECTURES: dict[Architecture, str] = {"X86_64": "amd64", "ARM64": "arm64"}
_PROGRAM = "go-api"
_USER = "65532:65532"
_COMPRESSION_LEVEL = 1  # a tenth of the time that 9 takes, for a tenth more to be sent to this machine


def build(
    *,
    version: str,
    fault: Fault | None = None,
    architecture: Architecture = "X86_64",
    engine: Engine | None = None,
) -> Image:
    """The sample API that says it is `version`, broken by `fault`. `engine` is needed where Go is not installed."""
    if shutil.which("go"):
        return _from_program(_compile(version=version, fault=fault, architecture=architecture), architecture)
    if engine is None:
        raise OperateError("The sample API can't be built: install Go 1.19 or later, or Docker.")
    with progress.step(f"building the sample API {version} from its Dockerfile"):
        return _from_dockerfile(engine, version=version, fault=fault, architecture=architecture)


def publish(environment: Environment, *, tag: str, fault: Fault | None = None) -> None:
    """Puts it into the embedded ECR.

    Does nothing in a real account, and where this machine has nothing to build it with.
    """
    local_aws, settings = environment.local_aws, environment.settings
    engine = container_engine.running(local_aws) if local_aws else None
    if local_aws is None or (engine is None and shutil.which("go") is None):
        return
    image = build(version=tag, fault=fault, architecture=settings.container.cpu_architecture, engine=engine)
    to = image_push.repository(
        environment.client("ecr"),
        settings.image.repository,
        registry=registry_of(settings),
        endpoint=local_aws.endpoint,
    )
    image_push.push(image, to, tag=tag)


def _compile(*, version: str, fault: Fault | None, architecture: Architecture) -> bytes:
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOOS": "linux",
        "GOARCH": _GO_ARCHITECTURES[architecture],
        "GOFLAGS": "",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
    }
    flags = f"-s -w -X main.version={version} -X main.fault={fault or ''}"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / _PROGRAM
        arguments = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", str(program), "."]
        progress.run(
            f"building the sample API {version}",
            progress.Command(arguments, directory=paths.SAMPLE_API, environment=environment),
        )
        return program.read_bytes()


def _from_program(program: bytes, architecture: Architecture) -> Image:
    """The Dockerfile's last stage. The same program makes the same image, to the byte."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as layer:
        entry = tarfile.TarInfo(_PROGRAM)
        entry.mode, entry.size = 0o755, len(program)
        layer.addfile(entry, io.BytesIO(program))
    config = {
        "architecture": _GO_ARCHITECTURES[architecture],
        "os": "linux",
        "config": {"User": _USER, "Entrypoint": [f"/{_PROGRAM}"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(archive.getvalue())]},
    }
    return Image(config=json.dumps(config).encode(), layers=(_gzipped(archive.getvalue()),))


def _from_dockerfile(engine: Engine, *, version: str, fault: Fault | None, architecture: Architecture) -> Image:
    from docker.errors import APIError, BuildError  # noqa: PLC0415 - see Engine.client

    with engine.client(timeout_seconds=600) as client:
        try:
            built, _ = client.images.build(
                path=str(paths.SAMPLE_API),
                rm=True,
                buildargs={"VERSION": version, "FAULT": fault or ""},
                platform=f"linux/{_GO_ARCHITECTURES[architecture]}",
            )
        except BuildError as error:
            said = "".join(str(line.get("stream", "")) for line in error.build_log)
            raise OperateError(f"{said}\n{paths.SAMPLE_API / 'Dockerfile'} did not build: {error.msg}") from None
        except APIError as error:
            raise OperateError(f"{paths.SAMPLE_API / 'Dockerfile'} did not build: {error.explanation}") from None
        return read_archive(io.BytesIO(b"".join(built.save())))


def read_archive(stream: io.BytesIO) -> Image:
    """An image as `docker save` writes it: https://github.com/moby/docker-image-spec."""
    with tarfile.open(fileobj=stream) as archive:

        def content(name: str) -> bytes:
            member = archive.extractfile(name)
            if member is None:
                raise OperateError(f"The container engine saved an image without {name}.")
            return member.read()

        (manifest,) = json.loads(content("manifest.json"))
        layers = tuple(_gzipped(content(name)) for name in manifest["Layers"])
        return Image(config=content(manifest["Config"]), layers=layers)


def _gzipped(layer: bytes) -> bytes:
    return layer if layer.startswith(b"\x1f\x8b") else gzip.compress(layer, _COMPRESSION_LEVEL, mtime=0)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
