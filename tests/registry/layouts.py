"""Hand-dropped models as their publishers laid them out: full shapes from `tests/keys`, and no weights.

`tests/keys/models.json` says for each card which lists its parts have and whether the keys are published or derived.
A file is a header in front of a hole: nothing but shapes is read, and the disk holds almost nothing.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEYS = Path(__file__).parents[1] / "keys"
Shapes = Mapping[str, tuple[int, ...]]
DTYPES = {"float16": ("F16", 2), "float32": ("F32", 4)}
MODELS: dict[str, dict[str, Any]] = json.loads((KEYS / "models.json").read_text(encoding="utf-8"))
# Attention of an autoencoder as diffusers 0.15 wrote it.
_OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def key_list(name: str, spelling: str = "diffusers", prefix: str = "") -> dict[str, tuple[int, ...]]:
    """A list of `tests/keys`: of networks in both spellings, of encoders and LoRA in the publisher's."""
    content: dict[str, Any] = json.loads((KEYS / f"{name}.json").read_text(encoding="utf-8"))
    shapes: dict[str, tuple[int, ...]] = {}
    for key, value in content.items():
        pair = value if value and isinstance(value[0], str) else [key, value]
        shapes[prefix + (key if spelling == "ldm" else pair[0])] = tuple(pair[1])
    return shapes


def part_shapes(part: Mapping[str, Any], spelling: str = "diffusers", prefix: str = "") -> Shapes:
    shapes = key_list(part["keys"], spelling, prefix)
    if not part.get("old_names") or spelling == "ldm":
        return shapes
    return {_old_name(name): shape for name, shape in shapes.items()}


def size(shapes: Shapes, dtype: str) -> int:
    """Bytes of the tensors, position ids aside: they are whole numbers."""
    return DTYPES[dtype][1] * sum(math.prod(s) for name, s in shapes.items() if "position_ids" not in name)


def write(
    path: Path, shapes: Shapes, metadata: Mapping[str, str] | None = None, dtype: str = "float16"
) -> Path:
    """A safetensors file of these shapes whose data is a hole in the file."""
    name, width = DTYPES[dtype]
    header: dict[str, Any] = {"__metadata__": dict(metadata or {})}
    offset = 0
    for key, shape in shapes.items():
        end = offset + width * math.prod(shape)
        header[key] = {"dtype": name, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)
    return path


def drop_folder(card_id: str, folder: Path) -> Path:
    """The folder that a user gets by downloading the card's repository by hand."""
    model = MODELS[card_id]
    if "lora" in model:
        return write(folder / "pytorch_lora_weights.safetensors", part_shapes(model["lora"])).parent
    if "controlnet" in model:
        write(folder / "diffusion_pytorch_model.safetensors", part_shapes(model["controlnet"]))
        (folder / "config.json").write_text("{}", encoding="utf-8")
        return folder
    for part, name in (
        ("unet", "diffusion_pytorch_model"),
        ("vae", "diffusion_pytorch_model"),
        ("text_encoder", "model"),
    ):
        write(folder / part / f"{name}.safetensors", part_shapes(model[part]), dtype=model["dtype"])
    (folder / "text_encoder" / "config.json").write_text(json.dumps(model["config"]), encoding="utf-8")
    write_vocabulary(folder / "tokenizer", model["vocabulary"])
    return folder


def drop_file(card_id: str, path: Path) -> Path:
    """The single LDM file of a base model, its tokenizer's folder beside it under its name."""
    model = MODELS[card_id]
    encoder = part_shapes(model["text_encoder"])
    roberta = any(name.startswith("roberta.") for name in encoder)
    shapes = {
        **part_shapes(model["unet"], "ldm", "model.diffusion_model."),
        **part_shapes(model["vae"], "ldm", "first_stage_model."),
        **{f"cond_stage_model.{'' if roberta else 'transformer.'}{k}": v for k, v in encoder.items()},
    }
    write_vocabulary(path.parent / path.stem, model["vocabulary"])
    return write(path, shapes)


def write_vocabulary(folder: Path, name: str) -> None:
    """As many words as the smallest vocabulary of its kind needs to be one; their number is not looked at here."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "vocab.txt":
        words = ["[PAD]", *(f"[unused{i}]" for i in range(1, 100)), "[UNK]", "[CLS]", "[SEP]", "[MASK]", "山"]
        (folder / name).write_text("\n".join(words) + "\n", encoding="utf-8")
    elif name == "merges.txt":
        (folder / name).write_text("#version: 0.2\ni n\nt h\n", encoding="utf-8")
    # SentencePiece: XLM-R's files are told by their tensors, the vocabulary is only needed to run them.


def _old_name(name: str) -> str:
    for new, old in _OLD_NAMES.items():
        name = name.replace(f".{new}.", f".{old}.")
    return name
