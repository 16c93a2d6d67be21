"""The colours of a style as a plain swatch: what its palette names, or paper and ink."""

from __future__ import annotations

import re

from sd_chinese.expand.lexicon import Entry

#: Colour words of the lexicon's palettes; a longer word goes before the ones that it holds.
COLOURS = {
    "墨黑": "#26282a", "浓墨": "#1f2122", "淡墨": "#9a9c9b", "枯墨": "#55534f", "墨线": "#3a3b3c",
    "墨灰": "#7d7f7e", "墨褐": "#4a3c30", "墨绿": "#2f4a3c", "墨色": "#3b3d3e", "纸白": "#f3eee2",
    "素白": "#f5f2ea", "粉白": "#f4e9e2", "瓷白": "#f2f4f3", "羊脂白": "#f3eedd", "石青": "#2e6a8e",
    "石绿": "#4f8f6f", "花青": "#33566f", "淡花青": "#7f9caf", "朱砂": "#b5382a", "朱红": "#c2402d",
    "赭石": "#9a5b3a", "淡赭": "#c99d78", "赭黄": "#b9853f", "绢黄": "#dcc794", "泥金": "#b9923f",
    "金箔": "#c8a24a", "金": "#c09a45", "土红": "#a2503c", "群青": "#2c4a8c", "孔雀绿": "#1f7a72",
    "大红": "#c8281e", "翠绿": "#2f8a5a", "明黄": "#e8c33b", "桃粉": "#eab0ad", "暖黄": "#e2b85e",
    "靛蓝": "#2a4670", "钴蓝": "#28509a", "胭脂粉": "#d98a96", "胭脂": "#b5485a", "嫩绿": "#a7c36b",
    "鹅黄": "#f1e08a", "宝蓝": "#2a50a0", "漆黑": "#1a1917", "原木": "#b08a5f", "琥珀": "#c98a36",
    "沙棕": "#b59468", "薄荷绿": "#9ed3bd", "普鲁士蓝": "#1f3f63", "米黄": "#ecdcb6", "品红": "#c23a7c",
    "深蓝": "#23395f", "黄铜": "#a9843f", "皮褐": "#7a5438", "煤黑": "#2a2827", "月白": "#d9e4e6",
    "天青": "#a9c6c6", "粉": "#e8b4b8", "紫": "#7b5a92", "青": "#4e8f9c", "褐": "#76573f",
    "棕": "#8a6a4a", "灰": "#9a9a96", "黑": "#252525", "白": "#f5f3ee", "红": "#bd3a2e",
    "黄": "#e0bd5a", "绿": "#5a8f63", "蓝": "#3f6796", "橙": "#d9823b", "银": "#bfc3c4",
}  # fmt: skip
PAPER_AND_INK = ("#f3eee2", "#8d8b84")
MOST = 4
_WORDS = re.compile("|".join(sorted(COLOURS, key=len, reverse=True)))


def colours_of(style: Entry) -> tuple[str, ...]:
    """Up to four colours as ``#rrggbb``, in the palette's order."""
    text = style.palette.zh if style.palette else ""
    found = tuple(dict.fromkeys(COLOURS[word] for word in _WORDS.findall(text)))[:MOST]
    return found if len(found) > 1 else PAPER_AND_INK
