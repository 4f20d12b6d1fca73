"""How long synthesis takes and how much memory it needs, against the same without lazy_provider and an empty CDKTF app.

    python benchmarks/synth.py [--runs N] [--json FILE]

The programs take turns, after one unmeasured run each. Memory is the peak of the whole process tree's resident set, so
pages that processes share count once for each. Exits 1 if a limit is missed. Figures mean most on an idle machine.

It also shows what each trick brings beside the two cures (the package that is not executed, the lazy index): what the
program needs more without that one, and without all of them. CPU time counts Python and Node, and suffers least from
what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
SAMPLING_INTERVAL_SECONDS = 0.02
TIMEOUT_SECONDS = 300
MIB = 1024 * 1024
LEAST_GAIN_PERCENT = 5

EMPTY_APP = "from cdktf import App, TerraformStack; app = App(); TerraformStack(app, 'empty'); app.synth()"

SETUP = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
def without(place, name, instead=lambda *_: None):
    getattr(place, name)
    setattr(place, name, instead)
"""
"""`without` fails where there is no such name: what nothing switches off would seem to bring nothing."""

MAIN = f"runpy.run_path({str(ROOT / 'main.py')!r}, run_name='__main__')"

TRICKS = {
    "direct start of Node": "from lazy_provider import node; without(node, '_start_inner_process_directly')",
    "loads in the background": "from lazy_provider import assemblies; without(assemblies, 'load_in_background')",
    "archiver on demand": """
from pathlib import Path
from lazy_provider import node
script = node.PRELOAD.read_text(encoding="utf-8")
assert script.count("  deferArchiver();") == 1
without(node, "PRELOAD", Path.cwd() / "preload.js")
node.PRELOAD.write_text(script.replace("  deferArchiver();", ""), encoding="utf-8")
""",
    "Node without its wrapper": """
import os, pathlib
wrapper = pathlib.Path(sys.executable).with_name("node")
assert wrapper.is_file()
os.environ["JSII_NODE"] = str(wrapper)
""",
    "gc.freeze at exit": "import gc; without(gc, 'freeze')",
}
"""What switches each off, before main.py runs in the same interpreter."""


@dataclass(frozen=True)
class Program:
    name: str
    code: str = MAIN
    lazy_provider: str = "on"
    options: tuple[str, ...] = ()
    """Of the interpreter."""


@dataclass(frozen=True)
class Run:
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mib: float


@dataclass(frozen=True)
class Gain:
    """What the program needs more without a trick, in percent: the median over turns, each compared with its own."""

    trick: str
    wall_percent: float
    cpu_percent: float
    memory_percent: float

    @property
    def counts(self) -> bool:
        return max(self.wall_percent, self.memory_percent) >= LEAST_GAIN_PERCENT


@dataclass(frozen=True)
class Verdict:
    claim: str
    limit: float
    measured: float
    met: bool


Runs = Mapping[str, list[Run]]

AS_IN_CDKTF_JSON = ("-O",)
PROJECT = Program("this program", options=AS_IN_CDKTF_JSON)
OFF = Program("lazy_provider off", lazy_provider="off", options=AS_IN_CDKTF_JSON)
EMPTY = Program("empty app", EMPTY_APP)
PROGRAMS = (PROJECT, OFF, EMPTY)
VARIANTS = (
    *(Program(trick, f"{code}\n{MAIN}", options=AS_IN_CDKTF_JSON) for trick, code in TRICKS.items()),
    Program("python -O"),
    Program("any of them", "\n".join([*TRICKS.values(), MAIN])),
)


def measure(program: Program) -> Run:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, tempfile.TemporaryFile() as output:
        started, cpu_before = time.perf_counter(), _cpu_seconds_of_children()
        process = psutil.Popen(
            [sys.executable, *program.options, "-c", SETUP + program.code],
            cwd=folder,
            env=_environment(program, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            peak = _peak_rss(process, deadline=started + TIMEOUT_SECONDS)
            wall_seconds = time.perf_counter() - started
        finally:
            _end(process)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{program.name} failed:\n{output.read().decode(errors='replace')}")
        return Run(wall_seconds, _cpu_seconds_of_children() - cpu_before, peak / MIB)


def _cpu_seconds_of_children() -> float:
    """Of those that have ended, with what each has waited for in turn."""
    used = os.times()
    return used.children_user + used.children_system


def _environment(program: Program, folder: str) -> dict[str, str]:
    """The caller's, with the same Node for every program, the output out of the way and Python's own cache in use."""
    sys.path.insert(0, str(ROOT))
    from lazy_provider import node  # noqa: PLC0415 - found only now, as scripts have their own folder on the path

    node.use_bundled()
    environment = {**os.environ, "LAZY_PROVIDER": program.lazy_provider, "CDKTF_OUTDIR": str(Path(folder, "out"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _peak_rss(process: psutil.Popen, *, deadline: float) -> int:
    peak = 0
    while process.poll() is None:
        if time.perf_counter() > deadline:
            sys.exit(f"no end after {TIMEOUT_SECONDS} s")
        peak = max(peak, sum(_tree_rss(process)))
        time.sleep(SAMPLING_INTERVAL_SECONDS)
    return peak


def _tree_rss(process: psutil.Popen) -> Iterator[int]:
    try:
        processes = [process, *_descendants(process)]
    except (psutil.NoSuchProcess, OSError):
        return
    for each in processes:
        try:
            yield each.memory_info().rss
        except psutil.NoSuchProcess:
            continue


def _descendants(process: psutil.Process | psutil.Popen) -> list[psutil.Process]:
    """On Linux as the kernel lists them: psutil looks at every process there is, which slows down what is measured."""
    threads = Path(f"/proc/{process.pid}/task")
    if not threads.is_dir():
        return list(process.children(recursive=True))
    pids = [int(pid) for children in threads.glob("*/children") for pid in children.read_text().split()]
    children = [psutil.Process(pid) for pid in pids]
    return [*children, *(below for child in children for below in _descendants(child))]


def _end(process: psutil.Popen) -> None:
    if process.poll() is None:
        for child in process.children(recursive=True):
            child.kill()
        process.kill()
    process.wait()


def measure_all(runs: int, console: Console) -> Runs:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    programs = (*PROGRAMS, *VARIANTS)
    results: dict[str, list[Run]] = {program.name: [] for program in programs}
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=(runs + 1) * len(programs))
        for turn in range(runs + 1):
            for program in programs:
                progress.update(task, description=f"{program.name}, {f'run {turn}' if turn else 'warming up'}")
                run = measure(program)
                if turn:
                    results[program.name].append(run)
                progress.advance(task)
    return results


def wall(runs: list[Run]) -> float:
    return median(run.wall_seconds for run in runs)


def memory(runs: list[Run]) -> float:
    return median(run.peak_rss_mib for run in runs)


def judge(results: Runs) -> list[Verdict]:
    def ratio(of: Callable[[list[Run]], float], one: Program, other: Program) -> float:
        return of(results[one.name]) / of(results[other.name])

    faster, longer, larger = ratio(wall, OFF, PROJECT), ratio(wall, PROJECT, EMPTY), ratio(memory, PROJECT, EMPTY)
    return [
        Verdict("times faster than with lazy_provider off, at least", 12.0, faster, faster >= 12.0),  # noqa: PLR2004
        Verdict("times an empty app's wall time, at most", 2.0, longer, longer <= 2.0),  # noqa: PLR2004
        Verdict("times an empty app's memory, at most", 2.5, larger, larger <= 2.5),  # noqa: PLR2004
    ]


def gains(results: Runs) -> list[Gain]:
    def more(of: Callable[[Run], float], variant: Program) -> float:
        turns = zip(results[variant.name], results[PROJECT.name], strict=True)
        return median(of(without) / of(with_) - 1 for without, with_ in turns) * 100

    return [
        Gain(
            variant.name,
            wall_percent=more(lambda run: run.wall_seconds, variant),
            cpu_percent=more(lambda run: run.cpu_seconds, variant),
            memory_percent=more(lambda run: run.peak_rss_mib, variant),
        )
        for variant in VARIANTS
    ]


def show_gains(found: list[Gain], console: Console) -> None:
    shown = Table(
        *("without", "wall (%)", "CPU (%)", "peak RSS (%)", f"{LEAST_GAIN_PERCENT} % of wall or RSS"),
        title="What this program needs more without a trick",
    )
    for each in found:
        figures = (each.wall_percent, each.cpu_percent, each.memory_percent)
        shown.add_row(each.trick, *(f"{figure:+.1f}" for figure in figures), "yes" if each.counts else "[yellow]no[/]")
    console.print(shown)


def show(results: Runs, verdicts: list[Verdict], console: Console) -> None:
    figures = Table(
        *("program", "wall (s)", "fastest to slowest", "CPU (s)", "peak RSS (MiB)"),
        title="Synthesis, median of the runs",
    )
    for name in (program.name for program in PROGRAMS):
        runs = results[name]
        walls, cpu = [run.wall_seconds for run in runs], median(run.cpu_seconds for run in runs)
        spread = f"{min(walls):.2f} to {max(walls):.2f}"
        figures.add_row(name, f"{wall(runs):.2f}", spread, f"{cpu:.2f}", f"{memory(runs):.0f}")
    limits = Table("this program is", "limit", "measured", "verdict")
    for each in verdicts:
        verdict = "[green]met[/]" if each.met else "[red]missed[/]"
        limits.add_row(each.claim, f"{each.limit:.1f}", f"{each.measured:.2f}", verdict)
    console.print(figures, limits)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="measured runs of each program (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run and the verdicts there too")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs is at least 1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    console = Console()
    results = measure_all(options.runs, console)
    verdicts = judge(results)
    show(results, verdicts, console)
    show_gains(gains(results), console)
    if options.json:
        report = {
            "runs": {name: [asdict(run) for run in runs] for name, runs in results.items()},
            "verdicts": [asdict(verdict) for verdict in verdicts],
            "gains": [asdict(gain) for gain in gains(results)],
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if all(verdict.met for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
