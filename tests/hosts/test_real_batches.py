"""Pictures of one request with different prompts, in real hosts: each tells the prompt that it was typed as."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.hosts.real_host import RealHost

TYPED = ["守株待兔", "守株待兔, 一只猫", "守株待兔, 雪", "守株待兔, 一只猫, 雪"]
MATRIX = {
    "script_name": "prompt matrix",
    "script_args": [False, False, "positive", "comma", 0],
    "batch_size": 2,
    "alwayson_scripts": {"sd-webui-chinese": {"args": [{"on": True, "language": "en"}]}},
}


def original_of(infotext: str) -> str:
    found = re.search(r'SDZH prompt: ("(?:[^"\\]|\\.)*"|[^,\n]+)', infotext)
    assert found, infotext
    return str(json.loads(found[1])) if found[1].startswith('"') else found[1]


def draw(host: RealHost, prompt: str, **more: Any) -> list[str]:
    """What the pictures say of themselves."""
    body = {"prompt": prompt, "steps": 1, "width": host.kind.side, "height": host.kind.side, **MATRIX, **more}
    return list(json.loads(host.call("/sdapi/v1/txt2img", body)["info"])["infotexts"])


def test_every_picture_of_a_prompt_matrix_tells_its_own(host: RealHost) -> None:
    """Two batches of two."""
    grid, *pictures = draw(host, "守株待兔|一只猫|雪")
    assert [original_of(each) for each in pictures] == TYPED
    for each in pictures:
        reading = host.call("/sdzh/v1/expand", {"prompt": original_of(each)})["prompt_en"]
        assert each.splitlines()[0] == reading
    assert original_of(grid) in TYPED


def test_one_prompt_is_told_once_for_all(host: RealHost) -> None:
    infotexts = draw(host, "守株待兔", script_name=None, n_iter=2)
    assert {original_of(each) for each in infotexts} == {"守株待兔"}
    assert len({each.splitlines()[0] for each in infotexts}) == 1
