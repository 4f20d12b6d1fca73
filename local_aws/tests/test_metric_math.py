"""The results of metric math, point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws.cloudwatch.metric_math import UnknownExpressionError, evaluate

if TYPE_CHECKING:
    from local_aws.cloudwatch.metric_math import Series

SERIES: dict[str, Series] = {"errors": [1, None, 4], "requests": [10, 0, None], "none": [None, None, None]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors", [1, None, 4]),
        ("7", [7, 7, 7]),
        ("errors + 1", [2, None, 5]),
        ("100 * errors / requests", [10, None, None]),
        ("FILL(errors, 0) - FILL(requests, 2)", [-9, 0, 2]),
        ("FILL(none, 0)", [0, 0, 0]),
        ("FILL(errors, requests)", [1, 0, 4]),
        ("1 / requests", [0.1, None, None]),
        ("IF(requests >= 10, errors, 9)", [1, 9, None]),
        ("IF(FILL(requests, 0) > 1 && FILL(errors, 0) < 2, 1, 0)", [1, 0, 0]),
        ("IF(FILL(requests, 0) > 1 OR FILL(errors, 0) == 4, 1, 0)", [1, 0, 1]),
        ("MAX([errors, requests])", [10, 0, 4]),
        ("SUM([errors, requests])", [11, 0, 4]),
        ("MIN([none])", [None, None, None]),
    ],
)
def test_expressions(expression: str, expected: Series) -> None:
    """A missing point makes the result missing, unless it is filled; so does a division by zero."""
    assert evaluate(expression, SERIES, periods=3) == pytest.approx(expected)


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(errors)", "missing + 1", "errors +", "errors.x", "'a'"])
def test_an_unknown_expression_is_refused(expression: str) -> None:
    with pytest.raises(UnknownExpressionError):
        evaluate(expression, SERIES, periods=3)
