"""A model from the tab's button to a picture, inside a real A1111: installed over a slow line, offered, painted with.

``SDZH_A1111=/path/to/webui python -m pytest tests/hosts/test_real_install.py -m ""``
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sd_chinese.registry.card import REGISTRY
from tests.hosts.checkpoints import write_english
from tests.hosts.real_host import A1111, RealHost
from tests.registry.bad_server import Hub, serving
from tests.registry.conftest import WEIGHTS, weight_digests
from tests.ui.conftest import browser
from tests.ui.test_models_tab import PATIENCE, Tab, start

__all__ = ["browser"]
NAME = "my-base"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealHost]:
    """With an English model of its own, and a card whose files are on a slow hub that breaks off once."""
    if A1111.folder is None:
        pytest.skip(f"no host: set {A1111.variable} to a WebUI's folder with its environment")
    data = tmp_path / "数据 data"
    write_english(data / "models" / "Stable-diffusion" / "english.safetensors", A1111.folder)
    card = json.loads((REGISTRY / "base" / "mini.json").read_text(encoding="utf-8"))
    card |= {"id": NAME, "sources": [{"kind": "hf", "repo": "we/base"}]}
    (data / "models" / "cards").mkdir()
    (data / "models" / "cards" / f"{NAME}.json").write_text(json.dumps(card), encoding="utf-8")
    faults = {"unet/diffusion_pytorch_model.safetensors": ["cut"]}
    hub = Hub(repos={"we/base": WEIGHTS / "base"}, digests=dict(weight_digests()), faults=faults, pace=0.01)
    with serving(hub):
        for name, value in {"SDZH_SOURCES": "hf", "HF_ENDPOINT": hub.url, "SDZH_PROXY": ""}.items():
            monkeypatch.setenv(name, value)
        with RealHost(A1111, data) as host:
            yield host


@pytest.mark.slow
def test_a_model_from_the_tab_to_a_picture(host: RealHost, browser: Any) -> None:
    tab = Tab(browser, host.url())
    start(tab, NAME)
    assert tab.percent(NAME, 0) > 0
    tab.wait(NAME, "已装好")
    tab.page.click("#setting_sd_model_checkpoint input")
    offered = tab.page.locator("#setting_sd_model_checkpoint li, ul.options li", has_text=NAME)
    offered.first.wait_for(timeout=PATIENCE)
    offered.first.click()  # as one does who has read no manual
    tab.page.wait_for_function(
        "name => document.querySelector('#setting_sd_model_checkpoint input').value.includes(name)", arg=NAME
    )
    tab.close()
    picture = host.draw("月夜 一叶小舟", steps=2)
    assert f"Model: {NAME}" in picture.infotext and picture.pixels.std() > 10
    assert host.rows().shape == (32, 256)
    assert "/sd_chinese/" not in host.log, host.log[-4000:]
