"""What only reForge has, in a real one: several checkpoints in memory, chosen among without a load."""

from __future__ import annotations

import pytest

from tests.hosts.conftest import Site
from tests.hosts.real_host import RealHost
from tests.hosts.test_real_host import PROMPT, assert_rows, chinese, driven, english


@pytest.fixture(scope="module", autouse=True)
def only_reforge(site: Site) -> None:
    if site.kind.name != "reforge":
        pytest.skip("for reForge")


def test_checkpoints_kept_in_memory_keep_their_encoders(host: RealHost, site: Site, bare: bytes) -> None:
    host.set(sd_checkpoints_limit=2)
    try:
        for _ in range(2):
            chinese(host, site)
            assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
            assert english(host, site).png == bare
            driven(host, site)
            assert_rows(host.rows(), site.models.encoder_rows(PROMPT))
        assert (
            host.run("from modules import sd_models; result = len(sd_models.model_data.loaded_sd_models)")
            == 2
        )
    finally:
        host.set(sd_checkpoints_limit=1)
    assert english(host, site).png == bare
