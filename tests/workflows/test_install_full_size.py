"""A repository as PAI-Diffusion publishes them, full size and random, from a server to the host's folder.

Single precision in pickles, the autoencoder's attention under its old names, a safety checker that nobody wants. What
it costs is printed (``pytest -s``): the peak memory of the installing process, and its time against a plain copy. The
installed file is then read by diffusers' loader of single files, and painted with by A1111 where there is one
(``SDZH_A1111``, see `tests.hosts.real_host`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from sd_chinese.registry.identify import identify
from sd_chinese.weights_io import open_weights
from tests.bench.bench_convert import copy_seconds, encoder_shapes, key_list, weight_files
from tests.hosts.real_host import A1111, RealHost
from tests.registry.bad_server import Hub, serving

ROOT = Path(__file__).parents[2]
CARD_ID = "pai-diffusion-artist-large-zh"
REPO = "alibaba-pai/pai-diffusion-artist-large-zh"
PROMPT = "月夜 一叶小舟"
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
TEXT_ENCODER = {
    "architectures": ["CLIPTextModel"],
    "vocab_size": 21128,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "hidden_act": "quick_gelu",
    "max_position_embeddings": 32,
}

# A process of its own: the peak is that of nothing but the install, torch's import included.
CHILD = """
import resource, sys, time
from pathlib import Path
from sd_chinese.cli import main
start = time.perf_counter()
code = main(sys.argv[1:])
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
status = Path("/proc/self/status").read_text(encoding="utf-8")
peak = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))
print(code, seconds, used.ru_utime + used.ru_stime, peak)
"""


def save(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Random, and tame enough that a picture has numbers in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: torch.randn(shape).mul_(0.02) for key, shape in shapes.items()}
    for key, tensor in tensors.items():
        if "norm" in key and key.endswith("weight"):
            tensor.add_(1)
    torch.save(tensors, path)


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
        "text_encoder/config.json": TEXT_ENCODER,
        "tokenizer/tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 32},
    }
    for name, content in configs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    shutil.copy(ROOT / "sd_chinese" / "data" / "bert_chinese.txt", folder / "tokenizer" / "vocab.txt")


@dataclass(frozen=True)
class Site:
    """What was published, and the data folder of a host that it was installed for."""

    repository: Path
    data: Path

    @property
    def placed(self) -> Path:
        return self.data / "models" / "Stable-diffusion" / f"{CARD_ID}.safetensors"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Written, copied to have a measure, and installed; removed at the end, as it has six gigabytes."""
    place = tmp_path_factory.mktemp("full")
    site = Site(place / "repository", place / "数据 data")
    try:
        write_repository(site.repository)
        install(site, copy_seconds(site.repository, place / "copy"))
        yield site
    finally:
        shutil.rmtree(place)


def install(site: Site, copied: float) -> None:
    sizes = {path: path.stat().st_size for path in weight_files(site.repository)}
    hub = Hub(repos={REPO: site.repository}, faults={"unet/diffusion_pytorch_model.bin": ["cut"]})
    with serving(hub):
        for path in sizes:
            hub.sha256(path)
        options = [
            "--models",
            str(site.data / "models"),
            "models",
            "install",
            CARD_ID,
            "--yes",
            "--proxy",
            "",
        ]
        command = [sys.executable, "-c", CHILD, *options, "--sources", "hf", "--address", f"hf={hub.url}"]
        variables = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command, cwd=ROOT, env=variables, check=True, stdout=subprocess.PIPE, encoding="utf-8"
        )
    code, seconds, cpu, peak = done.stdout.splitlines()[-1].split()
    assert code == "0" and "safety_checker" not in str(hub.asked)
    print(
        f"\n{sum(sizes.values()) / 1e9:.2f} GB, largest file {max(sizes.values()) / 1e9:.2f} GB: "
        f"peak memory / largest file {int(peak) / max(sizes.values()):.2f}, "
        f"install {float(seconds):.0f} s ({float(cpu):.0f} s of them computing), copying {copied:.1f} s"
    )


@pytest.mark.slow
def test_it_is_what_the_card_promises(site: Site) -> None:
    identity = identify(site.placed)
    assert (identity.kind, identity.family) == ("base", "sd1")
    assert identity.spec and identity.spec.context_length == 32
    assert not list(site.data.rglob("*.part")) and not list(site.data.rglob(".downloads/*/*"))


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_diffusers_loads_every_weight(site: Site, name: str, tmp_path: Path) -> None:
    """Its own loader of single files: equal but for the rounding."""
    diffusers = pytest.importorskip("diffusers")
    settings, config = CONFIGS[name], tmp_path / name
    model = getattr(diffusers, settings["_class_name"])
    with torch.device("meta"):
        model(**{key: value for key, value in settings.items() if key[0] != "_"}).save_config(config)
    loaded = model.from_single_file(str(site.placed), config=str(config), torch_dtype=torch.float16)
    state = loaded.state_dict()
    with open_weights(site.repository / name) as original:
        for key in original.header.tensors:
            new = key
            for today, old in OLD_NAMES.items():
                new = new.replace(f"attentions.0.{old}.", f"attentions.0.{today}.")
            expected = original.tensor(key).half()
            assert torch.equal(state.pop(new).reshape(expected.shape), expected), key
    assert not state


@pytest.mark.slow
@pytest.mark.skipif(A1111.folder is None, reason=f"set {A1111.variable} to a WebUI's folder")
def test_a1111_paints_with_it(site: Site) -> None:
    """The conditioning is what the publisher's own classes make of the published files."""
    start = time.perf_counter()
    with RealHost(A1111, site.data) as host:
        picture = host.draw(PROMPT, steps=1, width=64, height=64, cfg_scale=1)
        seconds = time.perf_counter() - start
        rows = host.rows()
        peak = host.run("result = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]")
        loaded = host.call("/sdapi/v1/options")["sd_model_checkpoint"]
        log = host.log
    assert "/sd_chinese/" not in log, log[-4000:]  # as a traceback of ours would say
    print(f"\nA1111: start, load and one step of 64 x 64 in {seconds:.0f} s, peak {int(peak) / 2**20:.1f} GB")
    assert CARD_ID in loaded and picture.pixels.shape == (64, 64, 3) and picture.pixels.std() > 0
    torch.testing.assert_close(rows, published_rows(site.repository), atol=2e-3, rtol=0)


def published_rows(repository: Path) -> torch.Tensor:
    """PAI-Diffusion's pipeline with transformers, on weights rounded as the install rounds them."""
    from transformers import BertTokenizer, CLIPTextConfig, CLIPTextModel

    model = CLIPTextModel(CLIPTextConfig(**{k: v for k, v in TEXT_ENCODER.items() if k != "architectures"}))
    with open_weights(repository / "text_encoder") as weights:
        state = {key: weights.tensor(key).half().float() for key in weights.header.tensors}
    names = {key.removeprefix("text_model."): key for key in model.state_dict()}
    model.load_state_dict({names[key.removeprefix("text_model.")]: value for key, value in state.items()})
    tokenizer = BertTokenizer.from_pretrained(repository / "tokenizer")
    ids = tokenizer(PROMPT, padding="max_length", max_length=32, return_tensors="pt").input_ids
    with torch.no_grad():
        rows: torch.Tensor = model.eval()(ids).last_hidden_state[0]
    return rows
