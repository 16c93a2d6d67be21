"""Prompts that change over time (`[a:b:0.5]`, `[a|b]`) or are composed (`AND`), fed to a diffusers pipeline.

Composition follows Liu et al., "Compositional Visual Generation with Composable Diffusion Models"
(arXiv 2206.01714), in A1111's form: eps = eps_u + cfg * sum_i w_i (eps_i - eps_u).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sd_chinese.hosts.base import PromptPart, Stage

if TYPE_CHECKING:
    import torch


def stage_at(stages: Sequence[Stage], step: int) -> torch.Tensor:
    """The conditioning in force at ``step``, shape (1, rows, width); the last stage has no end."""
    return next((stage.crossattn for stage in stages if step < stage.end), stages[-1].crossattn)


class PromptClock:
    """Gives a pipeline the right conditioning at each step.

    Args:
        positive: the parts of the positive prompt; the first is the one that ControlNet sees too.
        negative: the stages of the negative prompt.
        batch: pictures painted together.
        guided: whether the pipeline concatenates negative and positive rows (guidance scale above 1).
    """

    def __init__(
        self, positive: Sequence[PromptPart], negative: Sequence[Stage], batch: int, guided: bool
    ) -> None:
        self.positive, self.negative, self.batch, self.guided = positive, negative, batch, guided
        self.step = 0

    def crossattn(self) -> torch.Tensor:
        """Rows as the pipeline wants them now: (batch or 2 * batch, rows, width), negative first."""
        import torch

        positive = stage_at(self.positive[0].stages, self.step).repeat(self.batch, 1, 1)
        if not self.guided:
            return positive
        return torch.cat([stage_at(self.negative, self.step).repeat(self.batch, 1, 1), positive])

    def advance(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """`callback_on_step_end` of a diffusers pipeline: hand over the next step's conditioning."""
        self.step = (index + 1) // getattr(pipeline.scheduler, "order", 1)
        return {"prompt_embeds": self.crossattn()}


@contextmanager
def composed(unet: Any, clock: PromptClock) -> Iterator[None]:
    """While inside, the UNet's prediction for the positive half is the weighted sum of all `AND` parts."""
    if (len(clock.positive) == 1 and clock.positive[0].weight == 1.0) or not clock.guided:
        yield
        return
    original = unet.forward

    def forward(sample: torch.Tensor, timestep: Any, encoder_hidden_states: torch.Tensor, **rest: Any) -> Any:
        import torch

        rest.pop("return_dict", None)
        half = sample.shape[0] // 2
        predictions = [
            original(
                sample, timestep, encoder_hidden_states=encoder_hidden_states, return_dict=False, **rest
            )[0]
        ]
        uncond = predictions[0][:half]
        total = clock.positive[0].weight * (predictions[0][half:] - uncond)
        for part in clock.positive[1:]:
            rows = stage_at(part.stages, clock.step).to(encoder_hidden_states).repeat(half, 1, 1)
            shared = {name: _second_half(value, sample.shape[0]) for name, value in rest.items()}
            extra = original(
                sample[half:], timestep, encoder_hidden_states=rows, return_dict=False, **shared
            )[0]
            total = total + part.weight * (extra - uncond)
        return (torch.cat([uncond, uncond + total]),)

    unet.forward = forward
    try:
        yield
    finally:
        del unet.forward


def _second_half(value: Any, batch: int) -> Any:
    """ControlNet residuals carry the doubled batch: keep the positive half of each."""
    import torch

    if isinstance(value, torch.Tensor) and value.ndim > 0 and value.shape[0] == batch:
        return value[batch // 2 :]
    if isinstance(value, (list, tuple)):
        return type(value)(_second_half(item, batch) for item in value)
    return value
