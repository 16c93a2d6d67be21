"""The extension's command line flags; the WebUI reads them before it starts."""

from __future__ import annotations

import argparse


def preload(parser: argparse.ArgumentParser) -> None:
    """Add our flags to the host's."""
    parser.add_argument(
        "--sdzh-encoder-dir",
        type=str,
        default=None,
        help="folder of Chinese text encoders / 中文文本编码器所在文件夹 (models/SDZH-Encoder)",
    )
