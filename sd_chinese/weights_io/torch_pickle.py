"""Read the pickle inside a torch file as data: a small stack machine that never calls anything.

A pickle is a program. `pickle.Unpickler` runs it by importing what it names and calling it; this machine
keeps every named global as a mere name and only rebuilds plain containers and descriptions of tensors, so
there is nothing that a hostile file could make it execute. Names outside the tables below are refused: such a
file must not be opened by anybody else either. Opcodes are those of the standard library's `pickletools`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from sd_chinese.errors import SdzhError


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


# Storage class -> the dtype of its elements.
STORAGES = {
    "torch.DoubleStorage": "float64",
    "torch.FloatStorage": "float32",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
}

# Harmless names that stay names: what training scripts leave beside the weights.
INERT_NAMES = _words("""
    torch.device torch.Generator torch.layout torch.serialization._get_layout torch.strided
    torch.float64 torch.float32 torch.float16 torch.bfloat16 torch.int64 torch.int32 torch.int16 torch.int8
    torch.uint8 torch.bool torch.nn.parameter.Parameter
    numpy.dtype numpy.ndarray numpy.float64 numpy.float32 numpy.int64 numpy.int32
    numpy.core.multiarray.scalar numpy.core.multiarray._reconstruct
    numpy._core.multiarray.scalar numpy._core.multiarray._reconstruct _codecs.encode
    collections.defaultdict collections.Counter argparse.Namespace
    pathlib.Path pathlib.PosixPath pathlib.WindowsPath pathlib.PurePosixPath datetime.datetime
    datetime.timedelta copy_reg._reconstructor copyreg._reconstructor
""")
INERT_BUILTINS = _words("""
    set frozenset dict list tuple int float bool str bytes bytearray complex object
""")
INERT_PACKAGES = ("pytorch_lightning", "lightning", "lightning_fabric", "omegaconf", "torch.optim", "ldm")


@dataclass(frozen=True)
class Name:
    """A class or function that the pickle names; never imported."""

    path: str


@dataclass(frozen=True)
class Inert:
    """What a harmless call would have returned; carries nothing."""

    path: str


@dataclass(frozen=True)
class Storage:
    """A flat run of elements in the file. ``offset`` (elements) is that of a legacy view into ``key``."""

    key: str
    dtype: str
    numel: int
    offset: int = 0


@dataclass(frozen=True)
class TensorView:
    """A tensor as the pickle describes it. ``offset`` and ``stride`` count elements of the storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class Pickled:
    """A pickle's value, and every storage that it refers to by key."""

    value: object
    storages: dict[str, Storage]


class MalformedPickleError(ValueError):
    """The bytes are not a pickle that torch would have written."""


def read_pickle(file: IO[bytes], source: object) -> Pickled:
    """Read one pickle at the file's position and leave the file behind it.

    Args:
        file: opened for reading bytes.
        source: the path, for the error's sentence.

    Raises:
        SdzhError: ``pickle_unsafe``, the pickle names something that is not data.
        MalformedPickleError: the bytes do not parse.
    """
    import pickletools

    machine = _Machine(source)
    try:
        for opcode, argument, _ in pickletools.genops(file):
            machine.step(opcode.name, argument)
        return Pickled(machine.stack.pop(), machine.storages)
    except (ValueError, IndexError, KeyError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise MalformedPickleError(str(error)) from error


def _tensor(storage: object, offset: object, shape: object, stride: object, *_: object) -> TensorView:
    if not isinstance(storage, Storage) or type(offset) is not int or offset < 0:
        raise MalformedPickleError("a tensor without a storage")
    return TensorView(storage, storage.offset + offset, _lengths(shape), _lengths(stride))


def _lengths(value: object) -> tuple[int, ...]:
    if not isinstance(value, tuple) or not all(type(n) is int and n >= 0 for n in value):
        raise MalformedPickleError("a shape that is not a tuple of lengths")
    return value


def _dictionary(pairs: object = (), *_: object) -> dict[object, object]:
    result: dict[object, object] = {}
    for pair in pairs if isinstance(pairs, (list, tuple)) else ():
        _set_item(result, *pair)
    return result


def _first(value: object = (), *_: object) -> object:
    return value


BUILDERS: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": _dictionary,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch.Size": _first,
}


def _is_known(path: str) -> bool:
    module, _, name = path.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return name in INERT_BUILTINS
    if path in BUILDERS or path in STORAGES or path in INERT_NAMES:
        return True
    return any(path.startswith(package + ".") for package in INERT_PACKAGES)


def _set_item(target: object, key: object, value: object) -> None:
    # A tuple would be hashed, and a deeply shared one takes exponential time: no state dict has such keys.
    if isinstance(target, dict) and isinstance(key, (str, int, float, bytes)):
        target[key] = value


_MARK = object()
_LITERALS = _words("""
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES
    SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8
""")


class _Machine:
    """The stack and the memo of one pickle; every opcode is an entry of :data:`_ACTIONS`."""

    def __init__(self, source: object) -> None:
        self.source = source
        self.stack: list[object] = []
        self.memo: dict[object, object] = {}
        self.storages: dict[str, Storage] = {}

    def step(self, opcode: str, argument: object) -> None:
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        else:  # extension registry, out-of-band buffers, objects of protocol 0: torch writes none
            raise SdzhError("pickle_unsafe", path=self.source, name=opcode)

    def pop(self, count: int) -> list[object]:
        if count > len(self.stack):
            raise MalformedPickleError("the stack is empty")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def pop_to_mark(self) -> list[object]:
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth] is _MARK:
                taken = self.stack[depth + 1 :]
                del self.stack[depth:]
                return taken
        raise MalformedPickleError("no mark")

    def push_tuple(self, items: list[object]) -> None:
        self.stack.append(tuple(items))

    def push_name(self, path: str) -> None:
        if not _is_known(path):
            raise SdzhError("pickle_unsafe", path=self.source, name=path)
        self.stack.append(Name(path))

    def push_result(self, target: object, arguments: object) -> None:
        """What a call would have returned, without calling."""
        if not isinstance(target, Name) or not isinstance(arguments, tuple):
            raise MalformedPickleError("a call of something that is not a name")
        builder = BUILDERS.get(target.path)
        self.stack.append(builder(*arguments) if builder else Inert(target.path))

    def push_storage(self, persistent_id: object) -> None:
        storage = _storage(persistent_id)
        self.storages[storage.key] = storage
        self.stack.append(storage)

    def extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)

    def set_items(self, items: list[object]) -> None:
        for key, value in zip(items[::2], items[1::2], strict=False):
            _set_item(self.stack[-1], key, value)

    def remember(self, index: object) -> None:
        self.memo[index] = self.stack[-1]


def _storage(persistent_id: object) -> Storage:
    """``("storage", class, key, device, numel[, view])`` of torch.save -> Storage."""
    if not isinstance(persistent_id, tuple) or len(persistent_id) < 5 or persistent_id[0] != "storage":
        raise MalformedPickleError("a reference that is not a storage")
    _, kind, key, _device, numel, *rest = persistent_id
    if not isinstance(kind, Name) or kind.path not in STORAGES:
        raise MalformedPickleError(f"a storage of an unknown type: {kind}")
    if not isinstance(key, str) or type(numel) is not int or numel < 0:
        raise MalformedPickleError("a storage without a key or a length")
    view = rest[0] if rest else None
    offset = view[1] if isinstance(view, tuple) and len(view) == 3 else 0
    if type(offset) is not int or offset < 0:
        raise MalformedPickleError("a view with a bad offset")
    return Storage(key, STORAGES[kind.path], numel, offset)


def _dotted(argument: object) -> str:
    """``module name`` of a GLOBAL -> ``module.name``."""
    return ".".join(str(argument).split(" ", 1))


_ACTIONS: dict[str, Callable[[_Machine, Any], object]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "STOP": lambda machine, _: None,
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "MARK": lambda machine, _: machine.stack.append(_MARK),
    "POP": lambda machine, _: machine.pop(1),
    "POP_MARK": lambda machine, _: machine.pop_to_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "TUPLE1": lambda machine, _: machine.push_tuple(machine.pop(1)),
    "TUPLE2": lambda machine, _: machine.push_tuple(machine.pop(2)),
    "TUPLE3": lambda machine, _: machine.push_tuple(machine.pop(3)),
    "TUPLE": lambda machine, _: machine.push_tuple(machine.pop_to_mark()),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_SET": lambda machine, _: machine.stack.append([]),
    "LIST": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "FROZENSET": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "APPEND": lambda machine, _: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "ADDITEMS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "GET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "LONG_BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "PUT": lambda machine, index: machine.remember(index),
    "BINPUT": lambda machine, index: machine.remember(index),
    "LONG_BINPUT": lambda machine, index: machine.remember(index),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "GLOBAL": lambda machine, names: machine.push_name(_dotted(names)),
    "STACK_GLOBAL": lambda machine, _: machine.push_name("{}.{}".format(*machine.pop(2))),
    "REDUCE": lambda machine, _: machine.push_result(*machine.pop(2)),
    "NEWOBJ": lambda machine, _: machine.push_result(*machine.pop(2)),
    "NEWOBJ_EX": lambda machine, _: machine.push_result(*machine.pop(3)[:2]),
    "BUILD": lambda machine, _: machine.pop(1),
    "BINPERSID": lambda machine, _: machine.push_storage(machine.pop(1)[0]),
}
