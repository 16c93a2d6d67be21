"""What fits what, on the cards that come with the project and on files of other people."""

from __future__ import annotations

import pytest

from sd_chinese.registry.card import parse_card
from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.fit import MAYBE, NO, YES, Fit, Side, fit_base, fit_host, worst
from sd_chinese.registry.identify import Identity
from tests.registry.test_card import GOOD

CATALOG = Catalog.load()
ENGLISH = Side("v1-5-pruned", "base", "sd1")
SD2 = Side("v2-1_512", "base", "sd2")
SDXL = Side("sd_xl_base", "base", "sdxl")


def side(name: str) -> Side:
    return Side.of_card(CATALOG.get(name))


@pytest.mark.parametrize(
    ("name", "host", "level", "word"),
    [
        ("mini", "standalone", YES, ""),
        ("mini", "AUTOMATIC1111", YES, ""),
        ("mini", "Forge", NO, "320"),
        ("mini-canny", "AUTOMATIC1111", NO, "320"),
        ("mini-canny", "standalone", YES, ""),
        ("mini-ink", "reForge", NO, "320"),
        ("taiyi-1b-zh", "Forge", YES, ""),
        ("altdiffusion-m18", "AUTOMATIC1111", YES, ""),
        ("altdiffusion-m18", "Forge", MAYBE, "SD 2.x"),
        ("modelscope-zh-v1.0", "reForge", MAYBE, "SD 2.x"),
        ("pai-diffusion-artist-large-zh-controlnet-canny", "Forge", YES, ""),
        ("mini", "a host of tomorrow", YES, ""),
    ],
)
def test_hosts(name: str, host: str, level: str, word: str) -> None:
    fit = fit_host(side(name), host)
    assert fit.level == level and (fit.reason is None) == (level == YES)
    if fit.reason:
        assert all(each in text for each in (name, host, word) for text in (fit.reason.zh, fit.reason.en))


@pytest.mark.parametrize(
    ("name", "base", "level", "word"),
    [
        # Encoders: their own bases, other SD1.x checkpoints, another width.
        ("taiyi-text", side("taiyi-1b-zh"), YES, ""),
        ("taiyi-text", side("svjack-zh-v1"), YES, ""),
        ("taiyi-text", ENGLISH, MAYBE, "taiyi-1b-zh"),
        ("skypaint-text", ENGLISH, MAYBE, "skypaint"),
        ("miaobi-text", ENGLISH, MAYBE, "miaobi"),
        ("taiyi-text", side("pai-diffusion-artist-large-zh"), MAYBE, "pai-diffusion-artist-large-zh"),
        ("pai-text", ENGLISH, NO, "pai-diffusion-artist-large-zh"),
        ("pai-text", side("pai-diffusion-anime-large-zh"), YES, ""),
        ("altdiffusion-text", ENGLISH, NO, "altdiffusion"),
        ("altdiffusion-text", side("altdiffusion-m9"), NO, "altdiffusion"),
        ("taiyi-text", SD2, NO, "SD 2.x"),
        ("taiyi-text", SDXL, NO, "SDXL"),
        ("taiyi-text", side("modelscope-zh-v1.0"), NO, "SD 2.x"),
        ("taiyi-text", side("mini"), NO, "mini"),
        # LoRA and ControlNet.
        ("pai-diffusion-artist-large-zh-lora-poem", side("pai-diffusion-artist-large-zh"), YES, ""),
        ("pai-diffusion-artist-large-zh-lora-poem", side("pai-diffusion-food-large-zh"), MAYBE, "artist"),
        ("pai-diffusion-artist-large-zh-lora-25d", side("altdiffusion-m18"), NO, "SD 2.x"),
        ("pai-diffusion-general-large-zh-controlnet-depth", ENGLISH, MAYBE, "general"),
        ("pai-diffusion-general-large-zh-controlnet-depth", SDXL, NO, "SDXL"),
        ("mini-ink", side("mini"), YES, ""),
        ("mini-ink", side("taiyi-1b-zh"), NO, "SD 1.x"),
        # No add-on.
        ("taiyi-1b-zh", SDXL, YES, ""),
    ],
)
def test_bases(name: str, base: Side, level: str, word: str) -> None:
    fit = fit_base(side(name), base)
    assert fit.level == level
    if fit.reason:
        assert all(
            each in text for each in (name, base.name, word) for text in (fit.reason.zh, fit.reason.en)
        )


def test_files_are_judged_by_what_they_are() -> None:
    lora = Side.of_file("水墨", Identity("lora", "sd1", "kohya", 768))
    assert fit_base(lora, ENGLISH).level == YES
    assert fit_base(lora, SD2).level == NO
    unknown = Side.of_file("lyco", Identity("lora", "", "lycoris"))
    assert fit_base(unknown, ENGLISH).level == MAYBE
    assert fit_host(Side.of_file("xl", Identity("base", "sdxl", "ldm", 2048)), "AUTOMATIC1111").level == YES
    assert fit_host(Side.of_file("xl", Identity("base", "sdxl", "ldm", 2048)), "standalone").level == NO


def test_a_user_s_card_says_its_hosts_and_why() -> None:
    card = parse_card({**GOOD, "hosts": {"only": ["a1111"], "why": {"zh": "要改编号", "en": "it wants ids"}}})
    assert fit_host(Side.of_card(card), "AUTOMATIC1111").level == YES
    fit = fit_host(Side.of_card(card), "Forge")
    assert fit.level == NO and fit.reason
    assert "要改编号" in fit.reason.zh and "it wants ids" in fit.reason.en and "a1111" in fit.reason.en


def test_an_sdxl_encoder_of_a_user_is_refused_everywhere() -> None:
    card = parse_card(
        {**GOOD, "kind": "encoder", "family": "sdxl", "hosts": {**GOOD["hosts"], "only": ["forge"]}}
    )
    for host in ("AUTOMATIC1111", "Forge", "reForge", "standalone"):
        assert fit_host(Side.of_card(card), host).level == NO


def test_the_worst_verdict_counts() -> None:
    yes, maybe, no = Fit(), Fit(MAYBE), Fit(NO)
    assert worst(yes, maybe) is maybe and worst(maybe, no, yes) is no and worst(yes) is yes
