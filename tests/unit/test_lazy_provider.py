"""lazy_provider: loads on demand, changes no byte of the output, and stands aside where it doesn't fit.

It changes its process for good, so that almost every test runs a small program in one of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lazy_provider
from lazy_provider import node

ROOT = Path(__file__).resolve().parents[2]
EAGER = "cdktf_cdktf_provider_aws"
PACKAGE = EAGER if importlib.util.find_spec(EAGER) else "cdktn_provider_aws"

SYNTH = """
from cdktf import App, TerraformStack
from cdktf_cdktf_provider_aws.ecs_cluster import EcsCluster
from cdktf_cdktf_provider_aws.provider import AwsProvider
app = App()
stack = TerraformStack(app, "stack")
AwsProvider(stack, "aws")
EcsCluster(stack, "cluster", name="example")
app.synth()
"""

IN_BACKGROUND = "from lazy_provider import assemblies; assemblies.load_in_background()\n"


def run(
    program: str, folder: Path, *, check: bool = True, path: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a folder, without what lazy_provider has set in this process."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"JSII_NODE", "NODE_OPTIONS", "LAZY_PROVIDER_NODE"}}
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=inherited | {"PYTHONPATH": str(path), "CDKTF_OUTDIR": str(folder / "out")} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert not check or result.returncode == 0, result.stderr
    return result


def enabled(program: str) -> str:
    return f"import lazy_provider\nassert lazy_provider.enable()\n{program}"


def synthesized(folder: Path) -> dict[Path, bytes]:
    stacks = folder / "out" / "stacks"
    return {file.relative_to(stacks): file.read_bytes() for file in sorted(stacks.rglob("*")) if file.is_file()}


def test_imports_only_the_submodules_that_are_used(tmp_path: Path) -> None:
    """Of 1,500 submodules, those that were asked for and the assembly's are imported."""
    count = f"import sys; print([m for m in sys.modules if m.startswith('{PACKAGE}.') and '._private' not in m])"
    result = run(enabled(SYNTH + count), tmp_path)
    assert result.stdout.strip() == f"['{PACKAGE}._jsii', '{PACKAGE}.ecs_cluster', '{PACKAGE}.provider']"


def test_requires_only_the_javascript_modules_that_are_used(tmp_path: Path) -> None:
    """Node, too, loads the used modules of the provider and no other."""
    spy = tmp_path / "spy.js"
    spy.write_text("process.on('exit', () => console.log(Object.keys(require.cache).join('\\n')))", encoding="utf-8")
    result = run(enabled(SYNTH), tmp_path, NODE_OPTIONS=f"--require {spy}")
    required = [
        line.split("provider-aws/lib/")[1] for line in result.stdout.splitlines() if "provider-aws/lib/" in line
    ]
    asked_by_the_provider = {"provider-functions/index.js"}  # the successor's
    assert {*required} - asked_by_the_provider == {"ecs-cluster/index.js", "lazy-index.js", "provider/index.js"}


def test_a_submodule_is_an_attribute_of_the_package(tmp_path: Path) -> None:
    """`aws.ecs_cluster.EcsCluster` works, and so do dir() and hasattr()."""
    run(
        enabled(f"""
import {PACKAGE} as aws
assert aws.ecs_cluster.EcsCluster.__name__ == "EcsCluster"
assert {{"ecs_cluster", "s3_bucket"}} <= set(dir(aws)) and "_jsii" not in dir(aws)
assert not hasattr(aws, "no_such_resource")
"""),
        tmp_path,
    )


def test_an_unknown_attribute_is_named(tmp_path: Path) -> None:
    """A misspelt submodule gives the error that the stock package gives."""
    result = run(enabled(f"import {PACKAGE} as aws; aws.ecs_clutser"), tmp_path, check=False)
    assert f"AttributeError: module '{PACKAGE}' has no attribute 'ecs_clutser'" in result.stderr


def test_output_is_the_same_to_the_byte(tmp_path: Path) -> None:
    """Every environment's files are what the stock provider makes of them."""
    program = (
        f"import runpy, sys; sys.argv = ['main.py']; runpy.run_path({str(ROOT / 'main.py')!r}, run_name='__main__')"
    )
    on, off = tmp_path / "on", tmp_path / "off"
    for folder, switch in ((on, "on"), (off, "off")):
        folder.mkdir()
        run(program, folder, LAZY_PROVIDER=switch)
    stacks = {file.parts[0] for file in synthesized(on)}
    assert len(stacks) == len(list((ROOT / "environments").glob("*.toml")))
    assert synthesized(on) == synthesized(off)


@pytest.mark.parametrize("value", ["off", "0", "false", "No", " OFF ", "nope"])
def test_switched_off(value: str, tmp_path: Path) -> None:
    """LAZY_PROVIDER leaves the package, Node's options and jsii alone; the bundled Node stays."""
    program = f"""
import os, sys, warnings, lazy_provider
warnings.simplefilter("ignore")
assert not lazy_provider.enable()
assert "NODE_OPTIONS" not in os.environ and "jsii" not in sys.modules and "{PACKAGE}" not in sys.modules
print(os.environ["JSII_NODE"])
"""
    assert Path(run(program, tmp_path, LAZY_PROVIDER=value).stdout.strip()).stem == "node"


@pytest.mark.parametrize(("value", "warns"), [("nope", True), ("off", False), ("On", False), ("", False)])
def test_unclear_switch(value: str, *, warns: bool, tmp_path: Path) -> None:
    """What is neither on nor off leaves the stock behaviour, and says so."""
    result = run("import lazy_provider; lazy_provider.enable()", tmp_path, LAZY_PROVIDER=value)
    assert (f"LAZY_PROVIDER is {value!r}, which is neither on nor off" in result.stderr) == warns


def test_switched_off_in_a_child_of_an_enabled_process(tmp_path: Path) -> None:
    """A child that is switched off takes back what it inherited, and keeps what was the user's."""
    child = (
        "import os, lazy_provider; lazy_provider.enable(); print(os.environ['NODE_OPTIONS'], os.environ['JSII_NODE'])"
    )
    parent = enabled(
        f"import os, subprocess, sys; os.environ['LAZY_PROVIDER'] = 'off'\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    result = run(parent, tmp_path, NODE_OPTIONS="--no-warnings", JSII_NODE="/opt/my/node")
    assert result.stdout.split() == ["--no-warnings", "/opt/my/node"]


def test_enabling_twice_is_enabling_once(tmp_path: Path) -> None:
    """Neither a second call nor an enabled child adds anything to the environment."""
    program = (
        "import os, lazy_provider; lazy_provider.enable(); print(os.environ['NODE_OPTIONS'], os.environ['JSII_NODE'])"
    )
    parent = f"{program}\n{program}\nimport subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    lines = run(parent, tmp_path, PYTHONUNBUFFERED="1").stdout.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1


def test_stands_aside_if_the_provider_was_imported_before(tmp_path: Path) -> None:
    """An imported package is left as it is, with a warning that says how to do better."""
    program = f"import sys, types; sys.modules['{PACKAGE}'] = types.ModuleType('x')\nimport lazy_provider"
    result = run(f"{program}\nassert not lazy_provider.enable()", tmp_path)
    assert "it was imported before lazy_provider.enable()" in result.stderr


@pytest.mark.parametrize(
    ("source", "tarball", "problem"),
    [
        ("from . import ecs_cluster\nclass Something: ...\n", True, "is not the list of imports it was in 20.1"),
        ("def __getattr__(name): ...\n", True, "is not the list of imports it was in 20.1"),
        ("from . import ecs_cluster\n", False, "holds no _jsii/*.jsii.tgz"),
    ],
)
def test_stands_aside_from_another_layout(source: str, tarball: bool, problem: str, tmp_path: Path) -> None:  # noqa: FBT001
    """A package that isn't laid out as 20.1 is gets its own import, and a warning with the reason."""
    package = tmp_path / EAGER
    for folder in ("_jsii", "ecs_cluster"):
        (package / folder).mkdir(parents=True)
        (package / folder / "__init__.py").touch()
    (package / "__init__.py").write_text(f"{source}stock = True\n", encoding="utf-8")
    if tarball:
        (package / "_jsii" / "provider-aws@99.0.0.jsii.tgz").touch()
    program = f"import lazy_provider; assert not lazy_provider.enable()\nimport {EAGER}; assert {EAGER}.stock"
    result = run(program, tmp_path, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert problem in result.stderr


@pytest.mark.parametrize(
    ("source", "problem"),
    [("def __getattr__(name): ...\n", ""), ("from . import ecs_cluster\n", "imports what nobody has asked for")],
)
def test_the_successor_is_lazy_by_itself(source: str, problem: str, tmp_path: Path) -> None:
    """Python's side is left as it is; one that is not lazy any more is warned of."""
    package = tmp_path / "cdktn_provider_aws"
    (package / "_jsii").mkdir(parents=True)
    (package / "_jsii" / "provider-aws@99.0.0.jsii.tgz").touch()
    (package / "__init__.py").write_text(source, encoding="utf-8")
    program = f"""
import importlib.util, os
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {EAGER!r} else find(name, *rest)
import lazy_provider
assert lazy_provider.enable() is {not problem}
assert ("preload.js" in os.environ.get("NODE_OPTIONS", "")) is {not problem}
"""
    result = run(program, tmp_path, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert (problem in result.stderr) if problem else not result.stderr


@pytest.mark.parametrize("framework", ["@cdktf", "@cdktn"])
@pytest.mark.parametrize(("lazy", "printed"), [(True, "lazy"), (False, "eager")])
def test_stands_aside_from_an_npm_package_without_a_lazy_index(
    lazy: bool,  # noqa: FBT001
    printed: str,
    framework: str,
    tmp_path: Path,
) -> None:
    """Node takes the lazy index where there is one; else the eager one, and says so in a line."""
    package = tmp_path / "node_modules" / framework / "provider-aws" / "lib"
    package.mkdir(parents=True)
    (package / "index.js").write_text("console.log('eager')", encoding="utf-8")
    if lazy:
        (package / "lazy-index.js").write_text("console.log('lazy')", encoding="utf-8")
    (package.parent / "package.json").write_text('{"main": "lib/index.js"}', encoding="utf-8")
    result = node_with_preload(f"require('{framework}/provider-aws')", tmp_path, JSII_AGENT="Python")
    assert result.stdout.strip() == printed
    assert ("has no lazy-index.js, synthesis is slow" in result.stderr) is not lazy


def test_other_node_programs_are_left_alone(tmp_path: Path) -> None:
    """A Node that inherits NODE_OPTIONS but isn't jsii's resolves and loads as ever."""
    result = node_with_preload("console.log(require('module')._load.toString().includes('archiver'))", tmp_path)
    assert result.stdout.strip() == "false"


def node_with_preload(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    node.use_bundled()
    real = os.environ.get("LAZY_PROVIDER_NODE", os.environ["JSII_NODE"])
    return subprocess.run(
        [real, "--require", str(node.PRELOAD), "-e", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_the_users_node_options_stay(tmp_path: Path) -> None:
    """What NODE_OPTIONS asks for happens, and ours beside it."""
    marker = tmp_path / "my options.js"
    marker.write_text("process.on('exit', () => console.error('what the user asked for'))", encoding="utf-8")
    result = run(enabled(SYNTH), tmp_path, NODE_OPTIONS=f'--require "{marker}"')
    assert "what the user asked for" in result.stderr


def test_the_users_node_stays(tmp_path: Path) -> None:
    """JSII_NODE, where set, is the Node that runs; where it doesn't exist, the error names it."""
    result = run(enabled(SYNTH), tmp_path, check=False, JSII_NODE="/no/such/node")
    assert result.returncode == 1
    assert "/no/such/node" in result.stderr


def test_works_in_a_folder_with_spaces_and_quotes(tmp_path: Path) -> None:
    """The path to preload.js reaches Node whole, whatever is in it."""
    folder = tmp_path / """it's a "quoted" folder"""
    shutil.copytree(ROOT / "lazy_provider", folder / "lazy_provider")
    run(enabled(SYNTH), tmp_path, path=folder)
    assert Path("stack/cdk.tf.json") in synthesized(tmp_path)


@pytest.mark.parametrize("reason", ["unknown jsii", "not executable"])
def test_takes_the_detour_where_the_launcher_does_not_fit(
    reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A jsii that talks otherwise, or a lost executable bit, is warned of and leaves JSII_NODE alone."""
    monkeypatch.setenv("JSII_NODE", "/opt/my/node")
    monkeypatch.setenv("NODE_OPTIONS", "")
    if reason == "unknown jsii":
        monkeypatch.setattr(node, "_inner_process_talks_on_descriptor_3", lambda: False)
    else:
        launcher = tmp_path / "node.sh"
        launcher.touch(mode=0o644)
        monkeypatch.setattr(node, "LAUNCHER", launcher)
    with pytest.warns(RuntimeWarning, match="Node starts by a detour"):
        node.enable()
    assert os.environ["JSII_NODE"] == "/opt/my/node"
    assert str(node.PRELOAD) in os.environ["NODE_OPTIONS"]


def test_works_by_the_detour(tmp_path: Path) -> None:
    """jsii's own two processes, with the preload only, give the same output."""
    outputs = []
    for detour in ("", "from lazy_provider import node; node._start_inner_process_directly = lambda: None\n"):
        run(detour + enabled(SYNTH), tmp_path)
        outputs.append(synthesized(tmp_path))
        shutil.rmtree(tmp_path / "out")
    assert outputs[0] == outputs[1]
    assert outputs[0]


def test_what_javascript_prints_arrives(tmp_path: Path) -> None:
    """JavaScript's stdout and stderr come out of Python's, letters outside ASCII intact."""
    script = tmp_path / "print.js"
    script.write_text("process.on('exit', () => { console.log('größer'); console.error('später'); })", encoding="utf-8")
    result = run(enabled(SYNTH), tmp_path, NODE_OPTIONS=f"--require {script}")
    assert result.stdout == "größer\n"
    assert result.stderr == "später\n"


def test_a_javascript_error_reaches_python(tmp_path: Path) -> None:
    """An exception in Node is raised by the call that caused it, with its message."""
    program = (
        "from cdktf import App, TerraformStack\napp = App()\nTerraformStack(app, 'same'); TerraformStack(app, 'same')"
    )
    result = run(enabled(program), tmp_path, check=False)
    assert "There is already a Construct with name 'same'" in result.stderr


def test_a_zip_asset_is_still_zipped(tmp_path: Path) -> None:
    """The archiver that cdktf requires up front is there when an asset asks for it."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "file.txt").write_text("content", encoding="utf-8")
    program = """
import os
from cdktf import App, AssetType, TerraformAsset, TerraformStack
app = App()
TerraformAsset(TerraformStack(app, "stack"), "asset", path=os.path.abspath("content"), type=AssetType.ARCHIVE)
app.synth()
"""
    run(enabled(program), tmp_path)
    (archive,) = (tmp_path / "out").rglob("*.zip")
    assert zipfile.ZipFile(archive).namelist() == ["file.txt"]


def test_python_waits_for_node_only_where_it_needs_an_answer(tmp_path: Path) -> None:
    """Node starts only once all is imported, and the output is there all the same."""
    imported, waiting = tmp_path / "imported", tmp_path / "waiting.js"
    waiting.write_text(
        f"""
const {{ existsSync }} = require('node:fs');
for (let turn = 0; !existsSync({json.dumps(str(imported))}); turn += 1) {{
  if (turn > 600) process.exit(1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
}}
""",
        encoding="utf-8",
    )
    imports = f"import cdktf, {PACKAGE}.ecs_cluster; open({str(imported)!r}, 'w').close()\n"
    run(enabled(IN_BACKGROUND + imports + SYNTH), tmp_path, NODE_OPTIONS=f'--require "{waiting}"')
    assert Path("stack/cdk.tf.json") in synthesized(tmp_path)


def test_a_package_that_node_can_not_load_is_an_error_of_the_first_construct(tmp_path: Path) -> None:
    """It is no longer raised by the import, and never lost."""
    program = "import cdktf\nprint('imported', flush=True)\ncdktf.App()"
    result = run(enabled(IN_BACKGROUND + program), tmp_path, check=False, JSII_NODE=str(tmp_path / "no-such-node"))
    assert (result.stdout, result.returncode) == ("imported\n", 1)
    assert "no-such-node: not found" in result.stderr


def test_another_jsii_is_left_to_itself(tmp_path: Path) -> None:
    """Python waits for each package, as without this package, and says so."""
    result = run("import jsii; del jsii.kernel\n" + enabled(IN_BACKGROUND + SYNTH), tmp_path)
    assert Path("stack/cdk.tf.json") in synthesized(tmp_path)
    assert "RuntimeWarning: Python waits while Node loads its packages: this jsii is another one" in result.stderr


def test_is_on_in_this_test_run() -> None:
    """The suite itself runs with it: enabling again finds it enabled."""
    assert lazy_provider.enable()
