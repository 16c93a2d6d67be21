"""Weight files against torch.save and the safetensors library as judges; hostile and broken ones refused."""

from __future__ import annotations

import errno
import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import safetensors.torch
import torch

from sd_chinese.errors import SdzhError
from sd_chinese.weights_io import TensorSource, open_weights, read_header, write_safetensors


def sample() -> dict[str, torch.Tensor]:
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return OrderedDict(
        {
            "plain": torch.randn(3, 5),
            "half": torch.randn(2, 3).half(),
            "brain": torch.randn(7).bfloat16(),
            "ids": torch.arange(9).reshape(1, 9),
            "scalar": torch.tensor(3.5),
            "empty": torch.empty(0, 4),
            "whole": base,
            "shared_row": base[2],
            "transposed": base.t(),
            "flag": torch.tensor([True, False]),
        }
    )


def source(name: str, tensor: torch.Tensor, dtype: str | None = None) -> TensorSource:
    return TensorSource(name, tuple(tensor.shape), dtype or str(tensor.dtype)[6:], lambda: tensor)


def refusal(path: Path) -> SdzhError:
    with pytest.raises(SdzhError) as caught:
        read_header(path)
    return caught.value


def assert_same(path: Path, expected: dict[str, torch.Tensor]) -> None:
    header = read_header(path)
    assert {k: (v.shape, v.dtype) for k, v in header.tensors.items()} == {
        k: (tuple(v.shape), str(v.dtype)[6:]) for k, v in expected.items()
    }
    with open_weights(path) as weights:
        for name, tensor in expected.items():
            assert torch.equal(weights.tensor(name), tensor), name
            assert weights.tensor(name).is_contiguous()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "wrap", [lambda d: d, lambda d: {"state_dict": d, "epoch": 3, "optimizer": [{"lr": 1}]}]
)
def test_reads_what_torch_saved(tmp_path: Path, zipped: bool, wrap: Any) -> None:
    torch.save(wrap(sample()), tmp_path / "a.bin", _use_new_zipfile_serialization=zipped)
    assert_same(tmp_path / "a.bin", sample_like(tmp_path / "a.bin"))


def sample_like(path: Path) -> dict[str, torch.Tensor]:
    content = torch.load(path, weights_only=True)
    return content.get("state_dict", content)


def test_reads_nested_tensors_and_parameters(tmp_path: Path) -> None:
    inversion = {"string_to_param": {"*": torch.nn.Parameter(torch.ones(2, 4))}, "name": "水墨", "step": 10}
    torch.save(inversion, tmp_path / "a.pt")
    assert_same(tmp_path / "a.pt", {"string_to_param.*": torch.ones(2, 4)})


def test_reads_safetensors_of_the_library(tmp_path: Path) -> None:
    tensors = {k: v.clone().contiguous() for k, v in sample().items()}
    safetensors.torch.save_file(tensors, tmp_path / "a.safetensors", {"键": "值"})
    assert_same(tmp_path / "a.safetensors", tensors)
    assert read_header(tmp_path / "a.safetensors").metadata == {"键": "值"}


def test_the_library_reads_what_is_written(tmp_path: Path) -> None:
    tensors = sample()
    path = write_safetensors(
        tmp_path / "new" / "a.safetensors",
        [source(k, v) for k, v in tensors.items()] + [source("cast", torch.ones(3), "float16")],
        {"sdzh.card": "水墨"},
    )
    loaded = safetensors.torch.load_file(path)
    assert torch.equal(loaded.pop("cast"), torch.ones(3).half())
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[k], tensors[k]) for k in tensors)
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata() == {"sdzh.card": "水墨"}
    assert [p.name for p in path.parent.iterdir()] == ["a.safetensors"]


def test_a_header_length_may_look_like_a_pickle(tmp_path: Path) -> None:
    for padding in range(32):  # one of 32 lengths begins with the first byte of a pickle
        path = write_safetensors(
            tmp_path / "a.safetensors", [source("w", torch.ones(2))], {"x": "y" * (8 * padding)}
        )
        assert_same(path, {"w": torch.ones(2)})


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_reads_sharded_folders(tmp_path: Path, ending: str) -> None:
    tensors = {k: v.clone().contiguous() for k, v in sample().items()}
    halves = [dict(list(tensors.items())[:4]), dict(list(tensors.items())[4:])]
    stem = "model" if ending == "safetensors" else "pytorch_model"
    index = {}
    for number, half in enumerate(halves):
        name = f"{stem}-{number}.{ending}"
        (safetensors.torch.save_file if ending == "safetensors" else torch.save)(half, tmp_path / name)
        index.update(dict.fromkeys(half, name))
    index_path = tmp_path / f"{stem}.{ending}.index.json"
    index_path.write_text(json.dumps({"weight_map": index}), encoding="utf-8")
    assert_same(tmp_path, tensors)
    index_path.write_text(json.dumps({"weight_map": {"plain": "../a.bin"}}), encoding="utf-8")
    assert refusal(tmp_path).code == "weights_header"
    index_path.write_text(json.dumps({"weight_map": {"plain": index_path.name}}), encoding="utf-8")
    assert refusal(tmp_path).code == "weights_header"
    index_path.write_text(json.dumps({"weight_map": {"stranger": f"{stem}-0.{ending}"}}), encoding="utf-8")
    assert refusal(index_path).code == "weights_header"
    index_path.write_text(json.dumps({"weight_map": {"plain": "gone.bin"}}), encoding="utf-8")
    assert refusal(tmp_path).code == "weights_missing"


class Attack:
    """Pickles as a call of the given function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def attacks(target: Path) -> dict[str, Any]:
    import os

    payload = f"open({str(target)!r}, 'w', encoding='utf-8')"
    return {
        "system": Attack(os.system, f"echo > {target}"),
        "eval": Attack(eval, payload),
        "getattr": Attack(getattr, "x", "upper"),
        "nested": Attack(pickle.loads, pickle.dumps(Attack(eval, payload))),
        "torch_nested": Attack(torch.storage._load_from_bytes, b"x"),
        "import": Attack(__import__, "os"),
    }


NAMES = {
    "system": ".system",
    "eval": ".eval",
    "getattr": ".getattr",
    "nested": "pickle.loads",
    "torch_nested": "torch.storage._load_from_bytes",
    "import": ".__import__",
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("kind", ["system", "eval", "getattr", "nested", "torch_nested", "import"])
@pytest.mark.parametrize("zipped", [True, False])
def test_refuses_archives_that_run_code(tmp_path: Path, kind: str, zipped: bool, protocol: int) -> None:
    path, target = tmp_path / "evil.ckpt", tmp_path / "owned"
    content = {"state_dict": sample(), "callback": attacks(target)[kind]}
    torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    error = refusal(path)
    assert error.code == "pickle_unsafe"
    assert str(error.values["name"]).endswith(NAMES[kind])
    assert str(path) in error.zh and str(path) in error.en
    with pytest.raises(SdzhError), open_weights(path):
        pass
    assert not target.exists()


def test_refuses_bare_pickles(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(pickle.dumps(attacks(tmp_path / "owned")["eval"]))
    assert refusal(path).code == "pickle_unsafe"
    path.write_bytes(pickle.dumps({"plain": 1}))
    assert refusal(path).code == "pickle_foreign"


def raw_archive(
    path: Path, program: bytes, members: dict[str, bytes], method: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", program)
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_opens_what_trainers_leave_beside_the_weights(tmp_path: Path) -> None:
    """pytorch-lightning callbacks, numpy scalars and optimizer states stay names; nothing is imported."""
    numpy = pytest.importorskip("numpy")
    buffer = io.BytesIO()
    torch.save({"state_dict": {"w": torch.ones(2)}, "loss": numpy.float64(1.5), "seen": {1, 2}}, buffer)
    archive = zipfile.ZipFile(buffer)
    name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
    root = name[: -len("data.pkl")]
    callback = (
        b"cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n)\x81}X\x01\x00\x00\x00aK\x01sb"
    )
    program = archive.read(name)
    # Push the callback first and drop it again: the rest of the program is torch's own.
    program = program[:2] + callback + b"0" + program[2:]
    path = raw_archive(tmp_path / "a.ckpt", program, {"archive/data/0": archive.read(f"{root}data/0")})
    assert_same(path, {"w": torch.ones(2)})


def _program(shape: tuple[int, ...], stride: tuple[int, ...], offset: int, key: str, numel: int) -> bytes:
    """A state dict of one float32 tensor, written opcode by opcode."""

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", v) for v in values) + b"t"

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu")
    storage += b"\x8a\x08" + struct.pack("<q", numel) + b"tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"\x8a\x08" + struct.pack("<q", offset)
    tensor += numbers(shape) + numbers(stride) + b"\x89}tR"
    return b"\x80\x02}" + text("w") + tensor + b"s."


@pytest.mark.parametrize(
    ("shape", "stride", "offset", "key"),
    [
        ((4,), (1,), 1, "0"),  # past the end of the storage
        ((2, 2), (1,), 0, "0"),  # ranks disagree
        ((2**40, 2**40), (0, 0), 0, "0"),  # a small storage blown up
        ((-4,), (1,), 0, "0"),
        ((2,), (-1,), 3, "0"),
        ((2,), (1,), -2, "0"),
        ((4,), (1,), 0, "../../secret"),
    ],
)
def test_refuses_views_that_do_not_fit(
    tmp_path: Path, shape: Any, stride: Any, offset: int, key: str
) -> None:
    good = raw_archive(tmp_path / "good.pt", _program((4,), (1,), 0, "0", 4), {"archive/data/0": b"\0" * 16})
    assert_same(good, {"w": torch.zeros(4)})
    members = {"archive/data/0": b"\0" * 16, "../secret": b"\0" * 16}
    bad = raw_archive(tmp_path / "bad.pt", _program(shape, stride, offset, key, 4), members)
    assert refusal(bad).code == "pickle_foreign"


def test_refuses_compressed_members(tmp_path: Path) -> None:
    """torch stores; a deflated member may be a bomb and cannot be sought."""
    members = {"archive/data/0": b"\0" * 10_000_000}
    program = _program((4,), (1,), 0, "0", 4)
    assert (
        refusal(raw_archive(tmp_path / "a.pt", program, members, zipfile.ZIP_DEFLATED)).code
        == "pickle_foreign"
    )


def test_a_shared_tuple_as_key_does_not_explode(tmp_path: Path) -> None:
    doubling = b"N0" + b"K\x01" + b"2\x86" * 60  # 60 levels of (t, t): hashing it would take 2**60 steps
    program = b"\x80\x02}" + doubling + b"K\x01s."
    assert refusal(raw_archive(tmp_path / "a.pt", program, {})).code == "weights_empty"


def header_file(path: Path, header: Any, data: bytes, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(begin: int, end: int, shape: Any = (4,), dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("header", "length", "code"),
    [
        ({"a": entry(0, 16), "b": entry(8, 24)}, None, "weights_header"),  # overlap
        ({"a": entry(0, 12)}, None, "weights_header"),  # length and shape disagree
        ({"a": entry(0, 16, (-2, -2))}, None, "weights_header"),
        ({"a": entry(0, 16, (4.0,))}, None, "weights_header"),
        ({"a": entry(0, 16, dtype="F31")}, None, "weights_header"),
        ({"a": [1, 2]}, None, "weights_header"),
        ({"a": {"dtype": "F32"}}, None, "weights_header"),
        (b'{"a": ' + b"[" * 100_000, None, "weights_header"),
        (b"{not json}", None, "weights_header"),
        (b'{"\xff": 1}', None, "weights_header"),
        ({"a": entry(16, 32)}, None, "weights_truncated"),
        ({"a": entry(0, 16)}, 10_000, "weights_truncated"),  # a header larger than the file
        ({"a": entry(0, 16)}, 2**62, "weights_foreign"),
        ({}, None, "weights_empty"),
    ],
)
def test_refuses_broken_safetensors(tmp_path: Path, header: Any, length: int | None, code: str) -> None:
    assert refusal(header_file(tmp_path / "a.safetensors", header, b"\0" * 24, length)).code == code


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_refuses_truncated_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "whole"
    tensors = {"a": torch.randn(100), "b": torch.randn(100)}
    if kind == "safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    cut = tmp_path / "cut"
    for length in (0, 5, 12, 60, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        assert refusal(cut).code in {"weights_truncated", "pickle_foreign", "weights_foreign"}, length


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_damaged_files_end_in_a_sentence(tmp_path: Path, kind: str) -> None:
    """Bytes changed at random: a header comes out, or an error for the user, never a traceback."""
    path = tmp_path / "file"
    tensors = {"a": torch.randn(3), "b": torch.randn(2).half()}
    if kind == "safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save({"state_dict": tensors, "epoch": 1}, path, _use_new_zipfile_serialization=kind == "zip")
    whole, random = path.read_bytes(), Random(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(random.choice((1, 1, 2, 5))):
            damaged[random.randrange(len(whole))] = random.choice(
                (0, 1, 0x2E, 0x7F, 0x80, 0xFF, random.randrange(256))
            )
        path.write_bytes(damaged)
        try:
            with open_weights(path) as weights:
                assert all(weights.tensor(name).numel() <= len(whole) for name in weights.header.tensors)
        except SdzhError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "weights_lfs_pointer"),
        (b"<!DOCTYPE html><html></html>", "weights_web_page"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "weights_foreign"),
        ("一幅画".encode() * 9, "weights_foreign"),
    ],
)
def test_names_foreign_files(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert refusal(path).code == code


def test_names_missing_things(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.safetensors").code == "weights_missing"
    assert refusal(tmp_path).code == "weights_folder_empty"
    path = write_safetensors(tmp_path / "a.safetensors", [source("encoder.weight", torch.ones(1))], {})
    with open_weights(path) as weights, pytest.raises(SdzhError) as caught:
        weights.tensor("encoder.wieght")
    assert caught.value.code == "tensor_missing" and "encoder.weight" in caught.value.zh


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")
    bad = TensorSource("b", (2,), "float32", lambda: torch.ones(3))
    with pytest.raises(SdzhError) as caught:
        write_safetensors(path, [source("a", torch.ones(2)), bad], {})
    assert caught.value.code == "tensor_changed"
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(SdzhError) as caught:
        write_safetensors(path, [source("a", torch.ones(2))], {})
    assert caught.value.code == "disk_full"
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(SdzhError) as caught:
        write_safetensors(path / "inside" / "a.safetensors", [], {})
    assert caught.value.code == "write_failed"


@pytest.mark.parametrize("error", [OSError(errno.ENAMETOOLONG, ""), FileNotFoundError(errno.ENOENT, "")])
def test_too_long_a_path_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """Windows finds no file at more than 259 characters, though the folder is there."""
    path = tmp_path / "a.safetensors"
    monkeypatch.setattr(Path, "open", Mock(side_effect=error))
    with pytest.raises(SdzhError) as caught:
        write_safetensors(path, [], {})
    assert caught.value.code == "path_too_long" and str(len(str(path)) + 5) in caught.value.en


def test_headers_need_no_torch(tmp_path: Path) -> None:
    torch.save(sample(), tmp_path / "a.bin")
    code = (
        "import sys; from pathlib import Path; from sd_chinese.weights_io import read_header;"
        "read_header(Path(sys.argv[1])); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin")], check=False).returncode == 0
