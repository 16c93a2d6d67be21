"""Tensors on disk: one way to look into every kind of weight file, and one way to write one.

`read_header` tells names, shapes and metadata without importing torch; `open_weights` reads single tensors by
seeking; `write_safetensors` streams. Read are safetensors, torch archives (zip, and the older sequence of
pickles) and sharded folders. Pickles are never executed (see :mod:`sd_chinese.weights_io.torch_pickle`).
"""

from __future__ import annotations

from sd_chinese.weights_io.safetensors_file import TensorSource, write_safetensors
from sd_chinese.weights_io.tensors import DTYPES, Header, TensorInfo
from sd_chinese.weights_io.weights import Weights, find_weights, open_weights, read_header

__all__ = [
    "DTYPES",
    "Header",
    "TensorInfo",
    "TensorSource",
    "Weights",
    "find_weights",
    "open_weights",
    "read_header",
    "write_safetensors",
]
