"""Paint a job with diffusers' Stable Diffusion pipelines, fed by our own conditioning."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import ControlUse, LoraUse, ModelParts, OnStep, PaintJob
from sd_chinese.hosts.standalone.composition import PromptClock, composed, stage_at
from sd_chinese.hosts.standalone.samplers import SAMPLERS, build_scheduler

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

# Which pipeline a job needs, by (steered by a ControlNet, starts from an image, has a mask).
PIPELINES: dict[tuple[bool, bool, bool], str] = {
    (False, False, False): "StableDiffusionPipeline",
    (False, True, False): "StableDiffusionImg2ImgPipeline",
    (False, True, True): "StableDiffusionInpaintPipeline",
    (True, False, False): "StableDiffusionControlNetPipeline",
    (True, True, False): "StableDiffusionControlNetImg2ImgPipeline",
    (True, True, True): "StableDiffusionControlNetInpaintPipeline",
}


SMALL = 256 * 256
"""Pixels of a picture up to which one CPU thread is faster than several: they would mostly wait for each other."""


class DiffusersPainter:
    """Keeps the last model's modules on the device, so that the next picture starts at once.

    Args:
        device: a torch device name; None takes the GPU when there is one.
    """

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._loaded: dict[str, tuple[str, Any]] = {}

    @property
    def samplers(self) -> Sequence[str]:
        return tuple(SAMPLERS)

    @property
    def device(self) -> str:
        import torch

        if self._device is None:
            mps = getattr(torch.backends, "mps", None)
            self._device = (
                "cuda" if torch.cuda.is_available() else "mps" if mps and mps.is_available() else "cpu"
            )
        return self._device

    @property
    def dtype(self) -> torch.dtype:
        import torch

        return torch.float16 if self.device == "cuda" else torch.float32

    def paint(self, job: PaintJob, on_step: OnStep | None = None) -> list[Image]:
        """Paint ``len(job.seeds)`` pictures of ``job.width`` x ``job.height`` pixels.

        Seeds count per picture, so that a picture of a batch can be painted again alone.
        """
        import torch

        modules = self._modules(job.model)
        pipeline = self._pipeline(job, modules)
        batch, guided = len(job.seeds), job.cfg > 1.0
        clock = PromptClock(job.positive, job.negative, batch, guided)
        conditioning = _first_rows(job, batch, self.device, self.dtype)
        arguments = {**conditioning, **_picture_arguments(job)}
        with (
            torch.no_grad(),
            _threads_for(job, self.device),
            lora_applied(modules["unet"], job.loras),
            composed(modules["unet"], clock),
        ):
            result = pipeline(
                num_inference_steps=job.steps,
                guidance_scale=job.cfg,
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in job.seeds],
                callback_on_step_end=_step_callback(clock, on_step, self.device, self.dtype),
                callback_on_step_end_tensor_inputs=["prompt_embeds"],
                **arguments,
            )
        return list(result.images)

    def unload(self) -> None:
        """Free the device memory of the last model."""
        self._loaded.clear()

    def _modules(self, model: ModelParts) -> dict[str, Any]:
        import diffusers

        return {
            "unet": self._module(
                "unet", model.identity, diffusers.UNet2DConditionModel, model.unet_config, model.unet_tensors
            ),
            "vae": self._module(
                "vae", model.identity, diffusers.AutoencoderKL, model.vae_config, model.vae_tensors
            ),
        }

    def _module(self, slot: str, identity: str, kind: Any, config: dict[str, object], tensors: Any) -> Any:
        if slot not in self._loaded or self._loaded[slot][0] != identity:
            self._loaded.pop(slot, None)
            placed = {name: tensor.to(self.device, self.dtype) for name, tensor in tensors().items()}
            self._loaded[slot] = (identity, build_module(kind, config, placed))
        return self._loaded[slot][1]

    def _pipeline(self, job: PaintJob, modules: dict[str, Any]) -> Any:
        import diffusers

        # A pipeline's module imports the image processors of a safety checker that is not used here, and
        # transformers warns that their fast versions lack torchvision.
        logging.getLogger("transformers.utils.import_utils").setLevel(logging.ERROR)
        needs = (job.control is not None, job.image is not None, job.mask is not None)
        kind = getattr(diffusers, PIPELINES[needs])
        if job.control is not None:
            modules = {**modules, "controlnet": self._controlnet(job.control)}
        pipeline = kind(
            text_encoder=None,
            tokenizer=None,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
            scheduler=build_scheduler(job.sampler, job.model.prediction_type),
            **modules,
        )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _controlnet(self, control: ControlUse) -> Any:
        import diffusers

        return self._module(
            "controlnet", control.identity, diffusers.ControlNetModel, control.config, control.tensors
        )


@contextmanager
def _threads_for(job: PaintJob, device: str) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    if device == "cpu" and job.width * job.height <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def build_module(kind: Any, config: dict[str, object], tensors: dict[str, torch.Tensor]) -> Any:
    """Build a diffusers module without initialising weights twice, and fill every tensor of it.

    Raises:
        SdzhError: ``weights_incomplete`` when the file lacks tensors or has tensors of another shape.
    """
    import torch

    with torch.device("meta"):
        module = kind.from_config(config)
    try:
        report = module.load_state_dict(tensors, strict=False, assign=True)
    except RuntimeError as error:
        raise SdzhError(
            "weights_misfit", part=kind.__name__, reason=str(error).splitlines()[-1].strip()
        ) from error
    if report.missing_keys:
        raise SdzhError(
            "weights_incomplete",
            part=kind.__name__,
            count=len(report.missing_keys),
            first=report.missing_keys[0],
        )
    return module.eval()


@contextmanager
def lora_applied(unet: Any, loras: Sequence[LoraUse]) -> Iterator[None]:
    """Add the LoRAs' differences to the UNet's weights while inside; the originals come back bit for bit.

    Raises:
        SdzhError: ``lora_misfit`` when a LoRA was made for another UNet.
    """
    import torch

    originals: dict[str, torch.Tensor] = {}
    parameters = dict(unet.named_parameters())
    try:
        with torch.no_grad():
            for lora in loras:
                for key, difference in lora.differences().items():
                    target = parameters.get(key)
                    if target is None or target.numel() != difference.numel():
                        raise SdzhError("lora_misfit", name=lora.name, key=key)
                    originals.setdefault(key, target.detach().clone())
                    target += lora.strength * difference.reshape(target.shape).to(target)
        yield
    finally:
        with torch.no_grad():
            for key, original in originals.items():
                parameters[key].copy_(original)


def _first_rows(job: PaintJob, batch: int, device: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    def rows(crossattn: torch.Tensor) -> torch.Tensor:
        return crossattn.to(device, dtype).repeat(batch, 1, 1)

    return {
        "prompt_embeds": rows(stage_at(job.positive[0].stages, 0)),
        "negative_prompt_embeds": rows(stage_at(job.negative, 0)),
    }


def _picture_arguments(job: PaintJob) -> dict[str, Any]:
    """The picture inputs that the job's pipeline takes, under the names diffusers gives them."""
    size = {"width": job.width, "height": job.height}
    control = (
        {"controlnet_conditioning_scale": job.control.strength, "control_image": job.control.image}
        if job.control
        else {}
    )
    if job.image is None:
        if job.control:  # the text-to-image ControlNet pipeline calls the control picture `image`
            control["image"] = control.pop("control_image")
        return {**size, **control}
    start = {"image": [job.image] * len(job.seeds), "strength": job.strength, **control}
    if job.control:
        start["control_image"] = [job.control.image] * len(job.seeds)
    if job.mask is None:
        return {**start, **(size if job.control else {})}
    return {**start, **size, "mask_image": [job.mask] * len(job.seeds)}


def _step_callback(clock: PromptClock, on_step: OnStep | None, device: str, dtype: torch.dtype) -> Any:
    def callback(pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if on_step is not None:
            on_step(index + 1, pipeline.num_timesteps)
        changed = clock.advance(pipeline, index, timestep, tensors)
        return {name: value.to(device, dtype) for name, value in changed.items()}

    return callback
