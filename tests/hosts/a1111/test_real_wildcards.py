"""`__name__` in a prompt: AUTOMATIC1111 has none of its own; its stable-diffusion-webui-wildcards resolves them.

``SDZH_A1111=/path/to/webui SDZH_A1111_WILDCARDS=/path/to/its/folder python -m pytest tests/hosts``
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.a1111.conftest import foreign_extension, link_extension
from tests.hosts.conftest import Site
from tests.hosts.real_host import RealHost
from tests.hosts.test_real_host import PROMPT, assert_rows, chinese

LISTS = {"物件": ["一叶小舟"], "诗句": ["飞流直下三千尺"], "四季/景": ["春山", "夏荷", "秋月", "冬雪"]}
WISH: dict[str, Any] = {"alwayson_scripts": {"sd-webui-chinese": {"args": [{"on": True, "language": "zh"}]}}}


@pytest.fixture(scope="module")
def host(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHost]:
    if site.kind.name != "a1111":
        pytest.skip("for AUTOMATIC1111")
    link = link_extension(site.data, foreign_extension("SDZH_A1111_WILDCARDS"))
    folder = tmp_path_factory.mktemp("wildcards") / "词 表"
    for name, lines in LISTS.items():
        write_list(folder / f"{name}.txt", lines)
    with site.host("--wildcards-dir", str(folder)) as host:
        yield host
    link.unlink()


def write_list(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines), encoding="utf-8")


def test_chinese_list_is_drawn_from(host: RealHost, site: Site) -> None:
    drawn = chinese(host, site, "月夜 __物件__")
    assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
    assert drawn.sha == chinese(host, site).sha
    assert "Wildcard prompt: 月夜 __物件__" in drawn.infotext


def test_each_picture_draws_for_itself(host: RealHost, site: Site) -> None:
    host.set(sdzh_text_encoder="automatic")
    drawn = chinese(host, site, "__四季/景__", batch_size=4)
    assert len(set(drawn.images[-4:])) > 1
    assert any(drawn.infotext.startswith(line) for line in LISTS["四季/景"])


def test_expansion_reads_what_was_drawn(host: RealHost, site: Site) -> None:
    (line,) = LISTS["诗句"]
    typed, drawn = chinese(host, site, line, **WISH), chinese(host, site, "__诗句__", **WISH)
    assert typed.sha != chinese(host, site, line).sha
    assert drawn.sha == typed.sha
    assert f"SDZH prompt: {line}" in drawn.infotext and "Wildcard prompt: __诗句__" in drawn.infotext
