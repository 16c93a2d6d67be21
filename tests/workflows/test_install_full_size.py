"""A repository as PAI-Diffusion publishes them, full size and random, from a server to the host's folder.

Single precision in pickles, the autoencoder's attention under its old names, a safety checker that nobody wants. What
it costs is printed (``pytest -s``): the peak memory of the installing process, and its time against a plain copy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from sd_chinese.registry.identify import identify
from sd_chinese.weights_io import open_weights
from tests.bench.bench_convert import copy_seconds, encoder_shapes, key_list, weight_files
from tests.registry.bad_server import Hub, serving

ROOT = Path(__file__).parents[2]
CARD_ID = "pai-diffusion-artist-large-zh"
REPO = "alibaba-pai/pai-diffusion-artist-large-zh"
# diffusers' names of the autoencoder's attention before 0.18.
OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

CONFIGS: dict[str, dict[str, Any]] = {
    "unet": {"_class_name": "UNet2DConditionModel", "cross_attention_dim": 768, "attention_head_dim": 8},
    "vae": {
        "_class_name": "AutoencoderKL",
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "layers_per_block": 2,
    },
}

# A process of its own: the peak is that of nothing but the install, torch's import included.
CHILD = """
import sys, time
from pathlib import Path
from sd_chinese.cli import main
start = time.perf_counter()
code = main(sys.argv[1:])
seconds = time.perf_counter() - start
status = Path("/proc/self/status").read_text(encoding="utf-8")
peak = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))
print(code, seconds, peak)
"""


def save(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({key: torch.randn(shape) for key, shape in shapes.items()}, path)


def old_vae() -> dict[str, tuple[int, ...]]:
    named = {}
    for key, shape in key_list("vae").items():
        for new, old in OLD_NAMES.items():
            key = key.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
        named[key] = shape
    return named


def pai_encoder() -> dict[str, tuple[int, ...]]:
    named = encoder_shapes(positions=32)
    return {f"text_model.{name.removeprefix('text_model.')}": shape for name, shape in named.items()}


def write_repository(folder: Path) -> None:
    torch.manual_seed(0)
    save(folder / "unet" / "diffusion_pytorch_model.bin", key_list("sd1_unet"))
    save(folder / "vae" / "diffusion_pytorch_model.bin", old_vae())
    save(folder / "text_encoder" / "pytorch_model.bin", pai_encoder())
    save(folder / "safety_checker" / "pytorch_model.bin", {"unwanted": (1000, 1000)})
    configs = {
        "model_index.json": {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.15.0.dev0"},
        "scheduler/scheduler_config.json": {"_class_name": "PNDMScheduler", "prediction_type": "epsilon"},
        "text_encoder/config.json": {
            "architectures": ["CLIPTextModel"],
            "num_attention_heads": 12,
            "hidden_act": "quick_gelu",
            "max_position_embeddings": 32,
        },
        "tokenizer/tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 32},
    }
    for name, content in configs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.slow
def test_a_full_size_repository(tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    repository = tmp_path / "repository"
    write_repository(repository)
    sizes = {path: path.stat().st_size for path in weight_files(repository)}
    copied = copy_seconds(repository, tmp_path / "copy")
    hub = Hub(repos={REPO: repository}, faults={"unet/diffusion_pytorch_model.bin": ["cut"]})
    with serving(hub):
        for path in sizes:
            hub.sha256(path)
        options = ["--models", str(tmp_path / "models"), "models", "install", CARD_ID, "--yes", "--proxy", ""]
        command = [sys.executable, "-c", CHILD, *options, "--sources", "hf", "--address", f"hf={hub.url}"]
        variables = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command, cwd=ROOT, env=variables, check=True, stdout=subprocess.PIPE, encoding="utf-8"
        )
    code, seconds, peak = done.stdout.splitlines()[-1].split()
    assert code == "0" and "safety_checker" not in str(hub.asked)
    print(
        f"\n{sum(sizes.values()) / 1e9:.2f} GB, largest file {max(sizes.values()) / 1e9:.2f} GB: "
        f"peak memory / largest file {int(peak) / max(sizes.values()):.2f}, "
        f"install {float(seconds):.0f} s, copying {copied:.1f} s"
    )
    placed = tmp_path / "models" / "Stable-diffusion" / f"{CARD_ID}.safetensors"
    identity = identify(placed)
    assert (identity.kind, identity.family) == ("base", "sd1")
    assert identity.spec and identity.spec.context_length == 32
    check_loads(placed, repository, tmp_path)


def check_loads(placed: Path, repository: Path, place: Path) -> None:
    """diffusers' own loader of single files finds every weight, equal but for the rounding."""
    import diffusers

    for name, settings in CONFIGS.items():
        model, config = getattr(diffusers, settings["_class_name"]), place / name
        with torch.device("meta"):
            model(**{key: value for key, value in settings.items() if key[0] != "_"}).save_config(config)
        loaded = model.from_single_file(str(placed), config=str(config), torch_dtype=torch.float16)
        state = loaded.state_dict()
        with open_weights(repository / name) as original:
            for key in original.header.tensors:
                new = key
                for today, old in OLD_NAMES.items():
                    new = new.replace(f"attentions.0.{old}.", f"attentions.0.{today}.")
                expected = original.tensor(key).half()
                assert torch.equal(state.pop(new).reshape(expected.shape), expected), key
        assert not state
        del loaded
