from pathlib import Path

import pytest

from operate.errors import OperateError
from operate.terraform_cli import provider_mirror
from operate.terraform_cli.program import Program
from operate.terraform_cli.provider_mirror import MIRROR_VARIABLE, init_variables, search
from stacks.versions import AWS_PROVIDER_VERSION

TERRAFORM = Program("terraform", "/usr/bin/terraform", "Terraform")
OPENTOFU = Program("tofu", "/usr/bin/tofu", "OpenTofu")


def unpacked(mirror: Path, *, version: str = AWS_PROVIDER_VERSION, target: str | None = None) -> Path:
    (mirror / TERRAFORM.provider / version / (target or provider_mirror.target())).mkdir(parents=True)
    return mirror


def packed(mirror: Path) -> Path:
    (mirror / TERRAFORM.provider).mkdir(parents=True)
    (
        mirror / TERRAFORM.provider / f"terraform-provider-aws_{AWS_PROVIDER_VERSION}_{provider_mirror.target()}.zip"
    ).touch()
    return mirror


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that is searched."""
    monkeypatch.setattr(provider_mirror, "SEARCHED", ())
    path = tmp_path / "home"
    path.mkdir()
    return path


def variables(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "XDG_DATA_DIRS": str(home / "none"), **more}


@pytest.mark.parametrize("layout", [unpacked, packed])
def test_search_finds_either_layout(home: Path, layout: object) -> None:
    """A mirror a few folders down is found, and the configuration names it."""
    assert callable(layout)
    mirror = layout(home / "tools" / "mirror")
    found = init_variables(variables(home), folder=home / "out", program=TERRAFORM)
    assert f'path    = "{mirror}"' in Path(found["TF_CLI_CONFIG_FILE"]).read_text()


def test_search_wants_the_exact_provider(home: Path) -> None:
    """Another version, or another machine's, is no mirror."""
    unpacked(home / "a", version="5.99.0")
    unpacked(home / "b", target="plan9_amd64")
    assert "TF_CLI_CONFIG_FILE" not in init_variables(variables(home), folder=home / "out", program=TERRAFORM)


def test_registry_is_asked_once(home: Path) -> None:
    """Without a mirror the provider is kept for the next folder, where the user keeps it or else by us."""
    found = init_variables(variables(home), folder=home / "out", program=TERRAFORM)
    assert found == {
        "TF_PLUGIN_CACHE_DIR": str(home / "out" / "terraform-plugins"),
        "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true",
    }
    assert Path(found["TF_PLUGIN_CACHE_DIR"]).is_dir()
    assert init_variables(variables(home, TF_PLUGIN_CACHE_DIR="mine"), folder=home / "out", program=TERRAFORM) == {}


def test_search_is_bounded_in_depth(tmp_path: Path) -> None:
    """It reaches SEARCH_DEPTH folders down, a root being the first, and no further."""
    unpacked(tmp_path / "1/2/3/4")
    assert search([tmp_path], TERRAFORM) is None
    assert search([tmp_path / "1"], TERRAFORM) == tmp_path / "1/2/3/4"


def test_search_is_bounded_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up at its deadline."""
    unpacked(tmp_path / "mirror")
    monkeypatch.setattr(provider_mirror, "SEARCH_SECONDS", -1)
    assert search([tmp_path], TERRAFORM) is None


def test_named_mirror_comes_first(home: Path) -> None:
    """The variable wins over the user's own configuration."""
    (home / ".terraformrc").touch()
    mirror = unpacked(home / "named")
    found = init_variables(variables(home, **{MIRROR_VARIABLE: str(mirror)}), folder=home / "out", program=TERRAFORM)
    assert str(mirror) in Path(found["TF_CLI_CONFIG_FILE"]).read_text()


def test_named_mirror_without_the_provider(home: Path) -> None:
    """The message names the folder and what is missing in it."""
    with pytest.raises(
        OperateError, match=rf"{home}, which has no folder {TERRAFORM.provider}/{AWS_PROVIDER_VERSION}/"
    ):
        init_variables(variables(home, **{MIRROR_VARIABLE: str(home)}), folder=home / "out", program=TERRAFORM)


def test_named_mirror_at_nobodys_home(home: Path) -> None:
    """`~user` of a user that there isn't is a folder that there isn't."""
    with pytest.raises(OperateError, match=r"names ~nobody-here/mirror, which has no folder"):
        init_variables(
            variables(home, **{MIRROR_VARIABLE: "~nobody-here/mirror"}), folder=home / "out", program=TERRAFORM
        )


@pytest.mark.parametrize("none", [{}, {"HOME": ""}])
def test_no_home(home: Path, none: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's home is the password database's then, as for a shell; not the working directory."""
    monkeypatch.chdir(unpacked(home / "here"))
    found = init_variables(
        {"XDG_DATA_DIRS": str(home), "XDG_DATA_HOME": str(home), **none}, folder=home / "out", program=TERRAFORM
    )
    configuration = found.get("TF_CLI_CONFIG_FILE")
    assert configuration is None or 'path    = "."' not in Path(configuration).read_text()


@pytest.mark.parametrize("implied", [".terraform.d/plugins", ".local/share/terraform/plugins"])
def test_implied_mirror_needs_no_help(home: Path, implied: str) -> None:
    """Terraform looks there by itself."""
    unpacked(home / "other")
    unpacked(home / implied)
    assert init_variables(variables(home), folder=home / "out", program=TERRAFORM) == {}


def test_own_configuration_is_respected(home: Path) -> None:
    """Where the user has a `.terraformrc`, nothing is searched for."""
    unpacked(home / "mirror")
    (home / ".terraformrc").touch()
    assert init_variables(variables(home), folder=home / "out", program=TERRAFORM) == {}


def test_opentofu_has_another_registrys_name(home: Path) -> None:
    """What Terraform's registry is called in a mirror is no use to it, nor the other way round."""
    mirror = unpacked(home / "terraforms")
    assert "TF_CLI_CONFIG_FILE" not in init_variables(variables(home), folder=home / "out", program=OPENTOFU)
    (mirror / "registry.opentofu.org").symlink_to("registry.terraform.io")
    found = init_variables(variables(home), folder=home / "out", program=OPENTOFU)
    assert 'include = ["registry.opentofu.org/hashicorp/aws"]' in Path(found["TF_CLI_CONFIG_FILE"]).read_text()


@pytest.mark.parametrize("own", [".tofurc", ".config/opentofu/tofurc"])
def test_opentofus_own_configuration_is_respected(home: Path, own: str) -> None:
    """Which Terraform does not read."""
    mirror = unpacked(home / "mirror")
    (mirror / "registry.opentofu.org").symlink_to("registry.terraform.io")
    (home / own).parent.mkdir(parents=True, exist_ok=True)
    (home / own).touch()
    known = variables(home, XDG_CONFIG_HOME=str(home / ".config"))
    assert init_variables(known, folder=home / "out", program=OPENTOFU) == {}
    assert "TF_CLI_CONFIG_FILE" in init_variables(known, folder=home / "out", program=TERRAFORM)
