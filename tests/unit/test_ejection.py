"""`operate eject`: what is written for Terraform alone, and that nothing is overwritten or left half-written."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from operate import ejection, environment, paths
from operate.errors import OperateError
from operate.terraform_cli import terraform
from stacks.versions import AWS_PROVIDER_VERSION
from tests import synthesis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from operate.environment import Environment

FILES = [".terraform.lock.hcl", "README.md", "cdk.tf.json", "terraform.tf.json", "variables.tf.json"]
OWN_TABLES = """
[tags]
"//" = "kept"

[backend]
type = "local"
path = "states/own.tfstate"

[remote_state.networking]
backend = { type = "local", path = "/srv/networking.tfstate" }

[remote_state.security]
backend = { type = "local", path = "../security.tfstate" }
"""


@pytest.fixture(scope="module", autouse=True)
def remembered_synthesis() -> Iterator[None]:
    with synthesis.remembered():
        yield


@pytest.fixture(autouse=True)
def _own_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SYNTHESIZED", tmp_path / "cdktf.out")


def read(folder: Path, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / name).read_text())
    return document


def test_what_is_written_is_what_is_synthesized(tmp_path: Path) -> None:
    """In three files and without cdktf's own notes; the lock file names the provider, and Terraform finds it valid."""
    folder = tmp_path / "new" / "local"
    local = environment.resolve("local")
    assert sorted(path.name for path in ejection.eject(local, folder)) == FILES
    stack = read(local.stack.folder, "cdk.tf.json")
    written = {key: block for name in FILES[2:] for key, block in read(folder, name).items()}
    assert written.keys() == stack.keys() - {"//"}
    assert "metadata" not in json.dumps(written)
    assert written["terraform"] == stack["terraform"]
    assert written["variable"]["image_tag"]["validation"] == stack["variable"]["image_tag"]["validation"]
    assert f'version     = "{AWS_PROVIDER_VERSION}"' in (folder / ".terraform.lock.hcl").read_text()
    validated = terraform.Terraform(folder, {"TF_DATA_DIR": str(tmp_path / "data")})
    validated.lock_providers()
    validated.run("validate")


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """With tables of its own in place of its."""
    kept, skipping = [], False
    for line in (paths.REPOSITORY / "environments" / "dev.toml").read_text().splitlines():
        skipping = line in OWN_TABLES.splitlines() if line.startswith("[") else skipping
        kept += [] if skipping else [line]
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.toml").write_text("\n".join([*kept, OWN_TABLES]))
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path / "environments"))
    return environment.resolve("dev")


def test_a_tag_may_be_called_as_a_comment_is(tmp_path: Path, dev: Environment) -> None:
    """Only cdktf's notes are taken away, which stand beside a resource's arguments."""
    ejection.eject(dev, tmp_path / "own")
    assert read(tmp_path / "own", "cdk.tf.json")["provider"]["aws"][0]["default_tags"][0]["tags"]["//"] == "kept"


def test_states_in_files_are_found_from_anywhere(tmp_path: Path, dev: Environment) -> None:
    """Their paths, relative to the stack's folder before, are absolute, the README's too."""
    ejection.eject(dev, tmp_path / "own")
    own = read(tmp_path / "own", "terraform.tf.json")["terraform"]["backend"]["local"]["path"]
    states = read(tmp_path / "own", "cdk.tf.json")["data"]["terraform_remote_state"]
    assert own == str(tmp_path / "states/own.tfstate")
    assert f"the state is {own} |" in (tmp_path / "own" / "README.md").read_text()
    assert states["networking"]["config"]["path"] == "/srv/networking.tfstate"
    assert states["security"]["config"]["path"] == str(tmp_path.parent / "security.tfstate")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (lambda path: (path.mkdir(), (path / "main.tf").touch()), "is not empty, and nothing in it is overwritten"),
        (lambda path: path.touch(), "is not a folder"),
        (lambda path: path.symlink_to("nowhere"), "is a link to nothing"),
    ],
    ids=["not empty", "file", "dangling link"],
)
def test_nothing_is_overwritten(there: Callable[[Path], Any], said: str, tmp_path: Path) -> None:
    """Refused before anything is synthesized."""
    there(tmp_path / "own")
    with pytest.raises(OperateError, match=f"own {said}"):
        ejection.eject(environment.resolve("dev"), tmp_path / "own")
    assert not paths.SYNTHESIZED.exists()
    assert [path.name for path in tmp_path.glob("own/*")] in ([], ["main.tf"])


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """As a new repository's, say."""
    (tmp_path / "own").mkdir()
    assert len(ejection.eject(environment.resolve("local"), tmp_path / "own")) == len(FILES)


def test_nothing_is_left_where_there_is_no_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files or none."""

    def no_provider(_: terraform.Terraform) -> None:
        raise OperateError("neither in its registry nor on this machine")

    monkeypatch.setattr(terraform.Terraform, "lock_providers", no_provider)
    with pytest.raises(OperateError, match="neither in its registry"):
        ejection.eject(environment.resolve("local"), tmp_path / "own")
    assert not (tmp_path / "own").exists()


def test_readme_says_what_is_this_stacks(tmp_path: Path) -> None:
    """Account, state and the tag that is taken unasked; its shell code is one that a shell can read."""
    ejection.eject(environment.resolve("local"), tmp_path / "own")
    text = (tmp_path / "own" / "README.md").read_text()
    assert text.startswith("# go-api-local, for Terraform alone")
    assert "account 000000000000" in text
    assert "s3://terraform-state/go-api/local.tfstate" in text
    assert "Terraform takes `latest`." in text
    block = text.partition("```sh\n")[2].partition("```")[0]
    assert block.startswith('eval "$(cd ')
    assert 'image_tag="$(terraform output -raw image_tag)"' in block
    subprocess.run(["bash", "-n"], input=block.encode(), check=True)
