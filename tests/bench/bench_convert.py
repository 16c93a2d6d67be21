"""What converting a diffusers folder costs: peak memory against its largest file, time against copying the bytes.

Run ``python tests/bench/bench_convert.py [FOLDER]``. Ratios within one run; without a folder, a full-size one is made
of random fp32 pickles as PAI-Diffusion publishes them (4.2 GB, removed afterwards; a second as much must be free).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
KEYS = ROOT / "tests" / "keys"
CHUNK = 16 << 20
ROUNDS = 3

# A process of its own: the peak is that of nothing but the conversion, torch's import included.
CHILD = """
import sys, time
from pathlib import Path
import torch
from sd_chinese.convert.checkpoint import convert_base_to_ldm
start = time.perf_counter()
convert_base_to_ldm(Path(sys.argv[1]), Path(sys.argv[2]), dtype=sys.argv[3])
seconds = time.perf_counter() - start
status = Path("/proc/self/status").read_text(encoding="utf-8")
peak = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))
print(seconds, peak)
"""


def encoder_shapes(positions: int = 77) -> dict[str, tuple[int, ...]]:
    """Names and shapes of PAI's text encoder, full size."""
    import torch
    import transformers

    config = transformers.CLIPTextConfig(
        vocab_size=21128,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=positions,
    )
    with torch.device("meta"):
        state = transformers.CLIPTextModel(config).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def write_folder(folder: Path) -> None:
    """SD1.5's UNet and autoencoder and PAI's encoder, full size, random."""
    import torch

    parts = {
        "unet/diffusion_pytorch_model.bin": key_list("sd1_unet"),
        "vae/diffusion_pytorch_model.bin": key_list("vae"),
        "text_encoder/pytorch_model.bin": encoder_shapes(),
    }
    for name, shapes in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        torch.save({key: torch.randn(shape) for key, shape in shapes.items()}, path)
    content = {"architectures": ["CLIPTextModel"], "num_attention_heads": 12, "hidden_act": "quick_gelu"}
    (folder / "text_encoder" / "config.json").write_text(json.dumps(content), encoding="utf-8")


def key_list(name: str) -> dict[str, tuple[int, ...]]:
    pairs = json.loads((KEYS / f"{name}.json").read_text(encoding="utf-8"))
    return {diffusers: tuple(shape) for diffusers, shape in pairs.values()}


def weight_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".bin", ".safetensors")]


def copy_seconds(folder: Path, out: Path) -> float:
    """Read and write the same bytes, in plain chunks: a file system's own clone would copy nothing."""
    settle()
    start = time.perf_counter()
    with out.open("wb") as target:
        for path in weight_files(folder):
            with path.open("rb") as source:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
    seconds = time.perf_counter() - start
    out.unlink()
    return seconds


def convert(folder: Path, out: Path, dtype: str) -> tuple[float, int]:
    settle()
    command = [sys.executable, "-c", CHILD, str(folder), str(out), dtype]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    out.unlink()
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


def settle() -> None:
    """What was written before is not this measurement's to write."""
    if hasattr(os, "sync"):
        os.sync()


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(place) / "model"
        if len(sys.argv) == 1:
            write_folder(folder)
        sizes = [path.stat().st_size for path in weight_files(folder)]
        out = Path(place) / "out.safetensors"
        print(f"folder {sum(sizes) / 1e9:.2f} GB, largest file {max(sizes) / 1e9:.2f} GB", flush=True)
        copied: list[float] = []
        converted: dict[str, list[tuple[float, int]]] = {"float16": [], "float32": []}
        # In turns, and the fastest of each: what else the machine and its disk do can only slow them down.
        for _ in range(ROUNDS):
            copied.append(copy_seconds(folder, out))
            for dtype, runs in converted.items():
                runs.append(convert(folder, out, dtype))
        print(f"copying {min(copied):.1f} s")
        for dtype, runs in converted.items():
            seconds, peak = min(runs)
            print(
                f"{dtype}: peak memory / largest file {peak / max(sizes):.2f} (bound 1.25), "
                f"time / copying {seconds / min(copied):.2f} (bound 2)"
            )


if __name__ == "__main__":
    main()
