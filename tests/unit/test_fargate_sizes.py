from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.fargate_sizes import FARGATE_MEMORY_MIB, check_fargate_size

PAIRS = [(cpu, memory_mib) for cpu, sizes in FARGATE_MEMORY_MIB.items() for memory_mib in sizes]


def _aws_documents(cpu: int, memory_mib: int) -> bool:
    """AWS's table again, as limits and steps instead of lists."""
    if cpu in {256, 32768}:
        return memory_mib in {256: {512, 1024, 2048}, 32768: {60 * 1024, 120 * 1024, 244 * 1024}}[cpu]
    steps = {
        512: (1, 4, 1),
        1024: (2, 8, 1),
        2048: (4, 16, 1),
        4096: (8, 30, 1),
        8192: (16, 60, 4),
        16384: (32, 120, 8),
    }
    if cpu not in steps or memory_mib % 1024:
        return False
    least, most, step = steps[cpu]
    gib = memory_mib // 1024
    return least <= gib <= most and (gib - least) % step == 0


def test_the_table_is_what_aws_documents() -> None:
    """No pair less, over every size in halves of a GiB, and none more."""
    sizes = (
        (cpu, 512 * halves) for cpu in (256, 512, 1024, 2048, 4096, 8192, 16384, 32768) for halves in range(1, 513)
    )
    assert sorted(PAIRS) == [size for size in sizes if _aws_documents(*size)]


@pytest.mark.parametrize(("cpu", "memory_mib"), PAIRS)
def test_every_listed_pair_is_documented_and_accepted(cpu: int, memory_mib: int) -> None:
    """The table holds nothing that AWS does not offer, and the check refuses none of it."""
    assert _aws_documents(cpu, memory_mib)
    check_fargate_size(cpu=cpu, memory_mib=memory_mib)


@given(
    st.sampled_from([*FARGATE_MEMORY_MIB, 0, 128, 300, 768]),
    st.integers(0, 260).map(lambda half: half * 1024) | st.integers(),
)
def test_a_pair_passes_exactly_when_aws_documents_it(cpu: int, memory_mib: int) -> None:
    """No false rejection and no miss, over every size in whole GiB and others."""
    if _aws_documents(cpu, memory_mib):
        check_fargate_size(cpu=cpu, memory_mib=memory_mib)
    else:
        with pytest.raises(ValueError, match=f"cpu {cpu} with memory_mib {memory_mib}: "):
            check_fargate_size(cpu=cpu, memory_mib=memory_mib)


@pytest.mark.parametrize(
    ("cpu", "memory_mib", "remedy"),
    [
        (300, 512, "Fargate offers 256, 512, 1024, 2048, 4096, 8192, 16384 or 32768 CPU units"),
        (256, 600, "256 CPU units go with 512, 1024 or 2048 MiB"),
        (256, 4096, "4096 MiB goes with 512, 1024 or 2048 CPU units"),
        (1024, 512, "512 MiB goes with 256 CPU units"),
    ],
)
def test_the_message_says_what_would_be_right(cpu: int, memory_mib: int, remedy: str) -> None:
    """A wrong CPU lists the CPUs; a wrong memory lists those of its CPU, and the CPUs that go with it."""
    with pytest.raises(ValueError, match="CPU units") as caught:
        check_fargate_size(cpu=cpu, memory_mib=memory_mib)
    assert remedy in str(caught.value)
