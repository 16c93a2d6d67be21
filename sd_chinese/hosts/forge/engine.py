"""The engine that reads prompts in a model of the host (`sd_model.text_processing_engine`).

What the host asks of it: backend/diffusion_engine/sd15.py (`clip_skip`, `process_texts`,
`get_target_prompt_token_count`, the call itself). The model's own `get_learned_conditioning` would load its unused CLIP
onto the device for every prompt, so that it is replaced as well, on this one model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.hosts.concepts import PromptTokenizer
from sd_chinese.hosts.forge import resident
from sd_chinese.hosts.forge.loras import TextLora, add_to, fits
from sd_chinese.text.chunks import Chunk, chunk_prompt
from sd_chinese.text.conditioner import Conditioner

if TYPE_CHECKING:
    from torch import Tensor

ENGINE = "text_processing_engine"
CONDITIONING = "get_learned_conditioning"
_HOSTS_OWN = "sdzh_hosts_engine"


class ChineseEngine:
    """A Chinese text encoder in the host's terms.

    Args:
        source: the file or folder that the encoder was read from.
        conditioner: on the host's offload device, in its text encoder's dtype.
    """

    def __init__(self, source: Path, conditioner: Conditioner) -> None:
        self.source = source
        self.spec = spec = conditioner.spec
        self.clip_skip = 1
        self.tokenizer = PromptTokenizer(
            spec, conditioner.tokenizer.vocabulary, lambda: self.embeddings.word_embeddings
        )
        self.embeddings = read_embeddings(self.tokenizer, spec.width)
        encoder = resident.settle(conditioner.encoder, spec)
        self.tokenizer.concepts.attach(encoder.transformer.get_input_embeddings())  # type: ignore[operator, union-attr]
        self._conditioner = Conditioner(encoder, self.tokenizer, spec)
        self._bare = self._patcher = resident.move_in(encoder)
        self._worn: Sequence[TextLora] = ()

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Shape: (texts, context_length x contexts, context_width)."""
        import torch
        from backend import memory_management

        emphasis = _emphasis()
        self.tokenizer.concepts.clear()
        with torch.inference_mode():
            memory_management.load_model_gpu(self._patcher)
            self._conditioner.forget()  # LoRA change weights unseen, and the host keeps conditioning itself
            found = self._conditioner(
                texts,
                negative=getattr(texts, "is_negative_prompt", False),
                emphasis=emphasis,
                clip_skip=min(self.clip_skip, self.spec.layers),
            )
        self._say_in_infotext(texts, emphasis)
        return found.crossattn

    def process_texts(self, texts: Sequence[str]) -> tuple[list[list[Chunk]], int]:
        """The contexts of each text, and the longest text's tokens."""
        markup = _emphasis() != "None"
        chunks = [chunk_prompt(text, self.tokenizer, self.spec, markup=markup) for text in texts]
        counts = (self._conditioner.count(text, emphasis=_emphasis()).used for text in texts)
        return chunks, max(counts, default=0)

    def get_target_prompt_token_count(self, token_count: int) -> int:
        """The tokens that the contexts of such a prompt hold."""
        room = self.spec.context_length - 2
        return -(-max(token_count, 1) // room) * room

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, without start and end."""
        return [self.tokenizer.name_ids(text) for text in texts]

    def wear(self, loras: Sequence[TextLora]) -> Sequence[TextLora]:
        """Apply the text parts of a request's LoRA that were made for this encoder, and return the others."""
        fitting = [lora for lora in loras if fits(lora, self.spec, self._conditioner.encoder)]
        if [lora.identity for lora in fitting] != [lora.identity for lora in self._worn]:
            self._worn = fitting
            self._patcher = self._bare.clone()  # the host loads a patcher that it has not seen
            for lora in fitting:
                add_to(self._patcher, lora)
        return [lora for lora in loras if lora not in fitting]

    def _say_in_infotext(self, texts: Sequence[str], emphasis: str) -> None:
        """What the host's own engine says there."""
        from backend.text_processing import classic_engine

        said = classic_engine.last_extra_generation_params
        if emphasis != "Original" and any(mark in text for text in texts for mark in "([（［"):
            said["Emphasis"] = emphasis
        names = [name.replace(":", "").replace(",", "") for name in self.tokenizer.concepts.used]
        if names:
            said["TI"] = ", ".join(filter(None, [said.get("TI"), *names]))

    def leave(self) -> None:
        resident.move_out(self._patcher)


def read_embeddings(tokenizer: PromptTokenizer, width: int) -> Any:
    """The host's database of the embeddings in its folder that are this wide.

    Source: backend/text_processing/classic_engine.py, `ClassicTextProcessingEngine`.
    """
    from backend.args import dynamic_args
    from backend.text_processing.textual_inversion import EmbeddingDatabase

    def ids_of(names: Sequence[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [tokenizer.name_ids(name) for name in names]}

    database = EmbeddingDatabase(ids_of, width)
    if folder := dynamic_args.get("embedding_dir"):
        database.add_embedding_dir(folder)
        database.load_textual_inversion_embeddings()
    return database


def attach(model: Any, engine: ChineseEngine) -> None:
    """Let an engine read the model's prompts until `detach`."""
    detach(model)
    setattr(model, _HOSTS_OWN, getattr(model, ENGINE))
    setattr(model, ENGINE, engine)
    setattr(model, CONDITIONING, engine)
    model.current_lora_hash = ""  # the host applies a request's LoRA anew


def detach(model: Any) -> None:
    """Give the model its own engine back."""
    engine = attached(model)
    if engine is None:
        return
    engine.leave()
    setattr(model, ENGINE, vars(model).pop(_HOSTS_OWN))
    delattr(model, CONDITIONING)
    model.current_lora_hash = ""


def attached(model: Any) -> ChineseEngine | None:
    """Our engine in this model."""
    engine = getattr(model, ENGINE, None)
    return engine if isinstance(engine, ChineseEngine) else None


def _emphasis() -> str:
    from modules import shared

    return getattr(shared.opts, "emphasis", "Original")
