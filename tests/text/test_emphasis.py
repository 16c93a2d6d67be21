"""The four modes, against AUTOMATIC1111's formulas written out, and where its formula breaks."""

from __future__ import annotations

import pytest
import torch

from sd_chinese.errors import SdzhError
from sd_chinese.text.emphasis import EMPHASES, find_emphasis

pytestmark = pytest.mark.encoders

ROWS = torch.randn(2, 32, 64, generator=torch.Generator().manual_seed(0)) + 0.3
WEIGHTS = torch.ones(2, 32)
WEIGHTS[0, 3:9] = 1.4
WEIGHTS[1, 2:5] = 0.6


def test_original_restores_the_mean_of_each_context() -> None:
    found = EMPHASES["Original"](ROWS, WEIGHTS)
    for rows, weights, result in zip(ROWS, WEIGHTS, found, strict=True):
        weighed = rows * weights[:, None]
        torch.testing.assert_close(result, weighed * (rows.mean() / weighed.mean()))
        torch.testing.assert_close(result.mean(), rows.mean())


def test_no_norm_multiplies() -> None:
    torch.testing.assert_close(EMPHASES["No norm"](ROWS, WEIGHTS), ROWS * WEIGHTS[..., None])


@pytest.mark.parametrize("name", ["Ignore", "None"])
def test_ignore_and_none_change_nothing(name: str) -> None:
    assert torch.equal(EMPHASES[name](ROWS, WEIGHTS), ROWS)


@pytest.mark.parametrize("name", EMPHASES)
def test_weights_of_one_change_nothing(name: str) -> None:
    assert torch.equal(EMPHASES[name](ROWS, torch.ones(2, 32)), ROWS)


@pytest.mark.parametrize("offset", [0.0, 1e-12, 1e-6, -1e-4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_original_survives_a_mean_of_zero(offset: float, dtype: torch.dtype) -> None:
    rows = torch.nn.functional.layer_norm(ROWS, (64,)) + offset
    found = EMPHASES["Original"](rows.to(dtype), WEIGHTS)
    assert found.dtype == dtype
    assert found.isfinite().all()
    torch.testing.assert_close(found.float(), rows * WEIGHTS[..., None], atol=0.05, rtol=0.05)


def test_original_survives_rows_of_zero_and_absurd_weights() -> None:
    assert torch.equal(EMPHASES["Original"](torch.zeros(1, 4, 8), WEIGHTS[:1, :4]), torch.zeros(1, 4, 8))
    for weight in (0.0, 1e30, -1e30, float("inf")):
        for name in ("Original", "No norm"):
            assert EMPHASES[name](ROWS, torch.full((2, 32), weight)).isfinite().all()


def test_unknown_mode_lists_the_known() -> None:
    with pytest.raises(SdzhError, match="No norm"):
        find_emphasis("original")
