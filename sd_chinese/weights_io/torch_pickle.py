"""Read the pickle inside a torch file as data: a small stack machine that never calls anything.

A pickle is a program. `pickle.Unpickler` runs it by importing what it names and calling it; this machine
keeps every named global as a mere name and only rebuilds plain containers and descriptions of tensors, so
there is nothing that a hostile file could make it execute. Names outside the tables below are refused: such a
file must not be opened by anybody else either. Opcodes are those of the standard library's `pickletools`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

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
    if not isinstance(storage, Storage) or not isinstance(offset, int) or isinstance(offset, bool):
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
_CONSTANTS: dict[str, Callable[[], object]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": list,
    "MARK": lambda: _MARK,
}
_LITERALS = _words("""
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES
    SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8
""")
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Machine:
    def __init__(self, source: object) -> None:
        self.source = source
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}
        self.storages: dict[str, Storage] = {}

    def step(self, opcode: str, argument: object) -> None:
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in _TUPLES:
            self.stack.append(tuple(self._pop(_TUPLES[opcode])))
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        else:  # extension registry, out-of-band buffers: torch writes none
            raise SdzhError("pickle_unsafe", path=self.source, name=opcode)

    def _pop(self, count: int) -> list[object]:
        if count > len(self.stack):
            raise MalformedPickleError("the stack is empty")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def _pop_to_mark(self) -> list[object]:
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth] is _MARK:
                taken = self.stack[depth + 1 :]
                del self.stack[depth:]
                return taken
        raise MalformedPickleError("no mark")

    def _name(self, module: object, name: object) -> Name:
        path = f"{module}.{name}"
        if not _is_known(path):
            raise SdzhError("pickle_unsafe", path=self.source, name=path)
        return Name(path)

    def tuple_to_mark(self, _: object) -> None:
        self.stack.append(tuple(self._pop_to_mark()))

    def list_to_mark(self, _: object) -> None:
        self.stack.append(self._pop_to_mark())

    def dict_to_mark(self, _: object) -> None:
        items = self._pop_to_mark()
        self.stack.append(_dictionary(list(zip(items[::2], items[1::2], strict=False))))

    def append(self, _: object) -> None:
        self._extend(self._pop(1))

    def appends(self, _: object) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)

    def set_item(self, _: object) -> None:
        key, value = self._pop(2)
        _set_item(self.stack[-1], key, value)

    def set_items(self, _: object) -> None:
        items = self._pop_to_mark()
        for key, value in zip(items[::2], items[1::2], strict=False):
            _set_item(self.stack[-1], key, value)

    def pop(self, _: object) -> None:
        self._pop(1)

    def pop_mark(self, _: object) -> None:
        self._pop_to_mark()

    def duplicate(self, _: object) -> None:
        self.stack.append(self.stack[-1])

    def get(self, index: object) -> None:
        self.stack.append(self.memo[index])  # type: ignore[index]  # pickletools gives an int

    def put(self, index: object) -> None:
        self.memo[index] = self.stack[-1]  # type: ignore[index]

    def memoize(self, _: object) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def global_name(self, argument: object) -> None:
        self.stack.append(self._name(*str(argument).split(" ", 1)))

    def stack_global(self, _: object) -> None:
        self.stack.append(self._name(*self._pop(2)))

    def reduce(self, _: object) -> None:
        target, arguments = self._pop(2)
        self.stack.append(self._call(target, arguments))

    def new_object_with_keywords(self, _: object) -> None:
        target, arguments, _keywords = self._pop(3)
        self.stack.append(self._call(target, arguments))

    def object_to_mark(self, _: object) -> None:
        target, *arguments = self._pop_to_mark()
        self.stack.append(self._call(target, tuple(arguments)))

    def instance(self, argument: object) -> None:
        arguments = tuple(self._pop_to_mark())
        self.stack.append(self._call(self._name(*str(argument).split(" ", 1)), arguments))

    def _call(self, target: object, arguments: object) -> object:
        if not isinstance(target, Name) or not isinstance(arguments, tuple):
            raise MalformedPickleError("a call of something that is not a name")
        builder = BUILDERS.get(target.path)
        return builder(*arguments) if builder else Inert(target.path)

    def storage(self, _: object) -> None:
        storage = _storage(self._pop(1)[0])
        self.storages[storage.key] = storage
        self.stack.append(storage)

    def ignore_state(self, _: object) -> None:
        self._pop(1)

    def nothing(self, _: object) -> None:
        return


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


_ACTIONS: dict[str, Callable[[_Machine, object], None]] = {
    "TUPLE": _Machine.tuple_to_mark,
    "LIST": _Machine.list_to_mark,
    "FROZENSET": _Machine.list_to_mark,
    "DICT": _Machine.dict_to_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "ADDITEMS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    "GET": _Machine.get,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.global_name,
    "STACK_GLOBAL": _Machine.stack_global,
    "INST": _Machine.instance,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.new_object_with_keywords,
    "OBJ": _Machine.object_to_mark,
    "BUILD": _Machine.ignore_state,
    "BINPERSID": _Machine.storage,
    "PROTO": _Machine.nothing,
    "FRAME": _Machine.nothing,
    "STOP": _Machine.nothing,
}
