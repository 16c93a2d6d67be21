"""Whole expansions: what is said, what is kept, and what never happens."""

from __future__ import annotations

import json
import re

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.expand.expander import Expander, ExpandOptions

BAD_INPUT = {
    "empty": "",
    "blank": " \n\t　",
    "control": "守株\x00待兔\x1b[31m，\x7f山水",
    "surrogate": "守株待兔\ud800，\udfff山",
    "rtl": "\u202e守株待兔\u202c، שלום",
    "emoji": "👩‍👩‍👧‍👦守株待兔🐇，🏳️‍🌈",
    "html": "<script>alert('守株待兔')</script><b>山水</b>&nbsp;",
    "brackets": "((((守株待兔[[[[:1.2",
    "extension": "𠀀𪛖守株待兔",
    "nulls": "\0" * 300,
    "punctuation": "，。！？；：、" * 200,
    "markup": "<lora:守株待兔:1> __守株待兔__ \\(守株待兔\\) [a:守株待兔:0.5] BREAK AND {守株待兔}",
    "lines": "守株待兔\r\n\r\n飞流直下三千尺\u2028山水",
}


def test_a_phrase_of_its_own_gives_way_to_its_picture(sample: Expander) -> None:
    result = sample.expand("守株待兔")
    assert result.prompt_zh == "坐在树桩旁的农夫，一只灰兔跑来，荒芜的秋日田地，秋天，枯黄，懒散"
    assert result.prompt_en.startswith(
        "a farmer sitting by a tree stump, a grey hare running up, a weedy autumn"
    )


def test_the_users_words_stay_in_place(sample: Expander) -> None:
    result = sample.expand("masterpiece, 一只猫看着守株待兔的农夫, <lora:墨:0.8>, (红花：1.2)")
    assert result.prompt_zh.startswith("masterpiece, 一只猫看着守株待兔的农夫，坐在树桩旁的农夫")
    assert ", <lora:墨:0.8>, (红花：1.2)" in result.prompt_zh
    assert result.prompt_en.startswith(
        "masterpiece, a cat looking at farmer, a farmer sitting by a tree stump"
    )
    assert "<lora:墨:0.8>, (red flowers: 1.2)" in result.prompt_en


def test_the_prompt_of_the_project(sample: Expander) -> None:
    result = sample.expand("飞流直下三千尺，旁边一位穿旗袍的女孩在吃夫妻肺片")
    data = result.to_json()
    assert [match["kind"] for match in data["matches"]] == ["verse", "term", "term"]
    assert data["matches"][0]["source"] == "飞流直下三千尺 — 唐·李白《望庐山瀑布》"
    assert data["matches"][2]["literal_trap"] == ["夫妇", "人肺"]
    assert "旁边一位穿旗袍的女孩在吃浇满红油的牛肉薄片" in result.prompt_zh
    assert "beside it, a girl wearing cheongsam eating thin slices of beef in chili oil" in result.prompt_en
    assert "夫妇" in result.negative_zh and "couple" in result.negative_en
    assert "夫妻" not in result.prompt_zh


def test_nothing_found_changes_nothing(sample: Expander) -> None:
    prompt = "一个女孩站在花园里，杰作"
    result = sample.expand(prompt)
    assert result.prompt_zh == prompt
    assert result.to_json()["candidates"] == []


def test_seasons_do_not_contradict(sample: Expander) -> None:
    both = sample.expand("守株待兔，踏雪寻梅")
    assert [c.value for c in both.scene.conditions if c.field == "season"] == ["秋"]
    assert "冬日雪地" not in both.prompt_zh
    mine = sample.expand("冬天，守株待兔")
    (season,) = [c for c in mine.scene.conditions if c.field == "season"]
    assert (season.value, season.source) == ("冬", "user")
    assert "秋" not in mine.prompt_zh


def test_one_palette_and_mood_for_the_scene(sample: Expander) -> None:
    result = sample.expand("守株待兔，踏雪寻梅")
    assert [e.pair.zh for e in result.scene.shared] == ["枯黄", "懒散"]


def test_chained_lines_are_one_poem(sample: Expander) -> None:
    result = sample.expand("飞流直下三千尺，疑是银河落九天")
    data = result.to_json()
    assert len({match["poem"] for match in data["matches"]}) == 1
    assert result.prompt_zh.count("高山深谷") == 1


def test_a_title_is_read_through_its_lines(sample: Expander) -> None:
    result = sample.expand("黄鹤楼送孟浩然")
    assert result.parts[0].kind == "poem"
    assert "江边楼阁前拱手告别的文人" in result.prompt_zh
    assert "a white sail far away" in result.prompt_en


def test_a_dynasty_shows_what_is_asked_for(sample: Expander) -> None:
    assert "宋朝楼阁与格子门" in sample.expand("宋代楼阁").prompt_zh
    assert "穿褙子的宋朝女子" in sample.expand("宋代美女").prompt_zh


@pytest.mark.parametrize(
    ("options", "zh"),
    [
        ({"strength": "light"}, "坐在树桩旁的农夫，一只灰兔跑来，秋天"),
        ({"phrase": "keep"}, "守株待兔，坐在树桩旁的农夫，一只灰兔跑来，荒芜的秋日田地，秋天，枯黄，懒散"),
        ({"people": False}, "一只灰兔跑来，荒芜的秋日田地，秋天，枯黄，懒散"),
        ({"limit": 20}, "坐在树桩旁的农夫，一只灰兔跑来，秋天"),
        ({"limit": 1}, "坐在树桩旁的农夫"),
        ({"off": frozenset({"守株待兔"})}, "守株待兔"),
        (
            {"style": "水墨"},
            "坐在树桩旁的农夫，一只灰兔跑来，荒芜的秋日田地，秋天，枯黄，懒散，墨色晕染的宣纸画",
        ),
    ],
)
def test_options(sample: Expander, options: dict[str, object], zh: str) -> None:
    assert sample.expand("守株待兔", ExpandOptions(**options)).prompt_zh == zh  # type: ignore[arg-type]


def test_a_style_brings_its_negative(sample: Expander) -> None:
    result = sample.expand("守株待兔，水墨画")
    assert result.negative_zh == "照片，油画"
    assert result.negative_en == "photograph, oil painting"
    assert "水墨画" in result.prompt_zh


def test_a_style_may_be_called_one(expander: Expander) -> None:
    """赛博朋克 also has the spelling 赛博朋克风: no 格 may be left over."""
    result = expander.expand("赛博朋克风格的重庆夜景，霓虹灯")
    assert [match["text"] for match in result.to_json()["matches"]] == ["赛博朋克风格"]
    assert result.prompt_en.startswith("Chongqing night view, neon lights, cyberpunk")


def test_what_the_user_counted_is_not_counted_again(expander: Expander) -> None:
    result = expander.expand("一碗热气腾腾的牛肉面，一个穿白T恤的男孩")
    assert result.prompt_zh.count("一碗") == 1
    assert result.prompt_en.count("a bowl of") == 1
    assert "boy wearing white T-shirt" in result.prompt_en


def test_without_people_the_negative_says_so(sample: Expander) -> None:
    assert "人物" in sample.expand("守株待兔", ExpandOptions(people=False)).negative_zh


@pytest.mark.parametrize(
    "options", [{"strength": "huge"}, {"phrase": "maybe"}, {"view": "other"}, {"style": "没有的画风"}]
)
def test_an_unknown_option_is_named(sample: Expander, options: dict[str, str]) -> None:
    with pytest.raises(SdzhError, match=next(iter(options.values()))):
        sample.expand("守株待兔", ExpandOptions(**options))  # type: ignore[arg-type]


def test_candidates_differ(sample: Expander) -> None:
    candidates = sample.expand("踏雪寻梅").candidates
    assert next(candidate.name for candidate in candidates) == "直绘"
    assert len({candidate.prompt_zh for candidate in candidates}) == len(candidates) == 3
    assert "雪中一枝红梅" in candidates[2].prompt_zh


def test_the_seed_chooses_a_picture(sample: Expander) -> None:
    assert "雪中一枝红梅" in sample.expand("踏雪寻梅", ExpandOptions(seed=1)).prompt_zh
    assert sample.expand("踏雪寻梅", ExpandOptions(seed=2)).prompt_zh == sample.expand("踏雪寻梅").prompt_zh


def test_tags_are_short_lower_case_and_without_articles(sample: Expander) -> None:
    tags = sample.expand("守株待兔，一个女孩").prompt_tags.split(", ")
    assert tags[0] == "1girl"
    assert "farmer sitting by a tree stump" in tags
    assert not [tag for tag in tags if tag.startswith(("a ", "the "))]


def test_abstract_idioms_are_flagged_not_invented(sample: Expander) -> None:
    result = sample.expand("理所当然，马马虎虎")
    data = result.to_json()
    assert [match["drawable"] for match in data["matches"]] == [False, False]
    assert result.prompt_zh == "理所当然，马马虎虎"
    assert data["untranslated"] == ["理所当然", "马马虎虎"]


def test_every_phrase_of_the_output_names_its_source(sample: Expander) -> None:
    data = sample.expand("飞流直下三千尺，守株待兔，孤舟").to_json()
    sources = {element["from"] for element in data["scene"]["elements"]}
    assert sources == {"飞流直下三千尺 — 唐·李白《望庐山瀑布》", "守株待兔", "孤舟"}


def test_the_same_prompt_gives_the_same_expansion(expander: Expander) -> None:
    prompt = "飞流直下三千尺，守柱待兔的农夫，清明扫墓，竹影横斜水清浅，水墨"
    first = json.dumps(expander.expand(prompt).to_json(), ensure_ascii=False)
    assert first == json.dumps(expander.expand(prompt).to_json(), ensure_ascii=False)


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input(expander: Expander, name: str) -> None:
    prompt = BAD_INPUT[name]
    result = expander.expand(prompt, ExpandOptions(phrase="keep"))
    data = result.to_json()
    assert data["input"] == prompt
    json.dumps(data)
    for match in data["matches"]:
        assert prompt[match["start"] : match["end"]] == match["text"]
    rest = iter(result.prompt_zh)
    assert all(character in rest for character in prompt.rstrip()), "the user's text was changed"


def test_protected_text_is_copied(expander: Expander) -> None:
    result = expander.expand(BAD_INPUT["markup"])
    for kept in ("<lora:守株待兔:1>", "__守株待兔__", "\\(", ":0.5]", "BREAK AND"):
        assert kept in result.prompt_zh and kept in result.prompt_en


def test_a_megabyte(sample: Expander) -> None:
    prompt = ("一个女孩站在窗前看着远处的高楼与街道，" * 12 + "守株待兔，") * 1500
    assert len(prompt.encode()) > 1_000_000
    result = sample.expand(prompt)
    assert len(result.parts) == 1500
    assert "坐在树桩旁" in result.prompt_zh


def test_english_has_no_chinese_of_ours(expander: Expander) -> None:
    for prompt in ("守株待兔", "飞流直下三千尺，水墨", "宋代美女", "春晓", "夫妻肺片"):
        assert not re.search("[\u3400-\u9fff]", expander.expand(prompt).prompt_en), prompt


def test_everyday_words_are_not_read_as_images(expander: Expander) -> None:
    prompt = "少女，樱花，一只小船在湖面上"
    assert expander.expand(prompt).prompt_zh == prompt


@pytest.mark.parametrize("prompt", ["竹杖芒鞋轻胜马（码）", "守株（猪）待兔（免）"])
def test_a_bracketed_pun_belongs_to_the_phrase(expander: Expander, prompt: str) -> None:
    result = expander.expand(f"{prompt}，红花")
    assert result.parts[0].match.text == prompt
    assert not set("（）()") & set(result.prompt_zh + result.prompt_en)


@pytest.mark.parametrize("prompt", ["守株待兔（红花）", "守株待兔（花）", "(守株待兔)", "守株(待兔:1.2)"])
def test_other_brackets_stay(sample: Expander, prompt: str) -> None:
    brackets = "（）()"
    result = sample.expand(prompt)
    assert [c for c in result.prompt_zh if c in brackets] == [c for c in prompt if c in brackets]


def test_an_image_in_a_sentence_shows_itself_and_its_hour(expander: Expander) -> None:
    result = expander.expand("一只猫坐在残阳下")
    assert result.prompt_zh.startswith("一只猫坐在残阳下，")
    assert "cat sitting under a red setting sun" in result.prompt_en
    assert [(c.field, c.value) for c in result.scene.conditions] == [("time", "黄昏")]


@pytest.mark.parametrize("prompt", ["少女站在月光下", "一个女孩在吃桃子", "一只猫坐在桌子旁边"])
def test_a_plain_sentence_is_no_line_of_verse(expander: Expander, prompt: str) -> None:
    assert expander.expand(prompt).prompt_zh == prompt
