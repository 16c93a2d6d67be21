"""Every family of encoders as a scale model: its publisher's classes, ids, context and mask over few, narrow layers.

A family writes its model as published (a diffusers folder) and runs it as published (`reference`). All weights are
random, so that nothing is downloaded and a wrong mask, layer or pad id shows.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor, nn

from sd_chinese.spec import bare_name
from sd_chinese.vocabulary import bundled_vocabulary, read_clip_bpe

TRANSFORMERS_5 = int(transformers.__version__.split(".")[0]) >= 5
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}


@dataclass(frozen=True)
class Family:
    """A scale model of one published encoder.

    Attributes:
        build: the publisher's module.
        tokenizer_files: what lies in its tokenizer folder.
        load_tokenizer: the publisher's tokenizer class over that folder.
        encode: the publisher's call.
        rows: rows that reach the UNet.
        published: a tensor's name without levels -> its name in the publisher's folder.
        ldm: ... and in a single file.
        fill: a word that takes one id.
    """

    build: Callable[[], nn.Module]
    tokenizer_files: Callable[[], Mapping[str, bytes]]
    load_tokenizer: Callable[[Path], Callable[..., Any]]
    encode: Callable[[nn.Module, Mapping[str, Tensor]], Tensor]
    rows: int
    published: str = "{}"
    ldm: str = "cond_stage_model.transformer.{}"
    tokenizer_config: Mapping[str, object] = field(default_factory=dict)
    fill: str = "山"

    def write(self, folder: Path, model: nn.Module) -> Path:
        """The publisher's folder."""
        encoder, tokenizer = folder / "text_encoder", folder / "tokenizer"
        encoder.mkdir(parents=True)
        tokenizer.mkdir()
        config = json.loads(model.config.to_json_string(use_diff=False))
        config["architectures"] = [type(model).__name__]
        (encoder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        save_file(self.tensors(model, self.published), encoder / "model.safetensors")
        for name, data in self.tokenizer_files().items():
            (tokenizer / name).write_bytes(data)
        (tokenizer / "tokenizer_config.json").write_text(
            json.dumps(dict(self.tokenizer_config)), encoding="utf-8"
        )
        return folder

    def tensors(self, model: nn.Module, form: str) -> dict[str, Tensor]:
        """The model's state under another naming; heads of AltDiffusion stand beside the tower, not in it."""
        named = {bare_name(key): value.clone() for key, value in model.state_dict().items()}
        tower = ("embeddings.", "encoder.", "pooler.", "final_layer_norm.")
        outer = form.replace("roberta.", "")
        return {(form if key.startswith(tower) else outer).format(key): value for key, value in named.items()}

    def reference(self, model: nn.Module, tokenizer: Callable[..., Any], texts: list[str]) -> Tensor:
        """Shape: (texts, rows, width)."""
        inputs = tokenizer(
            texts, padding="max_length", max_length=self.rows, truncation=True, return_tensors="pt"
        )
        with torch.no_grad():
            return self.encode(model, inputs)


def randomize(model: nn.Module, seed: int = 0) -> nn.Module:
    """Weights large enough that every part of the model matters."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator) * 0.1
        parameter.data = noise + 1 if "norm" in name.lower() and name.endswith("weight") else noise
    return model.eval().requires_grad_(False)


# --- vocabularies ---------------------------------------------------------------------------------


def chinese_vocabulary() -> dict[str, bytes]:
    return {"vocab.txt": bundled_vocabulary().data}


def multilingual_vocabulary() -> dict[str, bytes]:
    """As many words as SkyPaint's, the Chinese ones first."""
    words = bundled_vocabulary().words
    more = [f"##filler{i}" for i in range(105879 - len(words))]
    return {"vocab.txt": "\n".join([*words, *more]).encode() + b"\n"}


@lru_cache(maxsize=1)
def clip_vocabulary() -> Mapping[str, bytes]:
    """A byte BPE of CLIP's size: all pairs of the bytes that Chinese and Latin text are made of."""
    symbols = read_clip_bpe(b"").words[:256]
    seconds = [second + end for end in ("</w>", "") for second in symbols]
    pairs = [f"{first} {second}" for first, second in product(symbols, seconds)]
    merges = "\n".join(["#version: 0.2", *pairs[: 49408 - 514]]).encode()
    words = read_clip_bpe(merges).ids()
    return {"merges.txt": merges, "vocab.json": json.dumps(words).encode()}


@lru_cache(maxsize=1)
def sentencepiece_vocabulary() -> Mapping[str, bytes]:
    """A unigram model with XLM-RoBERTa's normalization, trained on a page of text."""
    characters = "".join(word for word in bundled_vocabulary().words if len(word) == 1)
    sentences = [
        "月夜，一叶小舟，远山，水墨画。",
        "飞流直下三千尺，疑是银河落九天。",
        "a photo of a girl in a red dress, masterpiece, best quality, 4k wallpaper",
        "穿着红色连衣裙的少女站在樱花树下，阳光明媚",
        *(characters[i : i + 40] for i in range(0, len(characters), 40)),
    ]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences * 2),
        model_writer=model,
        vocab_size=9000,
        hard_vocab_limit=False,
        character_coverage=0.999,
        minloglevel=2,
    )
    return {"sentencepiece.bpe.model": model.getvalue()}


# --- the publishers' classes ----------------------------------------------------------------------


def bert_tokenizer(folder: Path) -> Callable[..., Any]:
    # By position: transformers 5 ignores the keyword `vocab_file`.
    return transformers.BertTokenizer(str(folder / "vocab.txt"))


def clip_tokenizer(folder: Path) -> Callable[..., Any]:
    # The slow one of transformers 4 gives Chinese other ids with and without ftfy; the fast one is version 5's.
    cls = transformers.CLIPTokenizer if TRANSFORMERS_5 else transformers.CLIPTokenizerFast
    return cls(str(folder / "vocab.json"), str(folder / "merges.txt"))


def xlmr_tokenizer(folder: Path) -> Callable[..., Any]:
    if TRANSFORMERS_5:
        return transformers.XLMRobertaTokenizer.from_pretrained(str(folder), local_files_only=True)
    return transformers.XLMRobertaTokenizer(str(folder / "sentencepiece.bpe.model"))


def miaobi_tokenizer(folder: Path) -> Callable[..., Any]:
    """MiaoBi's rule: BERT's ids between CLIP's marks, padded with 0."""
    bert = bert_tokenizer(folder)

    def tokenize(texts: list[str], *, max_length: int, **_: object) -> dict[str, Tensor]:
        ids = torch.zeros(len(texts), max_length, dtype=torch.long)
        for row, text in zip(ids, texts, strict=True):
            words = bert(text, add_special_tokens=False)["input_ids"][: max_length - 2]
            row[: len(words) + 2] = torch.tensor([49406, *words, 49407])
        return {"input_ids": ids}

    return tokenize


def clip_tower(**config: Any) -> nn.Module:
    return transformers.CLIPTextModel(transformers.CLIPTextConfig(**{**SIZES, **config}))


def taiyi_tower() -> nn.Module:
    return transformers.BertModel(transformers.BertConfig(vocab_size=21128, **SIZES))


def chinese_clip_tower() -> nn.Module:
    config = transformers.models.chinese_clip.ChineseCLIPTextConfig(vocab_size=21128, **SIZES)
    model = transformers.models.chinese_clip.ChineseCLIPTextModel(config)
    model.pooler = None  # as ModelScope's pipeline does
    return model


class RobertaSeries(nn.Module):
    """diffusers' RobertaSeriesModelWithTransformation by its rule, for environments without diffusers."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.roberta = transformers.XLMRobertaModel(config)
        self.transformation = nn.Linear(config.hidden_size, config.project_dim)
        if config.has_pre_transformation:
            self.transformation_pre = nn.Linear(config.hidden_size, config.project_dim)
            self.pre_LN = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor]:
        output = self.roberta(input_ids, attention_mask=attention_mask, output_hidden_states=True)
        if self.config.has_pre_transformation:
            return (self.transformation_pre(self.pre_LN(output.hidden_states[-2])),)
        return (self.transformation(output.last_hidden_state),)


def alt_tower(*, project_dim: int, pre: bool) -> nn.Module:
    words = 2 + sentencepiece_words()
    sizes = {
        **SIZES,
        "vocab_size": words,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "pad_token_id": 1,
    }
    try:
        from diffusers.pipelines.deprecated.alt_diffusion import modeling_roberta_series as series
    except ImportError:
        config = transformers.XLMRobertaConfig(**sizes)
        config.project_dim, config.has_pre_transformation = project_dim, pre
        return RobertaSeries(config)
    config = series.RobertaSeriesConfig(project_dim=project_dim, **sizes)
    config.has_pre_transformation = pre
    return series.RobertaSeriesModelWithTransformation(config)


def sentencepiece_words() -> int:
    data = sentencepiece_vocabulary()["sentencepiece.bpe.model"]
    return len(sentencepiece.SentencePieceProcessor(model_proto=data))


def ids_only(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    return model(inputs["input_ids"])[0]


def with_mask(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    return model(inputs["input_ids"], attention_mask=inputs["attention_mask"])[0]


def with_all(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    return model(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        token_type_ids=inputs["token_type_ids"],
    )[0]


CLIP_FORMS = {"published": "text_model.{}", "ldm": "cond_stage_model.transformer.text_model.{}"}
ALT_FORMS = {"published": "roberta.{}", "ldm": "cond_stage_model.roberta.{}", "fill": "月"}

FAMILIES = {
    "PAI-Diffusion, 32 rows": Family(
        build=lambda: clip_tower(vocab_size=21128, max_position_embeddings=32, layer_norm_eps=1e-7),
        tokenizer_files=chinese_vocabulary,
        load_tokenizer=bert_tokenizer,
        encode=ids_only,
        rows=32,
        tokenizer_config={"model_max_length": 32},
        **CLIP_FORMS,
    ),
    "PAI-Diffusion, 77 rows": Family(
        build=lambda: clip_tower(vocab_size=21128),
        tokenizer_files=chinese_vocabulary,
        load_tokenizer=bert_tokenizer,
        encode=ids_only,
        rows=77,
        **CLIP_FORMS,
    ),
    "Taiyi v0.1, svjack": Family(
        build=taiyi_tower,
        tokenizer_files=chinese_vocabulary,
        load_tokenizer=bert_tokenizer,
        encode=ids_only,
        rows=512,
        tokenizer_config={"model_max_length": 512},
    ),
    "Taiyi zh-EN": Family(
        build=lambda: clip_tower(vocab_size=49408),
        tokenizer_files=clip_vocabulary,
        load_tokenizer=clip_tokenizer,
        encode=ids_only,
        rows=77,
        fill="a ",
        **CLIP_FORMS,
    ),
    "ModelScope zh-SD": Family(
        build=chinese_clip_tower,
        tokenizer_files=chinese_vocabulary,
        load_tokenizer=bert_tokenizer,
        encode=with_all,
        rows=52,
        tokenizer_config={"model_max_length": 512},
    ),
    "AltDiffusion, -m9": Family(
        build=lambda: alt_tower(project_dim=24, pre=False),
        tokenizer_files=sentencepiece_vocabulary,
        load_tokenizer=xlmr_tokenizer,
        encode=with_mask,
        rows=77,
        **ALT_FORMS,
    ),
    "AltDiffusion-m18": Family(
        build=lambda: alt_tower(project_dim=32, pre=True),
        tokenizer_files=sentencepiece_vocabulary,
        load_tokenizer=xlmr_tokenizer,
        encode=with_mask,
        rows=77,
        **ALT_FORMS,
    ),
    "SkyPaint": Family(
        build=lambda: clip_tower(vocab_size=105879),
        tokenizer_files=multilingual_vocabulary,
        load_tokenizer=bert_tokenizer,
        encode=ids_only,
        rows=77,
        **CLIP_FORMS,
    ),
    "MiaoBi": Family(
        build=lambda: clip_tower(vocab_size=49408),
        tokenizer_files=chinese_vocabulary,
        load_tokenizer=miaobi_tokenizer,
        encode=ids_only,
        rows=77,
        **CLIP_FORMS,
    ),
}
