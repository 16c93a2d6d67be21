"""Names of styles for a menu that is built at the host's start: headwords alone, the lexicon is not opened."""

from __future__ import annotations

import re
from functools import lru_cache

_HEADWORD = re.compile(r"^\[(.+)\]\s*$", re.MULTILINE)


@lru_cache(maxsize=1)
def style_names() -> tuple[str, ...]:
    from sd_chinese.expand.lexicon import DATA, read_text

    files = sorted((DATA / "styles").glob("*.txt"))
    return tuple(dict.fromkeys(name for path in files for name in _HEADWORD.findall(read_text(path))))
