"""Of the repositories as they are published, only what is needed; nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.card import Card, Licence, Source, SourceFile, Words
from sd_chinese.registry.download import Digest, RemoteFile
from sd_chinese.registry.selection import choose_files

W = Words("甲", "a")
HASH = "0" * 64
# File names and sizes in the order of the published lists.
PAI = """
.gitattributes README.md model_index.json feature_extractor/preprocessor_config.json safety_checker/config.json
safety_checker/pytorch_model.bin:1220 scheduler/scheduler_config.json text_encoder/config.json
text_encoder/pytorch_model.bin:405 tokenizer/special_tokens_map.json tokenizer/tokenizer_config.json
tokenizer/vocab.txt unet/config.json unet/diffusion_pytorch_model.bin:3440 vae/config.json
vae/diffusion_pytorch_model.bin:335
"""
TWINS = """
model_index.json unet/config.json unet/diffusion_pytorch_model.bin:3440 unet/diffusion_pytorch_model.fp16.bin:1720
unet/diffusion_pytorch_model.fp16.safetensors:1720 unet/diffusion_pytorch_model.safetensors:3440
unet/diffusion_pytorch_model.non_ema.safetensors:3440 vae/diffusion_pytorch_model.bin:335
vae/diffusion_pytorch_model.safetensors:335 text_encoder/pytorch_model.fp16.bin:200 text_encoder/model.safetensors:400
text_encoder/flax_model.msgpack:400 v1-5-pruned.ckpt:7700 v1-5-pruned-emaonly.safetensors:4200
"""
SHARDS = """
unet/diffusion_pytorch_model.safetensors.index.json unet/diffusion_pytorch_model-00001-of-00002.safetensors:5000
unet/diffusion_pytorch_model-00002-of-00002.safetensors:2000 unet/diffusion_pytorch_model.bin.index.json
vae/diffusion_pytorch_model.safetensors text_encoder/model.safetensors
"""
SINGLE = "README.md model.ckpt.yaml taiyi.ckpt:8000 taiyi-pruned.ckpt:4000 vocab.txt optimizer.pt:9000 scheduler.bin:1"
NESTED = (
    "v1/unet/config.json v1/unet/diffusion_pytorch_model.bin v1/vae/model.bin v1/text_encoder/model.bin x.bin"
)
ADDON = "README.md config.json diffusion_pytorch_model.bin:1450 training_args.bin:1 optimizer.bin:3000"
LORA = "README.md pytorch_lora_weights.bin:102 sample.png random_states_0.pkl"


def listing(text: str) -> list[RemoteFile]:
    pairs = (word.partition(":") for word in text.split())
    return [RemoteFile(path, f"http://x/{path}", int(size or 1)) for path, _, size in pairs]


def card(kind: str) -> Card:
    return Card("x", kind, W, W, "p", Licence("MIT", "yes"), ())


def chosen(text: str, kind: str, **source: object) -> set[str]:
    files = choose_files(listing(text), card(kind), Source("hf", repo="a/b", **source))  # type: ignore[arg-type]
    return {file.path for file in files}


def test_a_pai_repository() -> None:
    assert chosen(PAI, "base") == {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/pytorch_model.bin",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.txt",
        "unet/config.json",
        "unet/diffusion_pytorch_model.bin",
        "vae/config.json",
        "vae/diffusion_pytorch_model.bin",
    }


def test_of_twins_the_half_precision_one_and_safetensors() -> None:
    assert chosen(TWINS, "base") == {
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/pytorch_model.fp16.bin",
    }


def test_shards_come_together_with_their_index() -> None:
    unet = {name for name in chosen(SHARDS, "base") if name.startswith("unet/")}
    stem = "unet/diffusion_pytorch_model"
    assert unet == {
        f"{stem}.safetensors.index.json",
        f"{stem}-00001-of-00002.safetensors",
        f"{stem}-00002-of-00002.safetensors",
    }


def test_a_single_checkpoint_and_its_vocabulary() -> None:
    assert chosen(SINGLE, "base") == {"taiyi-pruned.ckpt", "vocab.txt"}


def test_a_model_in_a_folder_of_the_repository() -> None:
    names = chosen(NESTED, "base", folder="v1")
    assert names == {
        "unet/config.json",
        "unet/diffusion_pytorch_model.bin",
        "vae/model.bin",
        "text_encoder/model.bin",
    }
    files = choose_files(listing(NESTED), card("base"), Source("hf", repo="a/b", folder="v1"))
    assert all(file.url == f"http://x/v1/{file.path}" for file in files)


def test_add_ons() -> None:
    assert chosen(ADDON, "controlnet") == {"config.json", "diffusion_pytorch_model.bin"}
    assert chosen(LORA, "lora") == {"pytorch_lora_weights.bin"}


@pytest.mark.parametrize("needed", [(), ("text_encoder/*", "tokenizer/*")])
def test_an_encoder_alone(needed: tuple[str, ...]) -> None:
    names = chosen(PAI, "encoder", needed=needed)
    assert {name for name in names if "/" in name} == {
        "text_encoder/config.json",
        "text_encoder/pytorch_model.bin",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.txt",
    }


def test_a_missing_network_is_told() -> None:
    with pytest.raises(SourceError) as caught:
        chosen("unet/diffusion_pytorch_model.bin vae/diffusion_pytorch_model.bin", "base")
    assert caught.value.code == "source_lacks" and "text_encoder" in caught.value.en
    for kind in ("base", "lora", "controlnet", "encoder"):
        with pytest.raises(SourceError):
            chosen("README.md safety_checker/model.safetensors optimizer.bin", kind)


def test_what_the_card_knows_must_agree() -> None:
    known = SourceFile("pytorch_lora_weights.bin", 102, HASH)
    source = Source("hf", repo="a/b", files=(known,))
    (file,) = choose_files(listing(LORA), card("lora"), source)
    assert file.digest == Digest("sha256", HASH)
    other = replace(listing(LORA)[1], digest=Digest("sha256", "1" * 64))
    for listed in ([other], [replace(other, size=103, digest=None)]):
        with pytest.raises(SourceError) as caught:
            choose_files(listed, card("lora"), source)
        assert caught.value.code == "source_changed"
    (filled,) = choose_files([replace(other, size=None, digest=None)], card("lora"), source)
    assert (filled.size, filled.digest) == (102, Digest("sha256", HASH))
