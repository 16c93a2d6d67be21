"""The painter against diffusers' own pipelines on a small random model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import ControlUse, LoraUse, ModelParts, PaintJob, PromptPart, Stage
from sd_chinese.hosts.standalone.painter import DiffusersPainter, lora_applied
from sd_chinese.hosts.standalone.samplers import SAMPLERS, build_scheduler

WIDTH, ROWS = 32, 6
KEY = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"


@pytest.fixture(scope="module")
def unet() -> Any:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
    ).eval()


@pytest.fixture(scope="module")
def vae() -> Any:
    torch.manual_seed(1)
    return AutoencoderKL(
        block_out_channels=(32, 32),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
    ).eval()


@pytest.fixture
def job(unet: Any, vae: Any) -> PaintJob:
    torch.manual_seed(2)
    model = ModelParts("tiny", dict(unet.config), dict(vae.config), unet.state_dict, vae.state_dict)
    return PaintJob(
        model=model,
        positive=(PromptPart(1.0, (Stage(4, torch.randn(1, ROWS, WIDTH)),)),),
        negative=(Stage(4, torch.randn(1, ROWS, WIDTH)),),
        seeds=[7],
        width=64,
        height=64,
        steps=4,
        sampler="Euler a",
        cfg=5.0,
    )


@pytest.fixture(scope="module")
def painter() -> DiffusersPainter:
    return DiffusersPainter("cpu")


def pixels(images: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(image) for image in images])


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_paints_what_diffusers_paints(
    sampler: str, job: PaintJob, painter: DiffusersPainter, unet: Any, vae: Any
) -> None:
    pipeline = StableDiffusionPipeline(
        vae, None, None, unet, build_scheduler(sampler, "epsilon"), None, None, requires_safety_checker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    expected = pipeline(
        prompt_embeds=job.positive[0].stages[0].crossattn,
        negative_prompt_embeds=job.negative[0].crossattn,
        width=64,
        height=64,
        num_inference_steps=4,
        guidance_scale=5.0,
        generator=torch.Generator().manual_seed(7),
    ).images
    assert np.array_equal(pixels(painter.paint(replace(job, sampler=sampler))), pixels(expected))


def test_a_batch_is_its_pictures(job: PaintJob, painter: DiffusersPainter) -> None:
    both = pixels(painter.paint(replace(job, seeds=[7, 8]))).astype(int)
    alone = pixels(painter.paint(replace(job, seeds=[8]))).astype(int)
    assert np.abs(both[1] - alone[0]).max() <= 1
    assert np.abs(both[1] - both[0]).max() > 1


def test_reports_every_step(job: PaintJob, painter: DiffusersPainter) -> None:
    seen: list[tuple[int, int]] = []
    painter.paint(job, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_schedule_changes_the_prompt_at_its_step(job: PaintJob, painter: DiffusersPainter) -> None:
    first, second = job.positive[0].stages[0].crossattn, torch.randn(1, ROWS, WIDTH)
    plain = pixels(painter.paint(job))

    def staged(end: int) -> np.ndarray:
        stages = (Stage(end, first), Stage(4, second))
        return pixels(painter.paint(replace(job, positive=(PromptPart(1.0, stages),))))

    assert not np.array_equal(staged(2), plain)
    assert np.array_equal(staged(4), plain)
    second_only = replace(job, positive=(PromptPart(1.0, (Stage(4, second),)),))
    assert np.array_equal(staged(0), pixels(painter.paint(second_only)))


def test_and_is_the_weighted_sum(job: PaintJob, painter: DiffusersPainter) -> None:
    """Halves of one prompt are the prompt; a part of weight 0 changes nothing."""
    stages = job.positive[0].stages
    other = (Stage(4, torch.randn(1, ROWS, WIDTH)),)
    plain = pixels(painter.paint(job)).astype(int)

    def parts(*weighted: tuple[float, Any]) -> np.ndarray:
        composed = tuple(PromptPart(weight, each) for weight, each in weighted)
        return pixels(painter.paint(replace(job, positive=composed))).astype(int)

    assert np.abs(parts((0.5, stages), (0.5, stages)) - plain).max() <= 1
    assert np.abs(parts((1.0, stages), (0.0, other)) - plain).max() <= 1
    assert np.abs(parts((1.0, stages), (1.0, other)) - plain).max() > 1


def test_lora_comes_and_goes(job: PaintJob, painter: DiffusersPainter, unet: Any) -> None:
    difference = torch.randn_like(unet.state_dict()[KEY])
    lora = LoraUse("ink", 0.5, lambda: {KEY: difference})
    before = unet.state_dict()[KEY].clone()
    with lora_applied(unet, [lora, lora]):
        assert torch.allclose(unet.state_dict()[KEY], before + difference, atol=1e-6)
    assert torch.equal(unet.state_dict()[KEY], before)
    plain = pixels(painter.paint(job))
    assert not np.array_equal(pixels(painter.paint(replace(job, loras=(lora,)))), plain)
    assert np.array_equal(pixels(painter.paint(job)), plain)


def test_foreign_lora_is_refused_and_undone(unet: Any) -> None:
    before = unet.state_dict()[KEY].clone()
    fits = LoraUse("ink", 1.0, lambda: {KEY: torch.ones_like(before)})
    foreign = LoraUse("sdxl", 1.0, lambda: {KEY: torch.ones(3, 3)})
    with pytest.raises(SdzhError) as caught, lora_applied(unet, [fits, foreign]):
        pass
    assert caught.value.code == "lora_misfit"
    assert torch.equal(unet.state_dict()[KEY], before)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("controlled", [False, True])
def test_starts_from_a_picture(
    masked: bool, controlled: bool, job: PaintJob, painter: DiffusersPainter, unet: Any
) -> None:
    start = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    torch.manual_seed(3)
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    control = ControlUse("canny", dict(net.config), net.state_dict, start)
    changed = replace(
        job, image=start, mask=mask if masked else None, control=control if controlled else None, strength=0.5
    )
    picture = pixels(painter.paint(changed))
    assert picture.shape == (1, 64, 64, 3)
    assert not np.array_equal(picture, pixels(painter.paint(replace(changed, seeds=[8]))))
    if controlled:
        assert not np.array_equal(picture, pixels(painter.paint(replace(changed, control=None))))


def test_incomplete_weights_are_named(job: PaintJob) -> None:
    tensors = job.model.unet_tensors()
    short = {key: value for key, value in tensors.items() if key != KEY}
    with pytest.raises(SdzhError) as caught:
        DiffusersPainter("cpu").paint(replace(job, model=replace(job.model, unet_tensors=lambda: short)))
    assert caught.value.code == "weights_incomplete"
    wrong = {**tensors, KEY: torch.zeros(2, 2)}
    with pytest.raises(SdzhError) as caught:
        DiffusersPainter("cpu").paint(replace(job, model=replace(job.model, unet_tensors=lambda: wrong)))
    assert caught.value.code == "weights_misfit"


def test_unknown_sampler_names_the_nearest() -> None:
    with pytest.raises(SdzhError) as caught:
        build_scheduler("euler ancestrel", "epsilon")
    assert caught.value.values["near"] in SAMPLERS
