"""The loop that every part is trained with: resumable, interruptible, with a progress bar."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import torch
    from torch import nn

SAVE_EVERY = 120.0
"""Seconds between two saved states."""


@dataclass
class Training:
    """All that a run has to remember between two steps.

    Args:
        path: file of the saved state (a ``weights_only`` torch file).
        model: what is trained.
        optimizer: its optimizer.
        steps: length of the whole run; the learning rate follows it.
        peak: highest learning rate.
        rng: draws pictures, crops and captions.
        noise: draws torch tensors.
        decay: of the averaged weights.
    """

    path: Path
    model: nn.Module
    optimizer: torch.optim.Optimizer
    steps: int
    peak: float
    rng: np.random.Generator
    noise: torch.Generator
    decay: float = 0.999
    step: int = 0
    average: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        if self.path.exists():
            self._restore()

    def save(self) -> None:
        """Writes the state; a run that is broken off loses at most what came after."""
        import torch

        state: dict[str, Any] = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
            "noise": self.noise.get_state(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.path)

    def _restore(self) -> None:
        import torch

        state = torch.load(self.path, map_location="cpu", weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["fused"] = self.optimizer.defaults["fused"]
        self.rng.bit_generator.state = state["rng"]
        self.noise.set_state(state["noise"])

    def rate(self) -> float:
        """Learning rate of this step: a short warm-up, then half a cosine down to 2 %."""
        import math

        warm = min(1.0, (self.step + 1) / max(1, min(200, self.steps // 10)))
        done = min(1.0, self.step / self.steps)
        return self.peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))

    def update(self, loss: torch.Tensor) -> None:
        """One optimizer step on ``loss``, and the averaged weights after it."""
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group.get("share", 1.0)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trainable(self.model.parameters()), 1.0)
        self.optimizer.step()
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for key, value in self.model.state_dict().items():
                if value.is_floating_point():
                    self.average[key].lerp_(value, 1 - decay)
        self.step += 1


def trainable(parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """Those of ``parameters`` that learn."""
    return [p for p in parameters if p.requires_grad]


def run(training: Training, title: str, loss_of: Callable[[], torch.Tensor], minutes: float | None) -> bool:
    """Trains until the last step or until ``minutes`` have passed, and saves.

    Returns: whether the last step was reached.

    Raises:
        KeyboardInterrupt: Ctrl-C or a termination request came; the step was finished and the state saved.
    """
    begun = saved = time.monotonic()
    first, smooth = training.step, None
    with _deferred_interrupts() as caught:
        while training.step < training.steps and not caught:
            loss = loss_of()
            training.update(loss)
            value = float(loss.detach())
            smooth = value if smooth is None else 0.98 * smooth + 0.02 * value
            now = time.monotonic()
            _show(title, training, smooth, (now - begun) / (training.step - first))
            if now - saved > SAVE_EVERY:
                training.save()
                saved = now
            if minutes is not None and now - begun > minutes * 60:
                break
        training.save()
        sys.stderr.write("\n")
    if caught:
        raise KeyboardInterrupt
    return training.step >= training.steps


@contextmanager
def _deferred_interrupts() -> Iterator[list[int]]:
    """Collects interrupts instead of raising them, so that none falls into the middle of a step."""
    caught: list[int] = []
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda number, _: caught.append(number)) for name in names]
    try:
        yield caught
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _show(title: str, training: Training, loss: float, seconds: float) -> None:
    """One line: bar, steps, loss, time left. On a terminal it is rewritten in place."""
    live = sys.stderr.isatty()
    if not live and training.step % 50 and training.step < training.steps:
        return
    full = 24 * training.step // training.steps
    left = int(seconds * (training.steps - training.step))
    sys.stderr.write(
        f"{chr(13) if live else ''}{title} [{'#' * full}{'.' * (24 - full)}] {training.step}/{training.steps} "
        f"loss {loss:.4f} {seconds:.2f} s/step 剩余/left {left // 60}:{left % 60:02d}{'' if live else chr(10)}"
    )
    sys.stderr.flush()
