"""The CPU and memory pairs that Fargate runs (Linux).

Source: "Task definition parameters for Fargate", task size, in the Amazon ECS Developer Guide.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def _steps(first: int, last: int, step: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))


FARGATE_MEMORY_MIB: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {
        256: (512, 1024, 2048),
        512: _steps(1024, 4096, 1024),
        1024: _steps(2048, 8192, 1024),
        2048: _steps(4096, 16384, 1024),
        4096: _steps(8192, 30720, 1024),
        8192: _steps(16384, 61440, 4096),
        16384: _steps(32768, 122880, 8192),
        32768: (61440, 122880, 249856),
    }
)
"""CPU units -> the memory sizes in MiB that go with them, both ascending."""


def cpu_remedy(cpu: int) -> str | None:
    """What would be right instead of `cpu`; None when Fargate offers it."""
    if cpu in FARGATE_MEMORY_MIB:
        return None
    return f"Fargate offers {_listed(tuple(FARGATE_MEMORY_MIB))} CPU units (1024 are one vCPU)"


def memory_remedy(*, cpu: int, memory_mib: int) -> str | None:
    """What would be right instead of `memory_mib` beside a valid `cpu`; None when the pair is one that Fargate runs."""
    if memory_mib in FARGATE_MEMORY_MIB[cpu]:
        return None
    remedy = f"{cpu} CPU units go with {_listed(FARGATE_MEMORY_MIB[cpu])} MiB"
    others = tuple(other for other, sizes in FARGATE_MEMORY_MIB.items() if memory_mib in sizes)
    return f"{remedy}; {memory_mib} MiB goes with {_listed(others)} CPU units" if others else remedy


def check_fargate_size(*, cpu: int, memory_mib: int) -> None:
    """Raise ValueError, saying what would be right, unless Fargate runs this pair."""
    remedy = cpu_remedy(cpu) or memory_remedy(cpu=cpu, memory_mib=memory_mib)
    if remedy:
        message = f"cpu {cpu} with memory_mib {memory_mib}: {remedy}"
        raise ValueError(message)


def _listed(sizes: tuple[int, ...]) -> str:
    *all_but_last, last = sizes
    return f"{', '.join(map(str, all_but_last))} or {last}" if all_but_last else str(last)
