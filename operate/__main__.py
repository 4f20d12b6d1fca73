"""The command line: `python -m operate <verb>`. Only the verbs; make's targets are their aliases."""

import contextlib
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_aws import lifecycle
from local_aws.errors import LocalAwsError
from local_aws.instance import LocalAws
from operate import deployment, ejection, generator, launch_type, move_to_cdktn, paths, progress
from operate.cost import report as cost_report
from operate.deployment import Deployed, Planned
from operate.environment import LOCAL, Environment, resolve
from operate.errors import OperateError
from operate.local import embedded_aws, sample_infrastructure
from operate.paths import shown
from operate.plan import plan_report
from operate.plan.plan_decisions import Allowance
from operate.plan.plan_report import Report
from operate.release import release_table, releases
from operate.running import exec_command, one_off_task, status_screen, task_logs
from operate.running.task_logs import Line
from operate.service import short_id
from operate.terraform_cli.terraform import provider_variables
from stacks.settings import IMAGE_TAG

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What a person or a pipeline runs around the generator.",
)
output = Console(highlight=False, markup=False, emoji=False)
_CONTAINER = "A sidecar's name; the application's where not given."
_INTERRUPTED = 130  # exit code, as a shell has it of SIGINT
_TASK_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red")

EnvironmentName = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="A file in environments/: local, dev, …")]


def _checked_image_tag(tag: str | None) -> str | None:
    if tag is not None and not re.fullmatch(IMAGE_TAG, tag):
        raise OperateError(
            f"{tag!r} is not an image tag: it must be 1 to 128 letters, digits, '.', '_' and '-', "
            "and begin with a letter, a digit or '_'."
        )
    return tag


ImageTag = Annotated[
    str | None,
    typer.Option(help="An image's tag in ECR, where not the environment's default.", callback=_checked_image_tag),
]


Allow = Annotated[
    list[Allowance] | None,
    typer.Option(
        help="What a plan may do: replace (service, cluster, log group, scaling target), widen (the task role)."
    ),
]


@app.command()
def synth() -> None:
    """Synthesize every environment to cdktf.out."""
    generator.synthesize()
    output.print(f"Terraform JSON of {', '.join(generator.environments())}: {shown(paths.SYNTHESIZED)}/stacks")


@app.command()
def plan(
    environment: EnvironmentName,
    image_tag: ImageTag = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="0: nothing to change, 2: changes, 3: one needs a decision.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A comment for a pull request.")] = False,
) -> None:
    """Plan one environment; `local` starts the embedded AWS, the others take your own credentials."""
    if as_json and as_markdown:
        raise OperateError("A plan is shown in one form: choose --json or --markdown.")
    resolved = resolve(environment)
    report = plan_report.of(deployment.plan(resolved, image_tag=image_tag), environment=resolved)
    if as_json:
        typer.echo(json.dumps(plan_report.as_document(report), indent=2))
    elif as_markdown:
        typer.echo(plan_report.as_markdown(report), nl=False)
    else:
        _show(report)
        output.print(f"The plan and its plan.json are in {shown(resolved.stack.folder)}", soft_wrap=True)
    raise typer.Exit(report.exit_code if detailed_exitcode else 0)


def _show(report: Report) -> None:
    for warning in report.warnings:
        output.print(f"Warning: {warning}", style="yellow", soft_wrap=True)
    if report.changes:
        output.print(plan_report.as_lines(report.changes))
    if report.outputs:
        output.print(plan_report.output_table(report.outputs))
    output.print(report.summary)
    for effect in report.effects:
        output.print(f"- {effect.text}", soft_wrap=True)
    for line in plan_report.decision_lines(report):
        output.print(f"Needs a decision: {line}", style="bold red", soft_wrap=True)
    if report.cost:
        output.print(report.cost, soft_wrap=True)
    output.print(f"image tag {report.image.tag}, {report.image.origin}")
    if report.image.moved_tag:
        output.print(report.image.moved_tag, style="yellow", soft_wrap=True)


@app.command()
def deploy(environment: EnvironmentName, image_tag: ImageTag = None, allow: Allow = None) -> None:
    """Show the plan, run `release.before`, apply the plan, and wait until it serves.

    For `local` the sample API is built and pushed first. Exits 3, with nothing changed, where the plan does what
    --allow has to allow.
    """
    resolved = resolve(environment)
    _print_deployed(deployment.deploy(resolved, image_tag=image_tag, show=_shower(resolved), allow=allow or ()))


def _shower(environment: Environment) -> Callable[[Planned], None]:
    return lambda planned: _show(plan_report.of(planned, environment=environment))


def _print_deployed(deployed: Deployed) -> None:
    service, tag = deployed.service, deployed.image.tag
    if deployed.why_nothing_answers:
        output.print(
            f"{service.name} is deployed with image tag {tag}, but {deployed.why_nothing_answers}", soft_wrap=True
        )
        return
    output.print(f"{service.name} serves {tag}, revision {deployed.revision}")
    output.print(f"image   {deployed.image}\nAPI     {service.url}\nhealth  {service.health_url}", soft_wrap=True)
    for name, value in service.request_headers.items():
        output.print(f"header  {name}: {value}, which the load balancer's rule for the API wants", soft_wrap=True)


@app.command()
def release(
    environment: EnvironmentName,
    image_tag: Annotated[str, typer.Option(help="The image's tag in ECR.", callback=_checked_image_tag)],
    allow: Allow = None,
) -> None:
    """Deploy another image: a rolling deployment. ECS rolls back to the one before if it does not come up."""
    deploy(environment, image_tag, allow)


@app.command()
def rollback(
    environment: EnvironmentName,
    to: Annotated[int | None, typer.Option(help="A revision's number, as `releases` lists them.")] = None,
    allow: Allow = None,
) -> None:
    """Deploy the image of the last release that served again: a rolling deployment, whose plan is shown before."""
    resolved = resolve(environment)
    _print_deployed(deployment.roll_back(resolved, to=to, show=_shower(resolved), allow=allow or ()))


@app.command("releases")
def releases_(
    environment: EnvironmentName,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document, as docs/running-service.md has it.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
) -> None:
    """List the releases: revision, image, when, by whom, and what became of each."""
    found = releases.of(resolve(environment), most=most)
    if as_json:
        typer.echo(releases.as_json(found))
    else:
        output.print(release_table.of(found))


@app.command(launch_type.VERB)
def move_to_capacity_providers(environment: EnvironmentName) -> None:
    """Move a service that an earlier version made with a launch type, once: a rolling deployment."""
    moved = deployment.move_to_capacity_providers(resolve(environment))
    said = "now, and can be deployed" if moved else "already"
    output.print(f"{environment}: the service runs on capacity providers {said}")


@app.command()
def status(
    environment: EnvironmentName,
    watch: Annotated[bool, typer.Option("--watch", help="Read it every 2 s, until Ctrl-C.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document, as docs/running-service.md has it.")
    ] = False,
) -> None:
    """Show what runs: deployments, tasks and their health, scaling, the last events, and why a deployment failed."""
    if watch and as_json:
        raise OperateError("--json prints one document: leave out --watch, and ask again as often as you like.")
    resolved = resolve(environment)
    if watch:
        status_screen.watch(resolved, output)
        return
    found = status_screen.first(resolved)
    if as_json:
        typer.echo(found.json())
    else:
        output.print(status_screen.screen(found))


@app.command()
def logs(
    environment: EnvironmentName,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    since: Annotated[str, typer.Option(help="How long ago: 30s, 10m, 2h, 1d; or an ISO 8601 time.")] = "10m",
    task: Annotated[str | None, typer.Option(help="A task's id, or its beginning.")] = None,
    container: Annotated[str | None, typer.Option(help=_CONTAINER)] = None,
    grep: Annotated[str, typer.Option(help="Only lines with this text in them.")] = "",
) -> None:
    """Print the lines of the service's tasks in order of time, also those of tasks that are gone."""
    began = task_logs.parse_since(since)
    found = task_logs.lines(
        resolve(environment), since=began, task=task, container=container, containing=grep, follow=follow
    )
    with contextlib.suppress(KeyboardInterrupt) if follow else contextlib.nullcontext():
        for line in found:
            _print_line(line)


@app.command()
def run(
    environment: EnvironmentName,
    command: Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND…", help="What the container runs.")] = None,
    command_text: Annotated[str, typer.Option("--command", help="The same as one text, in a shell's quotes.")] = "",
    revision: Annotated[int | None, typer.Option(help="Of the task definition, where not the one that serves.")] = None,
    timeout: Annotated[str, typer.Option(help="After which it is stopped: 30s, 10m, 2h, 1d.")] = "15m",
) -> None:
    """Run a command as a one-off task of the service; print its lines, and exit with its exit code."""
    asked = one_off_task.asked(command or [], command_text=command_text, revision=revision, timeout=timeout)
    try:
        exit_code = one_off_task.run(resolve(environment), asked, show=_print_line)
    except KeyboardInterrupt:
        exit_code = _INTERRUPTED
    raise typer.Exit(exit_code)


@app.command("exec")
def exec_(
    environment: EnvironmentName,
    task: Annotated[str | None, typer.Option(help="A task's id, or its beginning; the newest where not given.")] = None,
    container: Annotated[str | None, typer.Option(help=_CONTAINER)] = None,
) -> None:
    """Print the AWS CLI's command that opens a shell in a running container, or say why there can be none."""
    typer.echo(exec_command.command_line(resolve(environment), task=task, container=container))


def _print_line(line: Line) -> None:
    """Each task has a colour of its own, on a terminal."""
    colour = _TASK_COLOURS[sum(line.task_id.encode()) % len(_TASK_COLOURS)]
    output.print(Text.assemble((short_id(line.task_id), colour), " ", line.message), soft_wrap=True)


@app.command("cost")
def cost_(
    environment: EnvironmentName,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, as docs/cost.md has it.")] = False,
) -> None:
    """Show what a task, the least and the most of them cost a month, and what Spot and ARM64 would; asks nobody."""
    cost = cost_report.Cost.of(generator.settings_of(environment))
    if as_json:
        typer.echo(json.dumps(cost_report.as_document(cost), indent=2))
    else:
        output.print(cost_report.shown(cost))


@app.command("dashboard")
def dashboard_(
    environment: EnvironmentName,
    preview: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("dashboard-preview.html"),
    measured: Annotated[
        bool | None,
        typer.Option(
            "--metrics/--sample",
            help="Whether to ask the environment's AWS for metrics and releases, or to make curves up. Not given: "
            "the embedded AWS is asked where the service runs in it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw the CloudWatch dashboard into one HTML file, before it exists. With sample data it needs no credentials."""
    from operate.dashboard import preview as previews  # noqa: PLC0415 - jinja2: the other verbs' tenth of a second

    shown = previews.write(resolve(environment), preview, measured=measured)
    what = "sample data, nothing was asked of AWS" if shown.is_sample else f"metrics of {shown.seconds // 60} minutes"
    output.print(f"{paths.shown(preview)}: {what}", soft_wrap=True)


@app.command()
def acceptance(
    environment: EnvironmentName,
    disruptive: Annotated[
        bool | None, typer.Option(help="Also what disturbs: kills tasks, releases. Not asked for: on local only.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="A criterion's id, such as SC-004; may be repeated.")] = None,
) -> None:
    """Run the success criteria against what is deployed; exits 0 only if none fails."""
    from operate.acceptance import criteria, report, run  # noqa: PLC0415 - boto3 and httpx: the other verbs' second

    board = run.run(resolve(environment), run.Options(disruptive=disruptive, only=frozenset(only or ())))
    results = list(board.results.values())
    output.print(board)
    for path in report.write(board.provenance, results, folder=Path.cwd()):
        output.print(shown(path), soft_wrap=True)
    if board.trouble:
        raise OperateError(board.trouble)
    raise typer.Exit(criteria.exit_code(results))


@app.command()
def destroy(
    environment: EnvironmentName, yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False
) -> None:
    """Take away what was deployed, and nothing else; asks before, but on `local`."""
    resolved = resolve(environment)
    if environment != LOCAL and not yes:
        _ask_whether_to_destroy(resolved.settings.name_prefix)
    destroyed = deployment.destroy(resolved)
    if not destroyed.resources and not destroyed.revisions:
        output.print(f"{environment}: nothing was deployed")
        return
    output.print(f"{environment}: destroyed, with {len(destroyed.revisions)} revisions of its task definition")


def _ask_whether_to_destroy(name: str) -> None:
    try:
        question = f"Nothing of {name} will be left. Its name, if that is what you want"
        answer = typer.prompt(question, default="", show_default=False, err=True)
    except typer.Abort:
        answer = ""
        progress.console.print()
    if answer != name:
        raise OperateError(f"{name} was not destroyed: answer with its name, or say --yes (make: YES=1).")


@app.command()
def eject(
    environment: EnvironmentName,
    folder: Annotated[
        Path | None, typer.Option(help="Empty or not there yet; ejected/<stack> in the repository where not given.")
    ] = None,
) -> None:
    """Write what is synthesized as a folder for Terraform alone, on the same state. Needs no credentials."""
    resolved = resolve(environment)
    written = ejection.eject(resolved, folder or paths.REPOSITORY / "ejected" / resolved.settings.name_prefix)
    for path in written:
        output.print(shown(path), soft_wrap=True)


@app.command(move_to_cdktn.VERB)
def move_to_cdktn_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the diff, and change nothing.")] = False,
) -> None:
    """Rewrite this checkout for cdktn, which carries CDKTF on: imports, pins, scripts. Wants a clean checkout."""
    changed = move_to_cdktn.changes(paths.REPOSITORY) if dry_run else move_to_cdktn.move(paths.REPOSITORY)
    for change in changed:
        typer.echo(change.diff() if dry_run else change.name, nl=not dry_run)
    progress.console.print(move_to_cdktn.NEXT if changed else "This checkout has moved to cdktn already.")


@app.command()
def cloud_up() -> None:
    """Start the embedded AWS, with the existing infrastructure in it."""
    embedded_aws.up()
    cloud_status()


@app.command()
def cloud_down(
    at_once: Annotated[bool, typer.Option("--at-once", help="Don't wait for what is at work on it; lose it.")] = False,
) -> None:
    """Stop the embedded AWS once nothing is at work on it; it keeps what it holds."""
    embedded_aws.down(at_once=at_once)
    cloud_status()


@app.command()
def cloud_status() -> None:
    """Show whether the embedded AWS runs, where, and what was applied to it."""
    local_aws = embedded_aws.configured()
    status = lifecycle.status(local_aws)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("embedded AWS", f"runs, process {status.pid}" if status.running else "stopped")
    if status.running:
        table.add_row("endpoint", status.endpoint)
        table.add_row("up", f"{status.uptime_seconds / 60:.0f} min")
        table.add_row("existing infrastructure", ", ".join(_applied(local_aws)) or "none yet: make cloud-up")
    table.add_row("data", shown(status.directory))
    output.print(table, soft_wrap=True)


def _applied(local_aws: LocalAws) -> list[str]:
    return [module.name for module in sample_infrastructure.modules(local_aws) if module.is_applied()]


@app.command()
def cloud_env() -> None:
    """Print shell code that points terraform, cdktf and aws at the embedded AWS: eval "$(… cloud-env)"."""
    variables = embedded_aws.running_variables()
    for name, value in {**variables, **provider_variables(variables)}.items():
        line = f"export {name}={shlex.quote(value)}" if value else f"unset {name}"
        typer.echo(os.fsencode(line))  # a path need not be text


@app.command()
def clean() -> None:
    """Stop the embedded AWS and delete what it holds, and what was synthesized."""
    kept = generator.state_files()
    if kept:
        raise OperateError(
            f"{shown(kept[0])} is a Terraform state, and clean would delete it. Destroy what it describes or move it."
        )
    links = [folder for folder in (paths.SYNTHESIZED, paths.LOCAL) if folder.is_symlink()]
    if links:
        target = links[0].readlink()
        raise OperateError(f"{shown(links[0])} is a link to {target}: clean deletes nothing there. Remove it yourself.")
    embedded_aws.down()
    _delete(paths.SYNTHESIZED, paths.LOCAL)


def _delete(*folders: Path) -> None:
    """As much as can be, and then says what can't."""
    failures = []
    for folder in filter(Path.exists, folders):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            failures.append(f"{shown(Path(error.filename or folder))} cannot be deleted: {error.strerror}.")
    if failures:
        raise OperateError("\n".join(failures))


def main() -> None:
    progress.raise_interrupts()
    try:
        app(prog_name="python -m operate")
    except (OperateError, LocalAwsError) as error:
        progress.console.print(str(error))
        sys.exit(error.exit_code if isinstance(error, OperateError) else 1)
    except OSError as error:
        progress.console.print(_words(error))
        sys.exit(1)


def _words(error: OSError) -> str:
    """Of a full disk, of a folder that may not be written to."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    return f"{where}{error.strerror or error}"


if __name__ == "__main__":
    main()
