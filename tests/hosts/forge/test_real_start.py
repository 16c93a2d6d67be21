"""Ways to start Forge and reForge other than the plain one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.hosts.conftest import ENGLISH_PROMPT, Site
from tests.hosts.forge.test_real_forge import inside
from tests.hosts.real_host import RealHost
from tests.hosts.test_real_host import PROMPT, assert_rows, chinese, driven, english


@pytest.fixture(scope="module", autouse=True)
def only_forges(site: Site) -> None:
    if site.kind.name not in ("forge", "reforge"):
        pytest.skip("for Forge and reForge")


@pytest.mark.parametrize("flags", [("--nowebui",), ("--always-offload-from-vram",)])
def test_other_ways_to_start(site: Site, flags: tuple[str, ...], bare: bytes) -> None:
    """The first request comes while the host loads its first checkpoint, which is the English one."""
    with site.host(*flags) as host:
        chinese(host, site)
        assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
        driven(host, site)
        assert_rows(host.rows(), site.models.encoder_rows(PROMPT))
        assert english(host, site).png == bare
        assert "sd_chinese/" not in host.log


def test_encoder_is_kept_in_the_precision_that_the_host_is_told(site: Site) -> None:
    flags = tuple(flag.replace("--clip-in-fp32", "--clip-in-fp8-e4m3fn") for flag in site.kind.flags)
    code = """
from modules import shared
kept = {str(m.weight.dtype) for m in PATCHER.model.modules() if type(m).__name__ == "Linear"}
result = sorted(kept)
"""
    with RealHost(replace(site.kind, flags=flags), site.data) as host:
        assert chinese(host, site).pixels.std() > 1
        assert bool(host.rows().isfinite().all())
        assert inside(host, code) == ["torch.float8_e4m3fn"]


def test_first_load_passes_over_a_half_copied_checkpoint(site: Site) -> None:
    folder = site.data / "models" / "Stable-diffusion"
    whole = next(folder.glob(f"{site.models.chinese}.*")).read_bytes()
    half, settings = folder / "0 一半.safetensors", site.data / "config.json"
    half.write_bytes(whole[: len(whole) // 2])
    kept = settings.read_text(encoding="utf-8") if settings.exists() else None
    settings.write_text(
        '{"sd_model_checkpoint": "0 一半.safetensors", "live_previews_enable": false}', encoding="utf-8"
    )
    try:
        with site.host() as host:
            assert host.draw(ENGLISH_PROMPT).pixels.std() > 1
            assert half.name in host.log
            assert "sd_chinese/" not in host.log
    finally:
        half.unlink()
        settings.unlink() if kept is None else settings.write_text(kept, encoding="utf-8")
