"""The generator as `operate` runs it: settings are refused before it starts, and the others' are a warning."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operate import generator, paths, progress
from operate.environment import Environment, resolve
from operate.errors import OperateError
from operate.generator import settings_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _forget_what_was_said() -> Iterator[None]:
    progress.say_once.cache_clear()
    yield
    progress.say_once.cache_clear()


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the settings to spoil, which ENVIRONMENTS_DIR names, and a folder of its own to synthesize to."""
    copy = Path(shutil.copytree(ROOT / "environments", tmp_path / "settings"))
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(copy))
    monkeypatch.setattr(paths, "SYNTHESIZED", tmp_path / "cdktf.out")
    return copy


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_unknown_environment(environments: Path) -> None:
    """The message names the file that is missing, where ENVIRONMENTS_DIR says, and the environments that there are."""
    with pytest.raises(OperateError) as refused:
        resolve("live")
    assert str(refused.value) == (
        f"There is no environment 'live': no file {environments}/live.toml. There are: dev, local, prod, staging."
    )


@pytest.mark.parametrize("name", ["nowhere", "Makefile", "docs/../nowhere"])
def test_unknown_folder_of_environments(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the folder, relative to the repository, as main.py's does."""
    monkeypatch.setenv("ENVIRONMENTS_DIR", name)
    for refused in (lambda: settings_of("dev"), generator.synthesize, lambda: generator.synthesize("dev")):
        with pytest.raises(OperateError, match=rf"{ROOT}/{name}\n +cannot be read as a folder of environments: "):
            refused()


def test_empty_environments_dir_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every empty variable."""
    monkeypatch.setenv("ENVIRONMENTS_DIR", "")
    assert settings_of("dev").name == "dev"


def test_folder_is_named_after_the_service(environments: Path) -> None:
    """As main.py names the stack, whatever the service is called."""
    replace(environments / "dev.toml", 'name = "go-api"', 'name = "orders"')
    assert resolve("dev").stack.folder == paths.SYNTHESIZED / "stacks" / "orders-dev"


def synthesized(name: str) -> Environment:
    """As a verb does it, up to Terraform."""
    environment = resolve(name)
    generator.synthesize(name)
    return environment


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "run", lambda label, _: pytest.fail(f"started {label}"))


@pytest.mark.usefixtures("nothing_starts")
def test_wrong_settings_are_refused_before_anything_starts(environments: Path) -> None:
    """Of every file, for a synth of all; of its own file, for one environment's verb."""
    replace(environments / "dev.toml", "region ", "regoin ")
    replace(environments / "prod.toml", "region ", "regoin ")
    with pytest.raises(OperateError, match=r"(?s)dev\.toml: regoin.*prod\.toml: regoin"):
        generator.synthesize()
    with pytest.raises(OperateError) as refused:
        synthesized("dev")
    assert "dev.toml: regoin" in str(refused.value)
    assert "prod.toml" not in str(refused.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_text("not TOML"), r"prod\.toml\n +is not TOML"),
        (lambda file: file.write_bytes(b"\xff"), r"prod\.toml\n +is not UTF-8"),
        (lambda file: file.rename(file.with_suffix(".tml")), r"prod\.tml\n +must end in \.toml"),
        (lambda file: shutil.copy(file, file.with_stem("copy")), r"prod\.toml: backend\n.*copy\.toml too"),
    ],
)
def test_others_wrong_settings_are_a_warning(
    damage: Callable[[Path], object], said: str, environments: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong with them, also with one another; said once."""
    damage(environments / "prod.toml")
    assert settings_of("dev").name == settings_of("dev").name == "dev"
    shown = capfd.readouterr().err
    assert shown.count("Warning: only dev is synthesized, because others' settings are wrong:\n") == 1
    assert re.search(said, shown)


def test_what_was_made_of_the_others_stays(environments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's own stack is made anew; no file of another stack is lost, as `cdktf synth` would have it."""
    generator.synthesize()
    before = {path.parent.name: path.read_text() for path in paths.SYNTHESIZED.glob("stacks/*/cdk.tf.json")}
    (paths.SYNTHESIZED / "stacks/go-api-prod/plan").touch()
    (environments / "prod.toml").write_text("not TOML")
    replace(environments / "dev.toml", "memory_mib = 512", "memory_mib = 1024")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert synthesized("dev").stack.folder.name == "go-api-dev"
    after = {path.parent.name: path.read_text() for path in paths.SYNTHESIZED.glob("stacks/*/cdk.tf.json")}
    (definition,) = json.loads(after["go-api-dev"])["resource"]["aws_ecs_task_definition"].values()
    assert definition["memory"] == "1024"
    assert {name: text for name, text in after.items() if text != before[name]} == {"go-api-dev": after["go-api-dev"]}
    assert (paths.SYNTHESIZED / "stacks/go-api-prod/plan").exists()


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_a_collision_is_refused_for_both(environment: str, environments: Path) -> None:
    """Whichever is planned would overwrite the other's state; a third may go on, and says so."""
    shutil.copy(environments / "dev.toml", environments / "staging.toml")
    with pytest.raises(OperateError, match=r"staging\.toml: backend\n.* is the state of .*dev\.toml too"):
        settings_of(environment)
    assert settings_of("prod").name == "prod"
