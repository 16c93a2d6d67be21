"""What was put down by hand: told by its content, converted into its own folder, the original left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Stop
from sd_chinese.registry.identify import identify
from sd_chinese.registry.scan import scan
from sd_chinese.weights_io import open_weights
from sd_chinese.workflows.adopt_model import adopt_model, propose
from sd_chinese.workflows.library import Library
from sd_chinese.workflows.remove_model import remove_model
from sd_chinese.workflows.verify_model import verify_model
from tests.registry.conftest import WEIGHTS


def quiet(event: Progress) -> None:
    pass


def pickled_lora(path: Path) -> Path:
    """As PAI publishes it: `.bin`, which no host lists."""
    with open_weights(WEIGHTS / "lora-ink") as weights:
        tensors = {key: weights.tensor(key) for key in weights.header.tensors}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(tensors, path)
    return path


def test_what_lies_in_the_hosts_folders_is_offered(library: Library) -> None:
    base, lora = library.host.folder("base"), library.host.folder("lora")
    shutil.copytree(WEIGHTS / "base", base / "水墨")
    pickled_lora(lora / "poem.bin")
    shutil.copytree(WEIGHTS / "base" / "text_encoder", lora / "lost")
    offers = {
        found.path.name: propose(found, kind)
        for kind in ("base", "lora")
        for found in scan([library.host.folder(kind)])
    }
    codes = {name: (offer.kind, offer.reason.code) for name, offer in offers.items() if offer}
    assert codes == {
        "水墨": ("base", "adopt_folder"),
        "poem.bin": ("lora", "adopt_file"),
        "lost": ("encoder", "adopt_encoder"),
    }
    for path in (base / "水墨", lora / "poem.bin"):
        record = adopt_model(path, library, quiet, Stop())
        placed = library.place(record)
        assert placed.suffix == ".safetensors" and path.exists()
        (found,) = [each for each in scan([placed.parent]) if each.path == placed]
        assert propose(found, record.kind) is None  # nothing is left to do
        assert identify(placed).kind == record.kind
    assert [each.state for each in verify_model([], library, quiet, Stop())] == ["intact", "intact"]
    for name in ("水墨", "poem"):
        remove_model(name, library)
    assert sorted(path.name for path in (*base.iterdir(), *lora.iterdir())) == ["lost", "poem.bin", "水墨"]


def test_a_lora_in_the_folder_of_checkpoints(library: Library) -> None:
    folder = library.host.folder("base")
    source = adopt_model(WEIGHTS / "lora-ink", library, quiet, Stop())
    folder.mkdir(parents=True)
    strayed = library.place(source).rename(folder / "ink.safetensors")
    (found,) = scan([folder])
    offer = propose(found, "base")
    assert offer and (offer.kind, offer.reason.code) == ("lora", "adopt_misplaced")
    assert library.place(adopt_model(strayed, library, quiet, Stop())).parent == library.host.folder("lora")


@pytest.mark.parametrize("stage", ["convert", "place"])
def test_cancelling_leaves_nothing(library: Library, stage: str) -> None:
    stop = Stop()

    def report(event: Progress) -> None:
        if event.stage == stage:
            stop.set()
        stop.check()

    for source in ("lora-ink", "base/text_encoder"):
        with pytest.raises(SdzhError) as caught:
            adopt_model(WEIGHTS / source, library, report, stop)
        assert caught.value.code == "cancelled"
        stop = Stop()
    left = [
        path
        for path in library.host.folder("base").parent.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    ]
    assert [path.name for path in left] in ([], ["installed.json"]) and library.ledger.read() == {}
