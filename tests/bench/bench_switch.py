"""What the first picture costs after a checkpoint was chosen in AUTOMATIC1111: a Chinese one against an English one.

Run ``SDZH_A1111=/path/to/webui python tests/bench/bench_switch.py``. Both have one UNet, one autoencoder, and a CLIP of
12 layers that fills 77 rows. Counted is the processor time of the host from the choice to the picture, which other work
on the machine does not change; the UNet is small, so that nothing hides what is the encoder's.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.hosts.checkpoints import UNET, VAE, lively, write_yaml  # noqa: E402
from tests.hosts.forge.models import convert, write_english  # noqa: E402
from tests.hosts.real_host import A1111, RealHost  # noqa: E402

ROUNDS = 8
PROMPTS = {"english": "a boat under the moon", "chinese": "月夜，一叶小舟"}


def write_pair(webui: Path, data: Path) -> None:
    import torch
    import transformers
    from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel

    from tests.text.families import FAMILIES

    torch.manual_seed(0)
    folder, bases = data / "folder", data / "models" / "Stable-diffusion"
    bases.mkdir(parents=True)
    clip = transformers.CLIPTextConfig(
        vocab_size=21128, hidden_size=768, intermediate_size=3072, num_attention_heads=12
    )
    FAMILIES["PAI-Diffusion, 77 rows"].write(folder, transformers.CLIPTextModel(clip).half())
    lively(UNet2DConditionModel(cross_attention_dim=768, **UNET)).half().save_pretrained(folder / "unet")
    lively(AutoencoderKL(**VAE)).half().save_pretrained(folder / "vae")
    PNDMScheduler(prediction_type="epsilon").save_pretrained(folder / "scheduler")
    convert(folder, bases / "chinese.safetensors")
    write_english(bases / "english.safetensors", folder)
    write_yaml(webui, bases / "english.yaml")


def seconds_to_first(host: RealHost, name: str) -> float:
    before = host.processor_seconds()
    host.choose(name)
    host.draw(PROMPTS[name])
    return host.processor_seconds() - before


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    assert A1111.folder is not None, f"set {A1111.variable} to a WebUI's folder with its environment"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        write_pair(A1111.folder, data)
        with RealHost(A1111, data) as host:
            for name in PROMPTS:  # checksums are counted once in a file's life
                seconds_to_first(host, name)
            seconds: dict[str, list[float]] = {name: [] for name in PROMPTS}
            for _ in range(ROUNDS):
                for name, found in seconds.items():
                    found.append(seconds_to_first(host, name))
    for name, found in seconds.items():
        print(f"{name}: median {median(found):.2f} s, {min(found):.2f} to {max(found):.2f}")
    print(f"ratio of the medians: {median(seconds['chinese']) / median(seconds['english']):.2f}, bound 1.05")


if __name__ == "__main__":
    main()
