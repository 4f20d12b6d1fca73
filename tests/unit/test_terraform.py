"""Real Terraform on its built-in `terraform_data`, which needs no provider; a fake one where versions matter."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operate import paths, progress
from operate.errors import OperateError
from operate.progress import StepFailedError
from operate.terraform_cli import provider_mirror, terraform
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform
from stacks.settings import Environment
from stacks.versions import AWS_PROVIDER_VERSION

REGISTRY = "registry.terraform.io/hashicorp/aws"
RELEASE = """
variable "image_tag" {
  type    = string
  default = "latest"
  validation {
    condition     = var.image_tag != ""
    error_message = "An image tag has at least one character."
  }
}
resource "terraform_data" "release" {
  input = var.image_tag
}
output "image_tag" {
  value = terraform_data.release.output
}
"""


@pytest.fixture(autouse=True)
def _forget_what_was_found() -> Iterator[None]:
    terraform.program.cache_clear()
    progress.say_once.cache_clear()
    yield
    terraform.program.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(RELEASE)
    return tmp_path


@pytest.fixture
def fake_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def install(script: str) -> Path:
        path = tmp_path / "bin" / "terraform"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
        return path

    return install


def test_applies_and_reads_outputs(folder: Path) -> None:
    """Variables reach Terraform, and outputs come back as plain values."""
    deployed = Terraform(folder)
    deployed.init()
    deployed.apply(variables={"image_tag": "v2"})
    assert deployed.output() == {"image_tag": "v2"}
    deployed.run("destroy", "-auto-approve")
    assert deployed.output() == {}


def test_plan_leaves_both_files(folder: Path, environment: Callable[..., Environment]) -> None:
    """A plan that Terraform can apply, and the same plan as JSON."""
    document = Stack(folder, Terraform(folder), environment()).plan(image_tag="v2")
    assert json.loads((folder / "plan.json").read_text()) == document
    Terraform(folder).apply(folder / "plan")
    assert Terraform(folder).output() == {"image_tag": "v2"}


def test_failed_plan_leaves_nothing(folder: Path, environment: Callable[..., Environment]) -> None:
    """Nothing half-written, and nothing of the plan before."""
    stack = Stack(folder, Terraform(folder), environment())
    stack.plan(image_tag=None)
    with pytest.raises(OperateError, match="An image tag has at least one character"):
        stack.plan(image_tag="")
    assert not list(folder.glob("plan*"))


def test_failure_shows_terraforms_words_then_ours(folder: Path) -> None:
    """The tool's own output, and one line that says which step it was."""
    (folder / "main.tf").write_text("nonsense {}")
    with pytest.raises(StepFailedError) as failure:
        Terraform(folder).init()
    shown = str(failure.value)
    assert "Unsupported block type" in shown
    assert shown.splitlines()[-1].startswith("terraform init in ")
    assert shown.endswith("failed with exit code 1")


def test_init_is_skipped_when_nothing_changed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The second init costs nothing; a changed requirement or a provider that went away brings it back."""
    provider = folder / ".terraform/providers" / REGISTRY / AWS_PROVIDER_VERSION
    Terraform(folder).init()
    (provider / provider_mirror.target()).mkdir(parents=True)
    (folder / ".terraform.lock.hcl").touch()

    def runs() -> bool:
        capfd.readouterr()
        Terraform(folder).init()
        return "terraform init" in capfd.readouterr().err

    assert not runs()
    with (folder / "main.tf").open("a") as source:
        source.write('terraform {\n  required_version = ">= 1.10"\n}\n')
    assert runs()
    assert not runs()
    shutil.rmtree(provider)
    assert runs()


def test_init_ignores_what_it_does_not_read(folder: Path) -> None:
    """Of synthesized JSON only the backend, the providers and the modules matter to init."""
    source = folder / "cdk.tf.json"
    deployed = Terraform(folder)

    def fingerprint(backend: str, tag: str) -> str:
        source.write_text(json.dumps({"terraform": {"backend": {backend: {}}}, "locals": {"tag": tag}}))
        return deployed._fingerprint()

    assert fingerprint("s3", "v1") == fingerprint("s3", "v2")
    assert fingerprint("s3", "v1") != fingerprint("local", "v1")


def test_no_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what is needed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        OperateError, match=r"^Terraform 1\.10 or newer is needed, and there is no terraform on PATH\.$"
    ):
        terraform.executable()


@pytest.mark.parametrize("version", ["0.15.5", "1.9.8"])
def test_old_terraform(version: str, fake_terraform: Callable[[str], Path]) -> None:
    """One line says what was found, where, and what is needed; 1.9 is older than 1.10."""
    path = fake_terraform(f"echo Terraform v{version}")
    with pytest.raises(OperateError) as refused:
        terraform.executable()
    assert str(refused.value) == f"Terraform 1.10 or newer is needed (S3 lock files), and {path} is {version}."


@pytest.mark.parametrize("version", ["1.10.0", "1.11.4", "1.12.0-rc1", "2.0.0"])
def test_new_terraform(version: str, fake_terraform: Callable[[str], Path]) -> None:
    """From 1.10 on, release candidates too."""
    path = fake_terraform(f"echo Terraform v{version}")
    assert terraform.executable() == str(path)


@pytest.mark.parametrize(
    "said", ["", "Terraform", "Terraform 1.11.4", "Terraform v1.x", "Terragrunt v1.11.4", "The OpenTofu v1.11.4"]
)
def test_terraform_without_a_version(said: str, fake_terraform: Callable[[str], Path]) -> None:
    """One line with what it said instead."""
    path = fake_terraform(f"printf '%s' '{said}'")
    with pytest.raises(OperateError) as refused:
        terraform.executable()
    shown = f"of its version: {said}" if said else "nothing of its version"
    assert str(refused.value) == f"Terraform or OpenTofu 1.10 or newer is needed, and {path} says {shown}"


def test_terraform_of_bytes(fake_terraform: Callable[[str], Path]) -> None:
    """Text in no encoding is shown as far as it is text."""
    fake_terraform("printf '\\377\\376v1'")
    with pytest.raises(OperateError, match="says of its version: \ufffd\ufffdv1"):
        terraform.executable()


@pytest.mark.parametrize("script", ["#!/nowhere/interpreter", "\0\0"])
def test_terraform_that_cannot_be_run(script: str, fake_terraform: Callable[[str], Path]) -> None:
    """Of another machine, say."""
    path = fake_terraform("")
    path.write_text(script)
    with pytest.raises(OperateError, match=rf"^{path} cannot be run: (No such file or directory|Exec format error)\.$"):
        terraform.executable()


def test_terraform_that_fails_silently(fake_terraform: Callable[[str], Path]) -> None:
    """What failed, and with which code, is always said."""
    path = fake_terraform("exit 3")
    with pytest.raises(OperateError, match=rf"^{path} version: failed with exit code 3$"):
        terraform.executable()


def test_terraform_that_prints_no_json(folder: Path, fake_terraform: Callable[[str], Path]) -> None:
    """One line that says which command it was."""
    fake_terraform("""[ "$1" = version ] && { echo Terraform v1.11.4; exit; }; echo Hello""")
    for read in (Terraform(folder).output, Terraform(folder).show_json):
        with pytest.raises(OperateError, match=r"^terraform (output|show) in .*: no JSON, but 'Hello\\n'$"):
            read()


def test_unusable_cli_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A folder, a pipe that nobody writes to, what is beyond a file, a name that is too long: ignored, with a word."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "file/below", tmp_path / ("x" * 300)):
        monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(path))
        assert "TF_CLI_CONFIG_FILE" not in terraform.tool_variables({})
        assert f"TF_CLI_CONFIG_FILE names {path}, which " in capfd.readouterr().err


def test_unreadable_folder_of_the_cli_configuration(tmp_path: Path) -> None:
    """As for one that isn't there."""
    (tmp_path / "own.tfrc").touch()
    (tmp_path / "terraform").touch()
    tmp_path.chmod(0)  # to root that is no hindrance
    program = f"""
import os
from pathlib import Path
from operate.terraform_cli import provider_mirror, terraform
from operate.terraform_cli.program import Program
if os.getuid() == 0:
    os.setuid(65534)
os.environ["TF_CLI_CONFIG_FILE"] = {str(tmp_path / "own.tfrc")!r}
assert "TF_CLI_CONFIG_FILE" not in terraform.tool_variables({{}})
assert not provider_mirror.holds_provider(Path({str(tmp_path)!r}), Program("terraform", "terraform", "Terraform"))
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=paths.REPOSITORY, capture_output=True, check=False)
    tmp_path.chmod(0o700)
    assert (ran.returncode, ran.stderr.count(b"Traceback")) == (0, 0), ran.stderr


def test_shown_without_a_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has deleted it."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert paths.shown(tmp_path / "plan") == f"{tmp_path}/plan"


def test_neither_mirror_nor_registry(folder: Path, fake_terraform: Callable[[str], Path]) -> None:
    """Terraform's own words stay, and after them stands what to do."""
    fake_terraform("""
    [ "$1" = version ] && { echo Terraform v1.11.4; exit; }
    echo 'Error: Failed to query available provider packages' >&2
    echo 'could not connect to the registry: no such host' >&2
    exit 1
    """)
    with pytest.raises(OperateError) as failure:
        Terraform(folder).init()
    shown = str(failure.value)
    assert "could not connect to the registry: no such host" in shown
    wanted = f"{REGISTRY}/{AWS_PROVIDER_VERSION}/"
    assert f"set {provider_mirror.MIRROR_VARIABLE} to a folder that holds {wanted}" in shown


def test_missing_cli_configuration(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """It is ignored, and that is said once."""
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "missing.tfrc")
    for _ in range(2):
        assert "TF_CLI_CONFIG_FILE" not in terraform.tool_variables({})
    assert capfd.readouterr().err.count("missing.tfrc, which does not exist: ignored") == 1


def test_own_cli_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that exists is the user's business, for Terraform and for the search."""
    configuration = tmp_path / "own.tfrc"
    configuration.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(configuration))
    monkeypatch.delenv(provider_mirror.MIRROR_VARIABLE, raising=False)
    assert terraform.tool_variables({})["TF_CLI_CONFIG_FILE"] == str(configuration)
    assert terraform.provider_variables({}) == {}


def test_garbage_is_collected_as_the_caller_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with little memory, say; unasked, seldom."""
    monkeypatch.delenv("GOGC", raising=False)
    assert int(terraform.tool_variables({})["GOGC"]) > 100
    monkeypatch.setenv("GOGC", "50")
    assert terraform.tool_variables({})["GOGC"] == "50"


def test_environment_is_laid_over_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value takes a variable away; Terraform neither asks nor phones home."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    variables = terraform.tool_variables({"AWS_PROFILE": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert "AWS_PROFILE" not in variables
    assert variables["AWS_REGION"] == "eu-west-1"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (variables["TF_IN_AUTOMATION"], variables["CHECKPOINT_DISABLE"]) == ("1", "1")


@pytest.fixture
def tofu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Says that it is OpenTofu, and leaves the work to Terraform."""
    path = tmp_path / "bin" / "tofu"
    path.parent.mkdir()
    path.write_text(f"""#!/bin/sh
echo "$@" >> {tmp_path}/asked
[ "$*" = version ] && {{ echo OpenTofu v1.10.6; echo on linux_amd64; exit; }}
exec {shutil.which("terraform")} "$@"
""")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu")
    return path


def test_opentofu_by_its_name(folder: Path, tofu: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One variable names the program, for each command and each message."""
    deployed = Terraform(folder)
    deployed.init()
    deployed.apply(variables={"image_tag": "v2"})
    assert deployed.output() == {"image_tag": "v2"}
    asked = [line.split()[0] for line in (tofu.parents[1] / "asked").read_text().splitlines()]
    assert asked == ["version", "init", "apply", "output"]
    said = capfd.readouterr().err
    assert "tofu init in" in said
    assert "terraform init" not in said


def test_opentofu_by_its_path(folder: Path, tofu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to where one is, while it runs elsewhere."""
    monkeypatch.chdir(tofu.parent)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "./tofu")
    Terraform(folder).init()
    assert terraform.executable() == str(tofu)


def test_old_opentofu(tofu: Path) -> None:
    """Its first with a lock file in S3 has the same number."""
    tofu.write_text("#!/bin/sh\necho OpenTofu v1.9.4\n")
    with pytest.raises(OperateError) as refused:
        terraform.executable()
    assert str(refused.value) == f"OpenTofu 1.10 or newer is needed (S3 lock files), and {tofu} is 1.9.4."


def test_no_opentofu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program than the one that was asked for is not taken, and the variable is named."""
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu-1.10")
    with pytest.raises(OperateError) as refused:
        terraform.executable()
    assert str(refused.value) == (
        "Terraform or OpenTofu 1.10 or newer is needed, and there is no tofu-1.10, which TERRAFORM_BINARY_NAME names."
    )


def test_opentofu_without_its_registry(folder: Path, tofu: Path) -> None:
    """What to do is said in its own words."""
    tofu.write_text("""#!/bin/sh
    [ "$1" = version ] && { echo OpenTofu v1.10.6; exit; }
    echo 'Error: Failed to query available provider packages' >&2
    exit 1
    """)
    with pytest.raises(
        OperateError, match=r"(?s)OpenTofu found .* holds registry\.opentofu\.org/.*`tofu providers mirror`"
    ):
        Terraform(folder).init()
