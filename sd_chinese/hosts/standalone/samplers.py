"""The WebUI's sampler names and the diffusers schedulers that compute the same thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from sd_chinese.errors import SdzhError


@dataclass(frozen=True)
class Sampler:
    """A scheduler class of diffusers by name, and the settings that make it the WebUI's sampler."""

    scheduler: str
    settings: dict[str, Any] = field(default_factory=dict)


KARRAS = {"use_karras_sigmas": True}
SDE = {"algorithm_type": "sde-dpmsolver++"}

# A1111's names (modules/sd_samplers_kdiffusion.py, sd_samplers_timesteps.py) in the order of its menu.
SAMPLERS: dict[str, Sampler] = {
    "Euler a": Sampler("EulerAncestralDiscreteScheduler"),
    "Euler": Sampler("EulerDiscreteScheduler"),
    "Euler Karras": Sampler("EulerDiscreteScheduler", KARRAS),
    "Heun": Sampler("HeunDiscreteScheduler"),
    "DPM2": Sampler("KDPM2DiscreteScheduler"),
    "DPM2 a": Sampler("KDPM2AncestralDiscreteScheduler"),
    "DPM++ 2M": Sampler("DPMSolverMultistepScheduler"),
    "DPM++ 2M Karras": Sampler("DPMSolverMultistepScheduler", KARRAS),
    "DPM++ 2M SDE": Sampler("DPMSolverMultistepScheduler", SDE),
    "DPM++ 2M SDE Karras": Sampler("DPMSolverMultistepScheduler", {**SDE, **KARRAS}),
    "DDIM": Sampler("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
    "DDPM": Sampler("DDPMScheduler", {"clip_sample": False}),
    "PNDM": Sampler("PNDMScheduler", {"skip_prk_steps": True}),
    "UniPC": Sampler("UniPCMultistepScheduler"),
}

# The noise schedule that every SD1.x and SD2.x model was trained with (CompVis configs/v1-inference.yaml).
NOISE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "steps_offset": 1,
}


def sampler_named(name: str) -> Sampler:
    """Look a sampler up by the WebUI's name, in any case.

    Raises:
        SdzhError: ``sampler_unknown``, naming the nearest and all valid names.
    """
    by_lower = {key.lower(): key for key in SAMPLERS}
    key = by_lower.get(name.lower())
    if key is None:
        near = get_close_matches(name.lower(), by_lower, n=1)
        raise SdzhError(
            "sampler_unknown",
            name=name,
            near=by_lower[near[0]] if near else "Euler a",
            names=", ".join(SAMPLERS),
        )
    return SAMPLERS[key]


def build_scheduler(name: str, prediction_type: str) -> Any:
    """Build the diffusers scheduler for a sampler name.

    Settings that a scheduler class does not know are dropped by diffusers' own ``from_config``.
    """
    import diffusers

    sampler = sampler_named(name)
    scheduler = getattr(diffusers, sampler.scheduler)
    return scheduler.from_config({**NOISE, "prediction_type": prediction_type, **sampler.settings})
