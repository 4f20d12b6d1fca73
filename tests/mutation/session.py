"""A module's mutants and what became of them, in a database of Cosmic Ray's that outlives an interruption."""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cosmic_ray import plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutation import operators
from tests.mutation.trials import ROOT, Mutant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SESSIONS: Final = ROOT / ".mutants"


@dataclass(frozen=True)
class Rules:
    """Which of Cosmic Ray's operators are used, and which mutants are not worth a trial, each by a pattern's reason."""

    core_operators: Sequence[str]
    skip: Sequence[Mapping[str, str]]

    def reason_to_skip(self, mutant: Mutant) -> str | None:
        fitting = (
            rule["reason"]
            for rule in self.skip
            if rule["operator"] == mutant.operator and re.fullmatch(rule["was"], mutant.was)
        )
        return next(fitting, None)


class Session:
    """Of one module as it is: another text of it, or of the operators, is another session."""

    def __init__(self, database: WorkDB, module: Path) -> None:
        self._database = database
        self._module = module
        self._source = (ROOT / module).read_text("utf-8")
        self._codes: dict[str, str] = {}

    def begin(self, rules: Rules) -> None:
        init([ROOT / self._module], self._database, {})
        seen = {ast.dump(ast.parse(self._source))}
        for mutant in self._mutants(self._database.work_items):
            reason = rules.reason_to_skip(mutant)
            try:
                meaning = ast.dump(ast.parse(mutant.code))
            except SyntaxError:
                reason = "no program"
            else:
                reason = "another's twin" if meaning in seen else reason
                seen.add(meaning)
            if reason:
                self._database.set_result(
                    mutant.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED, output=reason)
                )

    @property
    def is_begun(self) -> bool:
        return bool(self._database.num_work_items)

    def to_try(self) -> list[Mutant]:
        """Those without a result, and the survivors: a new test may kill them."""
        settled = {job_id for job_id, result in self._database.results if result.test_outcome != TestOutcome.SURVIVED}
        return self._mutants(item for item in self._database.work_items if item.job_id not in settled)

    def survivors(self) -> list[Mutant]:
        return self._mutants(
            item for item, result in self._database.completed_work_items if result.test_outcome == TestOutcome.SURVIVED
        )

    def killed(self) -> int:
        return sum(result.test_outcome == TestOutcome.KILLED for _, result in self._database.results)

    def record(self, mutant: Mutant, *, killed: bool) -> None:
        outcome = TestOutcome.KILLED if killed else TestOutcome.SURVIVED
        result = WorkResult(worker_outcome=WorkerOutcome.NORMAL, test_outcome=outcome, diff=str(mutant))
        self._database.set_result(mutant.job_id, result)

    def _mutants(self, items: Iterable[WorkItem]) -> list[Mutant]:
        return sorted(map(self._mutant, items), key=lambda mutant: (mutant.line, mutant.operator, mutant.becomes))

    def _mutant(self, item: WorkItem) -> Mutant:
        (mutation,) = item.mutations
        code = self._code(item)
        changed = list(difflib.unified_diff(self._source.splitlines(), code.splitlines(), n=0, lineterm=""))[3:]
        was, becomes = (" ".join(line[1:].strip() for line in changed if line[0] == sign) for sign in "-+")
        name = mutation.operator_name.partition("/")[2]
        return Mutant(item.job_id, self._module, code, name, mutation.start_pos[0], was, becomes)

    def _code(self, item: WorkItem) -> str:
        if item.job_id not in self._codes:
            (mutation,) = item.mutations
            operator = plugins.get_operator(mutation.operator_name)()
            self._codes[item.job_id] = str(mutate_code(self._source, operator, mutation.occurrence))
        return self._codes[item.job_id]


def _offer(core_operators: Sequence[str]) -> None:
    """Where Cosmic Ray looks for operators, which otherwise has to be an installed package."""
    core = OperatorProvider()
    plugins.OPERATOR_PROVIDERS.clear()
    plugins.OPERATOR_PROVIDERS["core"] = {name: core[name] for name in core_operators}
    plugins.OPERATOR_PROVIDERS["ours"] = operators.OPERATORS


@contextmanager
def session(module: Path, rules: Rules) -> Iterator[Session]:
    """The one that was begun before, if the module, the operators and the rules are what they were."""
    _offer(rules.core_operators)
    texts = [(ROOT / module).read_bytes(), Path(operators.__file__).read_bytes(), repr(rules).encode()]
    name = ".".join(module.with_suffix("").parts)
    file = SESSIONS / f"{name}-{hashlib.sha256(b''.join(texts)).hexdigest()[:12]}.sqlite"
    SESSIONS.mkdir(exist_ok=True)
    for other in SESSIONS.glob(f"{name}-*.sqlite"):
        if other != file:
            other.unlink()
    with use_db(file) as database:
        begun = Session(database, module)
        if not begun.is_begun:
            begun.begin(rules)
        yield begun
