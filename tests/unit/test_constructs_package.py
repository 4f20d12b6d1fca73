"""`constructs_lib` as another repository has it: what is installed, what it needs, and what its docstrings tell."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from constructs_lib.sidecar import Sidecar
from stacks.settings import Environment
from stacks.settings.tables.sidecar import Sidecar as SidecarSettings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "constructs_lib"
MODULES = sorted(PACKAGE.glob("*.py"))
OTHER_TEAMS_STACK = """
import lazy_provider
lazy_provider.enable()
import constructs_lib
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider
from constructs_lib.fargate_cluster import FargateCluster

stack = TerraformStack(Testing.app(), "orders")
AwsProvider(stack, "aws", region="eu-west-1")
FargateCluster(stack, "cluster", name="orders")
assert '"name": "orders"' in Testing.synth(stack, True)
print(constructs_lib.__file__)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pip has installed the package; built of a copy, since a build leaves files in its sources."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(PACKAGE, folder / "constructs_lib", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", folder, folder / "constructs_lib"], check=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def distribution(site: Path) -> PathDistribution:
    (metadata,) = site.glob("*.dist-info")
    return PathDistribution(metadata)


def test_everything_is_installed(site: Path) -> None:
    """Each module, and the mark that the types in them are to be believed."""
    installed = {path.name for path in (site / "constructs_lib").iterdir()}
    assert installed == {path.name for path in MODULES} | {"py.typed"}


def test_it_has_a_version_of_its_own(distribution: PathDistribution) -> None:
    assert (distribution.metadata["Name"], bool(re.fullmatch(r"\d+\.\d+\.\d+", distribution.version))) == (
        "constructs_lib",
        True,
    )


def imported() -> set[str]:
    """What the modules import from outside the standard library, by its first name."""
    trees = [ast.parse(path.read_text()) for path in MODULES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"constructs_lib"}


def test_it_asks_for_what_it_imports_and_no_more(distribution: PathDistribution) -> None:
    """Neither this deployment nor `lazy_provider`; and it is tested with versions that it takes."""
    requirements = [Requirement(text) for text in distribution.requires or []]
    assert {requirement.name.replace("-", "_") for requirement in requirements} == imported()
    assert [str(each) for each in requirements if version(each.name) not in each.specifier] == []


def test_it_works_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    """With nothing of this repository but what loads the provider fast."""
    (tmp_path / "lazy_provider").symlink_to(ROOT / "lazy_provider")
    script = tmp_path / "stack.py"
    script.write_text(OTHER_TEAMS_STACK)
    completed = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout == f"{site / 'constructs_lib' / '__init__.py'}\n", completed.stderr


def options(class_: type) -> dict[str, Any]:
    """Its keyword-only arguments, or a dataclass's fields, and their defaults."""
    _self, *parameters = inspect.signature(class_.__init__).parameters.values()  # type: ignore[misc]
    fields = dataclasses.is_dataclass(class_)
    keyword_only = inspect.Parameter.KEYWORD_ONLY
    return {each.name: each.default for each in parameters if fields or each.kind is keyword_only}


def classes() -> list[type]:
    modules = [importlib.import_module(f"constructs_lib.{path.stem}") for path in MODULES]
    found = [(module, class_) for module in modules for _, class_ in inspect.getmembers(module, inspect.isclass)]
    return [class_ for module, class_ in found if class_.__module__ == module.__name__]


def test_a_setting_has_its_constructs_default() -> None:
    """So that an environment's file and another team's code mean the same by leaving an option out."""
    all_options = [each for class_ in classes() if class_ is not Sidecar for each in options(class_).items()]
    of_constructs = {name: default for name, default in all_options if default is not inspect.Parameter.empty}
    tables = [field.annotation for field in Environment.model_fields.values()]
    fields = [each for table in tables for each in getattr(table, "model_fields", {}).items()]
    of_settings = {name: field.default for name, field in fields if isinstance(field.default, (bool, int, str))}
    shared = {name: default for name, default in of_settings.items() if name in of_constructs}
    assert len(shared) >= 18
    assert {name: of_constructs[name] for name in shared} == shared


def test_a_sidecars_setting_has_its_constructs_default() -> None:
    """By the same names."""
    of_construct = {name: default for name, default in options(Sidecar).items() if name in SidecarSettings.model_fields}
    plain = {name: default for name, default in of_construct.items() if isinstance(default, (bool, int, str))}
    assert [*of_construct] == [name for name in options(Sidecar) if name != "mount_points"]  # `scratch_volumes`
    assert {name: SidecarSettings.model_fields[name].default for name in plain} == plain
    assert len(plain) >= 3


def told(docstring: str) -> dict[str, str]:
    """What each entry of the list says, by the names at its head."""
    entries = re.findall(r"^- (.+?): (.+?)(?=^- |^$|\Z)", docstring, flags=re.DOTALL | re.MULTILINE)
    return {name: text for names, text in entries for name in re.findall(r"``(\w+)``", names)}


def says_default(text: str, default: Any) -> bool:
    if default is inspect.Parameter.empty:
        return "No default" in text
    if isinstance(default, (bool, int, float, str)):
        return any(f"{said} by default" in " ".join(text.split()) for said in (default, f"``{default}``"))
    return "by default" in " ".join(text.split())


@pytest.mark.parametrize("class_", classes(), ids=lambda class_: class_.__name__)
def test_docstring_tells_each_option(class_: type) -> None:
    """Its meaning and its default, as the code has it, and the page that it comes from."""
    docstring = inspect.getdoc(class_) or ""
    wanted, found = options(class_), told(docstring)
    assert list(found) == list(wanted)
    assert [name for name, default in wanted.items() if not says_default(found[name], default)] == []
    assert "https://" in docstring
