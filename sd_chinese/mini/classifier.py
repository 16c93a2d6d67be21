"""The judge: a small classifier of drawings that says which facts of a scene a picture shows.

It is trained on drawings alone, half of them passed through the autoencoder, never on generated pictures.
"""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini import data
from sd_chinese.mini.scenes.captions import facts_of
from sd_chinese.mini.scenes.elements import ELEMENTS
from sd_chinese.mini.scenes.scene import SEASONS, STYLES, TIMES, WEATHERS
from sd_chinese.mini.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import NDArray
    from torch import nn

    from sd_chinese.mini.scenes.captions import Facts
    from sd_chinese.mini.scenes.scene import Scene

WEIGHTS = Path(__file__).parent / "weights" / "probe" / "probe.safetensors"

COLOURED = tuple(key for key, element in ELEMENTS.items() if element.colours)
CHOICES: tuple[tuple[str, ...], ...] = (
    TIMES,
    SEASONS,
    WEATHERS,
    STYLES,
    *(tuple(f"{key}:{colour}" for colour in ELEMENTS[key].colours) for key in COLOURED),
)
"""Of each of these exactly one is true; a colour only counts where its element is seen."""

LABELS: tuple[str, ...] = (*ELEMENTS, *(label for group in CHOICES for label in group))
WIDTHS = (24, 48, 96, 144)
BATCH, PEAK = 48, 2e-3
BORDER = 0.5
"""Probability from which on an element counts as found."""


def new_model() -> nn.Module:
    """A plain convolutional network. In: (n, 3, 128, 128), -1 to 1. Out: (n, labels), logits."""
    from torch import nn

    layers: list[nn.Module] = []
    inside = 3
    for width in WIDTHS:
        layers += [
            nn.Conv2d(inside, width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        inside = width
    return nn.Sequential(*layers, _pooling(), nn.Linear(2 * inside, len(LABELS)))


def _pooling() -> nn.Module:
    import torch
    from torch import nn

    class Pool(nn.Module):
        """Mean and maximum over all places, side by side."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)

    return Pool()


def new_training(folder: Path, steps: int) -> Training:
    """A fresh run, or the one that was saved in ``folder``."""
    import torch

    torch.manual_seed(0)
    model = new_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01, fused=True)
    noise = torch.Generator().manual_seed(0)
    return Training(
        folder / "probe.state", model, optimizer, steps, PEAK, np.random.default_rng(3), noise, 0.99
    )


def targets(scene: Scene) -> NDArray[np.int8]:
    """1 for what is true of ``scene``, 0 for what is not, -1 for what cannot be told. Shape: (labels,)."""
    facts = facts_of(scene)
    row = np.array([label in facts for label in LABELS], dtype=np.int8)
    for group in CHOICES:
        hidden = ":" in group[0] or group == SEASONS
        if not facts.intersection(group) or (scene.style == "ink" and hidden):
            row[[LABELS.index(label) for label in group]] = -1
    return row


def decoded_pictures(folder: Path, vae: Any, latents: torch.Tensor) -> NDArray[np.uint8]:
    """The drawings behind ``latents`` as the autoencoder shows them, cached in ``folder``."""
    import torch

    from sd_chinese.mini.sampling import decode

    path = folder / f"decoded-{len(latents)}.npy"
    if not path.exists():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            np.save(path, np.concatenate([decode(vae, piece) for piece in torch.split(latents, 50)]))
    cached: NDArray[np.uint8] = np.load(path)
    return cached


def loss_function(
    training: Training, pictures: NDArray[np.uint8], decoded: NDArray[np.uint8], batch: int = BATCH
) -> Callable[[], torch.Tensor]:
    """The loss of one step; half the batch from drawings, half from the first drawings as ``decoded``."""
    import torch

    truth = torch.from_numpy(np.stack([targets(data.scene_at(n)) for n in range(len(pictures))]))
    spans = _spans()

    def loss() -> torch.Tensor:
        rng = training.rng
        plain = rng.integers(len(pictures), size=batch // 2)
        passed = rng.integers(len(decoded), size=batch - batch // 2)
        x = torch.from_numpy(np.concatenate([pictures[np.sort(plain)], decoded[passed]]))
        logits = training.model(_augment(x, rng, training.noise))
        return _error(logits, truth[np.concatenate([np.sort(plain), passed])], spans)

    return loss


def _spans() -> list[slice]:
    starts = np.cumsum([len(ELEMENTS), *(len(group) for group in CHOICES)])
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(starts)]


def _error(logits: torch.Tensor, truth: torch.Tensor, spans: list[slice]) -> torch.Tensor:
    import torch.nn.functional as F  # noqa: N812

    first = len(ELEMENTS)
    total = 10 * F.binary_cross_entropy_with_logits(logits[:, :first], truth[:, :first].float())
    for span in spans:
        known = truth[:, span.start] >= 0
        if known.any():
            total = total + F.cross_entropy(logits[known, span], truth[known, span].argmax(1))
    return total


def _augment(x: torch.Tensor, rng: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
    """Mirrors, shifts, blurs and re-tones a batch. In: uint8 (n, 128, 128, 3). Out: (n, 3, 128, 128), -1 to 1."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    y = x.permute(0, 3, 1, 2).float() / 127.5 - 1
    n = len(y)
    mirrored = torch.rand(n, generator=noise) < 0.5
    y[mirrored] = y[mirrored].flip(3)
    if rng.random() < 0.4:
        size = int(rng.integers(48, 112))
        y = F.interpolate(F.interpolate(y, size=size, mode="area"), size=128, mode="bilinear")
    dy, dx = (int(v) for v in rng.integers(-6, 7, size=2))
    y = F.pad(y, (6, 6, 6, 6), mode="replicate")[:, :, 6 + dy : 134 + dy, 6 + dx : 134 + dx]
    gain = 1 + 0.12 * torch.randn(n, 1, 1, 1, generator=noise)
    lift = 0.06 * torch.randn(n, 3, 1, 1, generator=noise)
    grain = 0.03 * torch.randn(y.shape, generator=noise)
    return y * gain + lift + grain


@cache
def _loaded(path: Path) -> nn.Module:
    from safetensors.torch import load_file

    model = new_model()
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    return model.eval()


def judge(images: Sequence[Any] | NDArray[np.uint8], weights: Path = WEIGHTS) -> list[Facts]:
    """What each picture shows: element keys, ``element:colour``, and one time, season, weather and style.

    Args:
        images: PIL pictures of any size, or an array of shape (n, 128, 128, 3), uint8.
    """
    import torch
    from PIL import Image

    arrays = [np.asarray(Image.fromarray(np.asarray(im)).convert("RGB").resize((128, 128))) for im in images]
    x = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        logits = torch.cat([_loaded(weights)(piece) for piece in torch.split(x, 100)])
    return [_read(row) for row in logits]


def _read(row: torch.Tensor) -> Facts:
    found = {key for key, p in zip(ELEMENTS, row.sigmoid().tolist(), strict=False) if p > BORDER}
    for group, span in zip(CHOICES, _spans(), strict=True):
        best = group[int(row[span].argmax())]
        if ":" not in best or best.split(":")[0] in found:
            found.add(best)
    return frozenset(found)
