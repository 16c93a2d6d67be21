"""The one table of nameable elements: names, drawing, place, colours, when it may be seen.

Captions, composition, the probe and the evaluation all read it; a new element is one more row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sd_chinese.mini.scenes import land, plants, shore, sky

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sd_chinese.mini.scenes.brush import Pen

DUSK_AND_DAY = ("day", "dusk")
DARK = ("night",)


@dataclass(frozen=True)
class Element:
    """One thing that a caption can name and a picture can show.

    Args:
        names: Chinese names; each names this element and no other.
        zone: where it stands: far, sky, top, shore, water, near or side.
        size: width and height of its box on the 256 x 256 sheet at scale 1.
        draw: paints it with a pen; ``None`` for the river, which is the ground itself.
        times, seasons: when it may appear; empty means always.
        colours: the colour words of each colour it comes in.
        coloured: whole names that carry a colour, as 红梅.
        implies: elements that it cannot be seen without.
        weight: how often it is chosen, against 1.
    """

    names: tuple[str, ...]
    zone: str
    size: tuple[float, float]
    draw: Callable[[Pen], None] | None
    times: tuple[str, ...] = ()
    seasons: tuple[str, ...] = ()
    colours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coloured: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    implies: tuple[str, ...] = ()
    weight: float = 1.0


ELEMENTS: dict[str, Element] = {
    "moon": Element(
        ("月亮", "明月", "圆月", "一轮明月", "满月", "皓月", "一轮圆月", "月", "一轮月亮"), "sky", (62, 62), sky.moon,
        times=DARK, weight=2.6,
    ),
    "crescent": Element(
        ("弯月", "一弯新月", "新月", "月牙", "残月", "一钩残月"), "sky", (62, 62), sky.crescent,
        times=DARK, weight=2.0,
    ),
    "sun": Element(
        ("太阳", "红日", "一轮红日", "红太阳", "一轮太阳", "朝日"), "sky", (62, 62), sky.sun,
        times=DUSK_AND_DAY, weight=1.7,
    ),
    "stars": Element(
        ("星星", "繁星", "满天星斗", "星空", "群星", "漫天星光", "银河", "满天繁星", "星光"),
        "heaven", (250, 100), sky.stars,
        times=DARK, weight=1.8,
    ),
    "clouds": Element(
        ("白云", "云朵", "云彩", "祥云", "几朵白云", "浮云", "云", "云海"), "sky", (130, 70), sky.clouds,
        times=DUSK_AND_DAY, weight=1.3,
    ),
    "geese": Element(
        ("大雁", "飞鸟", "雁群", "一行大雁", "归雁", "群鸟", "飞雁", "鸟群"), "sky", (150, 100), sky.geese,
        times=DUSK_AND_DAY, weight=1.4,
    ),
    "lantern": Element(
        ("灯笼", "一盏灯笼", "纸灯笼", "彩灯", "花灯", "宫灯"), "top", (72, 122), sky.lantern,
        colours={"red": ("红", "红色的", "大红"), "yellow": ("黄", "黄色的")}, weight=1.2,
    ),
    "mountain": Element(
        ("山", "高山", "群山", "青山", "山峰", "奇峰", "群峰", "山峦", "山岭", "山崖", "大山"),
        "far", (256, 100), land.mountain, weight=1.6
    ),
    "far_mountain": Element(
        ("远山", "远处的山", "一抹远山", "连绵的远山", "远方的山", "远处的群山"),
        "far", (256, 50), land.far_mountain, weight=1.6
    ),
    "waterfall": Element(
        ("瀑布", "飞流的瀑布", "飞瀑", "一道瀑布", "飞泉", "长瀑", "大瀑布"),
        "cliff", (130, 118), land.waterfall, weight=1.2
    ),
    "pagoda": Element(("塔", "宝塔", "古塔", "高塔", "佛塔", "石塔"), "shore", (82, 128), land.pagoda),
    "pavilion": Element(("亭子", "凉亭", "古亭", "一座亭子", "小亭", "亭"), "shore", (108, 84), land.pavilion),
    "house": Element(
        ("房屋", "茅屋", "小屋", "农舍", "人家", "草堂", "房子", "村庄", "山村", "农家", "木屋", "村舍",
         "小村"),
        "shore", (104, 66), land.house, weight=0.8
    ),
    "smoke": Element(
        ("炊烟", "袅袅炊烟", "一缕炊烟", "屋顶的炊烟"),
        "chimney", (50, 100), land.smoke, implies=("house",), weight=0.7
    ),
    "bridge": Element(
        ("桥", "小桥", "石桥", "拱桥", "石拱桥", "一座桥"), "span", (164, 56), land.bridge, implies=("river",)
    ),
    "river": Element(
        ("河", "江水", "河流", "江", "湖水", "江面", "湖面", "河水", "大江", "溪水", "小河", "小溪", "水面"),
        "ground", (256, 70), None, weight=0.8
    ),
    "boat": Element(
        ("小船", "小舟", "一叶小舟", "一叶扁舟", "孤舟", "渔船", "船", "扁舟", "渔舟", "舟", "乌篷船", "木船",
         "小木船", "客船", "小渔船"),
        "water", (134, 48), shore.boat, implies=("river",), weight=1.5,
    ),
    "sail": Element(
        ("帆船", "孤帆", "白帆", "一片孤帆", "风帆", "帆", "大帆船", "木帆船", "白帆船"),
        "water", (100, 104), shore.sail, implies=("river",)
    ),
    "figure": Element(
        ("渔翁", "蓑笠翁", "渔夫", "老翁", "钓鱼的老人", "垂钓的人", "钓者", "老渔翁", "披蓑衣的渔翁",
         "戴斗笠的老人"),
        "near", (100, 82), shore.figure
    ),
    "horse": Element(
        ("马", "骏马", "一匹马", "马儿", "老马", "奔马", "战马", "马群"), "near", (124, 98), shore.horse,
        colours={"brown": ("棕", "棕色的", "枣红色的"), "white": ("白", "白色的"), "black": ("黑", "黑色的")},
    ),
    "crane": Element(("鹤", "仙鹤", "白鹤", "一只仙鹤", "丹顶鹤", "双鹤"), "near", (112, 126), shore.crane),
    "fish": Element(
        ("鱼", "鲤鱼", "游鱼", "一条鱼", "锦鲤", "鱼儿", "大鲤鱼", "小鱼"), "water", (126, 52), shore.fish,
        colours={"red": ("红", "红色的"), "black": ("黑", "黑色的")}, implies=("river",),
    ),
    "umbrella": Element(
        ("伞", "油纸伞", "一把伞", "纸伞", "雨伞"), "near", (100, 86), shore.umbrella,
        colours={"red": ("红", "红色的"), "blue": ("蓝", "蓝色的"), "yellow": ("黄", "黄色的")},
    ),
    "pine": Element(("松树", "松", "青松", "古松", "苍松", "孤松", "老松", "松林"), "near", (140, 146), plants.pine),
    "bamboo": Element(
        ("竹子", "竹", "翠竹", "竹林", "修竹", "几竿竹子", "绿竹", "竹枝"),
        "side", (96, 230), plants.bamboo,
    ),
    "willow": Element(
        ("柳树", "垂柳", "杨柳", "柳", "绿柳", "柳丝", "柳枝", "柳林"),
        "near", (134, 164), plants.willow,
    ),
    "plum": Element(
        ("梅花", "一枝梅花", "寒梅", "梅", "梅枝", "梅花枝", "梅树"), "edge", (130, 110), plants.plum,
        seasons=("none", "winter", "spring"), colours={"red": ("红色的",), "white": ("白色的",)},
        coloured={"red": ("红梅", "红梅花"), "white": ("白梅", "白梅花")}, weight=1.3,
    ),
    "peach": Element(
        ("桃花", "桃树", "桃花树", "盛开的桃花", "桃林", "桃花林", "桃枝"),
        "near", (124, 124), plants.peach, seasons=("none", "spring")
    ),
    "maple": Element(
        ("枫树", "枫叶", "红枫", "枫林", "红叶", "丹枫", "枫树林"),
        "near", (124, 124), plants.maple, seasons=("none", "autumn")
    ),
    "lotus": Element(
        ("荷花", "莲花", "荷", "莲", "盛开的荷花", "荷叶", "荷塘", "莲叶"), "water", (146, 66), plants.lotus,
        seasons=("none", "summer"), colours={"pink": ("粉", "粉色的", "粉红的"), "white": ("白", "白色的")},
        coloured={"pink": ("粉荷",), "white": ("白莲", "白荷")}, implies=("river",),
    ),
    "chrysanthemum": Element(
        ("菊花", "菊", "秋菊", "几朵菊花", "野菊"), "near", (108, 100), plants.chrysanthemum,
        seasons=("none", "autumn"), colours={"yellow": ("黄", "黄色的"), "purple": ("紫", "紫色的")},
    ),
}  # fmt: skip


def implied(keys: tuple[str, ...]) -> frozenset[str]:
    """``keys`` and every element that they cannot be seen without."""
    return frozenset(keys).union(*(ELEMENTS[key].implies for key in keys))
