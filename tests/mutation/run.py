"""Tries every mutant of the modules that are asked for, and judges."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.mutation.session import Rules, Session, session
from tests.mutation.trials import ROOT, Mutant, Worker, end_all

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE: Final = Path(__file__).parent
PACKAGES: Final = ("constructs_lib", "stacks")
LARGEST_BATCH: Final = 60


def main(arguments: Sequence[str]) -> int:
    modules = [Path(argument) for argument in arguments] or all_modules()
    if unknown := [str(module) for module in modules if module not in all_modules()]:
        print(f"No module to mutate: {', '.join(unknown)}. There are: {', '.join(map(str, all_modules()))}")
        return 2
    config = read("config.toml")
    rules = Rules(config["core_operators"], config["skip"])
    killed, survivors = 0, []
    for module in modules:
        with session(module, rules) as begun:
            _try_all(module, begun, config)
            killed += begun.killed()
            survivors += begun.survivors()
    return _judge({str(module) for module in modules}, killed, survivors, config["least_killed_percent"])


def all_modules() -> list[Path]:
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return [file.relative_to(ROOT) for file in files if file.stat().st_size]


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = tomllib.loads((HERE / name).read_text("utf-8"))
    return content


def fits(module: Path, tests: dict[str, Any]) -> bool:
    return any(module.match(pattern) for pattern in tests["modules"])


def _try_all(module: Path, begun: Session, config: dict[str, Any]) -> None:
    tests = next(entry for entry in config["tests"] if fits(module, entry))
    for file in tests["files"]:
        mutants = begun.to_try()
        if not mutants:
            return
        started = time.monotonic()
        for mutant, survives in _try(mutants, file, config):
            begun.record(mutant, killed=not survives)
        seconds = time.monotonic() - started
        print(
            f"{module}: of {len(mutants)} mutants {len(begun.survivors())} survive {file} ({seconds:.0f} s)", flush=True
        )


def _try(mutants: list[Mutant], tests: str, config: dict[str, Any]) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant, and whether it survives, batch by batch."""
    size = min(LARGEST_BATCH, -(-len(mutants) // config["workers"]))
    batches = [mutants[start : start + size] for start in range(0, len(mutants), size)]
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(config["workers"]) as threads:
        folders = (Path(directory, str(number)) for number in range(len(batches)))
        trials = {threads.submit(_survivors, batch, next(folders), tests, config): batch for batch in batches}
        try:
            for trial in as_completed(trials):
                alive = trial.result()
                yield from ((mutant, mutant in alive) for mutant in trials[trial])
        except BaseException:
            end_all()
            threads.shutdown(cancel_futures=True)
            raise


def _survivors(batch: list[Mutant], folder: Path, tests: str, config: dict[str, Any]) -> list[Mutant]:
    with closing(Worker(folder, tests, timeout_seconds=config["timeout_seconds"])) as worker:
        if not worker.passes():
            raise SystemExit(f"The tests fail before anything is changed:\n{worker.log.read_text('utf-8')}")
        return worker.survivors(batch)


def _judge(modules: set[str], killed: int, survivors: list[Mutant], least_killed_percent: float) -> int:
    explained = _explained(modules)
    unexplained = [mutant for mutant in survivors if _key(mutant) not in explained]
    for mutant in unexplained:
        print(f"not explained: {mutant}")
    stale = explained - set(map(_key, survivors))
    for module, was, becomes in sorted(stale):
        print(f"explained, and no survivor any more: {module}\n    - {was}\n    + {becomes}")
    total = killed + len(survivors)
    percent = 100 * killed / max(total, 1)
    print(f"{killed} of {total} mutants killed: {percent:.1f} % ({least_killed_percent} % are wanted)")
    return int(percent < least_killed_percent or bool(unexplained or stale))


def _explained(modules: set[str]) -> set[tuple[str, str, str]]:
    entries = read("survivors.toml").get("survivors", [])
    return {
        (entry["module"], *change) for entry in entries if entry["module"] in modules for change in entry["changes"]
    }


def _key(mutant: Mutant) -> tuple[str, str, str]:
    return str(mutant.module), mutant.was, mutant.becomes
