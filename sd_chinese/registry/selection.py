"""Which files of a repository a model needs: one copy of each network, the smaller one, and what describes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.card import Card, Source, SourceFile
from sd_chinese.registry.download import Digest, RemoteFile

# Kind -> folders of the repository that hold a network; "" is its root. Safety checkers and image encoders are none.
_NETWORKS = {
    "base": ("unet", "vae", "text_encoder"),
    "encoder": ("text_encoder",),
    "lora": ("",),
    "controlnet": ("",),
}
# Folders that describe them.
_BESIDE = {"base": ("", "scheduler", "tokenizer"), "encoder": ("", "tokenizer"), "lora": (), "controlnet": ()}
# Configurations and vocabularies.
_PLAIN = (".json", "vocab.txt", "merges.txt", ".model")
_PLAIN_LIMIT = 32 << 20
# Networks by the names that libraries give them, then by any name; the best first. Half precision comes before the
# format: it is what will be installed, and no pickle is run in either.
_STEM = "(model|diffusion_pytorch_model|pytorch_model|pytorch_lora_weights|adapter_model)"
_WEIGHTS = tuple(
    re.compile(form)
    for form in (
        rf"{_STEM}\.fp16\.safetensors",
        rf"{_STEM}\.fp16\.bin",
        rf"{_STEM}\.safetensors",
        rf"{_STEM}-\d+-of-\d+\.safetensors",
        rf"{_STEM}\.bin",
        rf"{_STEM}-\d+-of-\d+\.bin",
        r".+\.safetensors",
        r".+\.(ckpt|bin|pt|pth)",
    )
)
# Never wanted, whatever else is there: other libraries' copies and what only training needs.
_NEVER = re.compile(r".*non_ema.*|(flax|tf|rust|openvino|optimizer|training|random_states|scheduler)[_.].*")


def choose_files(listed: Iterable[RemoteFile], card: Card, source: Source) -> list[RemoteFile]:
    """The files that ``card`` needs of what a source lists, under their paths from ``source.folder`` on.

    Raises:
        SourceError: ``source_lacks``: a network is not there; ``source_changed``: the card knows a file otherwise.
    """
    files = _narrowed(listed, source)
    folders = _NETWORKS[card.kind]
    if card.kind == "base" and not any(file.path.startswith("unet/") for file in files):
        folders = ("",)  # one file that holds all
    elif card.kind == "encoder" and not any(file.path.startswith("text_encoder/") for file in files):
        folders = ("",)
    chosen = [file for file in files if _is_plain(file, (*folders, *_BESIDE[card.kind]))]
    for folder in folders:
        network = _network(files, folder)
        if not network:
            raise SourceError("source_lacks", id=card.id, part=folder or card.kind)
        chosen += network
    known = {file.path: file for file in source.files}
    return [_agreed(file, known[file.path]) if file.path in known else file for file in chosen]


def _narrowed(listed: Iterable[RemoteFile], source: Source) -> list[RemoteFile]:
    prefix = f"{source.folder.strip('/')}/" if source.folder else ""
    below = [
        replace(file, path=file.path.removeprefix(prefix)) for file in listed if file.path.startswith(prefix)
    ]
    patterns = source.needed or ("*",)
    return [file for file in below if any(fnmatchcase(file.path, pattern) for pattern in patterns)]


def _is_plain(file: RemoteFile, folders: Sequence[str]) -> bool:
    folder, _, name = file.path.rpartition("/")
    small = (file.size or 0) <= _PLAIN_LIMIT
    return folder in folders and small and name.endswith(_PLAIN) and ".index." not in name


def _network(files: Sequence[RemoteFile], folder: str) -> list[RemoteFile]:
    """The weights in one folder: a file, or all shards of a set and their index."""
    here = {}
    for file in files:
        place, _, name = file.path.rpartition("/")
        if place == folder and not _NEVER.fullmatch(name):
            here[name] = file
    for form in _WEIGHTS:
        found = [name for name in here if form.fullmatch(name)]
        if not found:
            continue
        if "of" not in form.pattern:  # several files of any name: the smallest, which is the pruned one
            return [here[min(found, key=lambda name: here[name].size or 0)]]
        index = re.sub(r"-\d+-of-\d+", "", found[0]) + ".index.json"
        if index in here:
            return [here[name] for name in (*found, index)]
    return []


def _agreed(file: RemoteFile, known: SourceFile) -> RemoteFile:
    """The file as the source lists it, with what the card knows of it."""
    digest = Digest("sha256", known.sha256) if known.sha256 else None
    listed = file.digest if file.digest and file.digest.algorithm == "sha256" else None
    if (None not in (known.size, file.size) and known.size != file.size) or (
        digest and listed and digest != listed
    ):
        raise SourceError("source_changed", path=file.path)
    return replace(file, size=known.size if file.size is None else file.size, digest=digest or file.digest)
