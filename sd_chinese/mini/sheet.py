"""``python -m sd_chinese.mini.sheet --out FILE.png``: a contact sheet with its captions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from sd_chinese.mini import sampling
from sd_chinese.mini.folders import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

FONTS = (
    "NotoSerifCJK-Regular.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSerifCJK-Bold.ttc",
    "NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc",
    "msyh.ttc",
    "simsun.ttc",
    "PingFang.ttc",
    "wqy-microhei.ttc",
)
SHOWN = (
    "月夜，一叶小舟，远山",
    "雪中的梅花",
    "黄昏，孤舟，柳树",
    "一轮明月",
    "飞流的瀑布",
    "春天，桃花，小桥，江水",
    "秋天，枫叶，古塔",
    "夏日，荷花，红鲤鱼",
    "冬天，大雪，青松，茅屋",
    "红灯笼，夜，亭子",
    "落日，孤帆，大雁",
    "竹林，仙鹤",
    "细雨，油纸伞，石桥",
    "蓑笠翁，江雪",
    "菊花，小屋，炊烟",
    "星空，骏马",
)
"""What the sheet shows when no caption is given."""

SIDE, GAP, LINE = 192, 8, 26


def contact_sheet(pictures: Sequence[Image.Image], captions: Sequence[str], columns: int = 8) -> Image.Image:
    """Pictures in rows, each over its caption where a font with Chinese characters is found."""
    font = _font()
    rows = -(-len(pictures) // columns)
    height = SIDE + GAP + (LINE if font else 0)
    sheet = Image.new("RGB", (columns * (SIDE + GAP) + GAP, rows * height + GAP), (250, 248, 243))
    pen = ImageDraw.Draw(sheet)
    for n, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = GAP + n % columns * (SIDE + GAP), GAP + n // columns * height
        sheet.paste(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        if font:
            short = caption if len(caption) <= 14 else caption[:13] + "…"
            pen.text((x + SIDE / 2, y + SIDE + 4), short, font=font, fill=(60, 52, 46), anchor="ma")
    return sheet


def _font() -> ImageFont.FreeTypeFont | None:
    for name in FONTS:
        try:
            return ImageFont.truetype(name, 13)
        except OSError:
            continue
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sd_chinese.mini.sheet", description=__doc__)
    parser.add_argument("captions", nargs="*", default=list(SHOWN))
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    pictures = sampling.generate(sampling.load_parts(args.weights / "base"), args.captions, args.seed)
    part = args.out.with_name(args.out.name + ".part")
    contact_sheet([Image.fromarray(p) for p in pictures], args.captions).save(part, format="PNG")
    part.replace(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
