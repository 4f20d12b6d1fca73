"""The verbs, with the embedded AWS and the generator replaced; the plan tests run them for real."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from local_aws import lifecycle
from local_aws.instance import LocalAws
from local_aws.lifecycle import Status
from operate import __main__ as command_line
from operate import deployment, generator, paths
from operate.environment import resolve
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.terraform_cli.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[2]


def invoke(*arguments: str) -> str:
    """Standard output of a verb that succeeds; an OperateError comes through."""
    return CliRunner().invoke(command_line.app, list(arguments), catch_exceptions=False).stdout


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = Status(endpoint="", directory=tmp_path, pid=None, uptime_seconds=0)
    monkeypatch.setattr(lifecycle, "status", lambda _: status)
    monkeypatch.setattr(embedded_aws, "down", lambda: None)


def test_errors_are_one_message_and_exit_code_one() -> None:
    """As a person meets it: no traceback, nothing on standard output."""
    command = [sys.executable, "-m", "operate", "plan", "nowhere"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert re.fullmatch(r"There is no environment 'nowhere': .+ There are: .*local.*\.\n", result.stderr)


@pytest.mark.parametrize("verb", ["plan", "deploy", "release"])
@pytest.mark.parametrize("tag", ["", " ", "v 1", "$(touch x)", "`x`", "-x", ".x", "a/b", "a:b", "x" * 129, "v1\n", "ü"])
def test_no_image_tag_is_refused_at_once(verb: str, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built, pushed or planned under it."""
    monkeypatch.setattr(command_line, "resolve", lambda _: pytest.fail("went on"))
    with pytest.raises(OperateError) as refused:
        invoke(verb, "local", f"--image-tag={tag}")
    assert str(refused.value).startswith(f"{tag!r} is not an image tag: it must be 1 to 128 letters, digits,")


@pytest.mark.parametrize("tag", ["v1", "_", "3f9c2e1", "A.b_c-d", "x" * 128])
def test_what_ecr_takes_is_an_image_tag(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tag arrives as it is."""
    deploy = Mock(side_effect=OperateError("seen"))
    monkeypatch.setattr(deployment, "deploy", deploy)
    with pytest.raises(OperateError, match="seen"):
        invoke("release", "local", "--image-tag", tag)
    (environment,), named = deploy.call_args
    assert (environment.settings.name, named["image_tag"]) == ("local", tag)


def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the system says, and of which file; a fault of ours keeps its traceback."""

    def refuse() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "plan.json"))

    monkeypatch.setattr(sys, "argv", ["operate", "clean"])
    monkeypatch.setattr(generator, "state_files", refuse)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    assert capfd.readouterr().err == f"{tmp_path}/plan.json: No space left on device\n"


def test_what_is_refused_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another environment's wrong settings are found by the generator, and before anything runs."""
    monkeypatch.setattr(embedded_aws, "up", lambda *_, **__: pytest.fail("started the embedded AWS"))
    monkeypatch.setattr(generator, "synthesize", Mock(side_effect=OperateError("dev.toml: no such key")))
    with pytest.raises(OperateError, match="no such key"):
        resolve("local").prepare_stack()


def test_only_local_starts_the_embedded_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another environment gets the caller's own credentials, and no emulator."""
    monkeypatch.setattr(embedded_aws, "up", lambda *_, **__: pytest.fail("started the embedded AWS"))
    monkeypatch.setattr(generator, "synthesize", lambda _: None)
    monkeypatch.setattr(Stack, "init", lambda _: None)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert resolve("dev").prepare_stack().terraform.environment == {}
    with pytest.raises(pytest.fail.Exception, match="started"):
        resolve("local").prepare_stack()


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECS"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:4599", "http://localhost:4599/", "http://[::1]:4599"])
def test_embedded_aws_is_only_for_local(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that still points at the embedded AWS, for one service or all, doesn't plan another environment there."""
    monkeypatch.setenv("LOCAL_AWS_PORT", "4599")
    monkeypatch.setenv(name, url)
    with pytest.raises(OperateError, match=f"{name} points at the embedded AWS, where 'dev' isn't"):
        resolve("dev")


@pytest.mark.parametrize("url", ["http://localhost:4598", "https://vpce-1.ecs.eu-west-1.vpce.amazonaws.com", "a:b"])
def test_other_endpoints_are_the_callers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A VPC endpoint, or a tunnel to one."""
    monkeypatch.setenv("LOCAL_AWS_PORT", "4599")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert resolve("dev").stack.terraform.environment == {}


@pytest.mark.usefixtures("stopped")
def test_cloud_status_when_stopped() -> None:
    """Says so."""
    assert re.match(r"embedded AWS +stopped", invoke("cloud-status"))


@pytest.mark.usefixtures("stopped")
def test_cloud_env_when_stopped() -> None:
    """Says what starts it, rather than printing an endpoint where nothing listens."""
    with pytest.raises(OperateError, match="not running: `make cloud-up` starts it"):
        invoke("cloud-env")


def test_cloud_env_is_shell_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that evaluates it has the variables, and has lost those that are to go."""
    variables = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "NO_PROXY": "a b'c", "AWS_PROFILE": ""}
    monkeypatch.setattr(embedded_aws, "running_variables", lambda: variables)
    script = f'{invoke("cloud-env")}\nprintf "%s|%s|%s" "$AWS_ENDPOINT_URL" "$NO_PROXY" "${{AWS_PROFILE-gone}}"'
    shown = subprocess.run(
        ["sh", "-c", script], env={"AWS_PROFILE": "production"}, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "http://127.0.0.1:1|a b'c|gone"


def test_cloud_env_runs_nothing_of_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable's name may hold what a shell would run; a name that is no shell's is left out."""
    for name in (
        "AWS_ENDPOINT_URL_S3",
        f"AWS_ENDPOINT_URL_$(touch {tmp_path}/a)",
        f"AWS_ENDPOINT_URL_;touch {tmp_path}/b",
    ):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", f"$(touch {tmp_path}/c)';touch {tmp_path}/d;\n'")
    monkeypatch.setattr(embedded_aws, "running_variables", LocalAws().environment_variables)
    shown = invoke("cloud-env")
    subprocess.run(["sh", "-euc", 'eval "$1"', "sh", shown], check=True)
    assert "unset AWS_ENDPOINT_URL_S3\n" in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "answer", "is_destroyed"),
    [
        (["prod"], "go-api-prod\n", True),
        (["prod"], "yes\n", False),
        (["prod"], "\n", False),
        (["prod"], "", False),
        (["prod", "--yes"], "", True),
        (["local"], "", True),
    ],
)
def test_destroy_asks_first(
    monkeypatch: pytest.MonkeyPatch, *, arguments: list[str], answer: str, is_destroyed: bool
) -> None:
    """For the stack's name, since a habit types a yes; a pipeline, which can't be asked, has to say it."""
    monkeypatch.setattr(deployment, "destroy", lambda _: deployment.Destroyed(9, ["go-api:1"]))
    result = CliRunner().invoke(command_line.app, ["destroy", *arguments], input=answer)
    assert (f"{arguments[0]}: destroyed, with 1 revision" in result.stdout) == is_destroyed
    assert is_destroyed or "go-api-prod was not destroyed" in str(result.exception)


@pytest.fixture
def used_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in use."""
    monkeypatch.setattr(paths, "SYNTHESIZED", tmp_path / "cdktf.out")
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".local")
    for file in ("cdktf.out/stacks/go-api-dev/.terraform/terraform.tfstate", ".local/aws/log", "state/dev.tfstate"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.usefixtures("stopped")
def test_clean(used_checkout: Path) -> None:
    """What can be made again goes; states of a local backend stay."""
    invoke("clean")
    assert [path.name for path in used_checkout.iterdir()] == ["state"]
    assert (used_checkout / "state" / "dev.tfstate").exists()


@pytest.mark.usefixtures("stopped")
def test_clean_twice(used_checkout: Path) -> None:
    """Where nothing is left to delete, nothing fails."""
    invoke("clean")
    invoke("clean")
    assert not (used_checkout / ".local").exists()


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("name", ["cdktf.out", ".local"])
def test_clean_of_a_link(used_checkout: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leads to may be anybody's: it says so, and stops and deletes nothing."""
    (used_checkout / name).rename(used_checkout / "elsewhere")
    (used_checkout / name).symlink_to(used_checkout / "elsewhere")
    monkeypatch.setattr(embedded_aws, "down", lambda: pytest.fail("stopped the embedded AWS"))
    with pytest.raises(
        OperateError, match=rf"{name} is a link to {used_checkout}/elsewhere: clean deletes nothing there"
    ):
        invoke("clean")
    assert (used_checkout / "cdktf.out/stacks").is_dir()
    assert (used_checkout / ".local/aws/log").is_file()


@pytest.mark.usefixtures("stopped")
def test_clean_of_what_cannot_be_deleted(used_checkout: Path) -> None:
    """It names each, and has deleted what it could."""
    (used_checkout / "cdktf.out").rename(used_checkout / "old")
    (used_checkout / "cdktf.out").write_text("a file")
    with pytest.raises(OperateError, match=r"cdktf\.out cannot be deleted: Not a directory\.$"):
        invoke("clean")
    assert not (used_checkout / ".local").exists()


@pytest.mark.usefixtures("stopped")
def test_clean_keeps_a_state_among_what_was_synthesized(used_checkout: Path) -> None:
    """It refuses, names the state, and deletes nothing at all."""
    state = used_checkout / "cdktf.out/stacks/go-api-dev/terraform.tfstate"
    state.touch()
    with pytest.raises(OperateError, match=r"go-api-dev/terraform\.tfstate is a Terraform state"):
        invoke("clean")
    assert state.exists()
    assert (used_checkout / ".local").exists()
