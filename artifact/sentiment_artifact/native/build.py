"""Compiles the C of this folder into the environment of the Python that runs this: `python build.py [FOLDER]`.

Standard library only, and no import of its package: it also runs where nothing but a compiler is installed. That is the
one of the package `ziglang`, the same everywhere, or else this machine's `cc`. Python's headers are not needed.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = tuple(Path(__file__).with_name(name) for name in ("scorer.c", "counting.c"))
_HEADERS = tuple(Path(__file__).with_name(name) for name in ("runs.h", "words.h"))
# No fused multiply-add and no reordering: every sum has to come out as scikit-learn's. No library is linked: what little is
# called of the C library, the interpreter has loaded.
_FLAGS = (
    "-std=c11",
    "-O2",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fPIC",
    "-fvisibility=hidden",
    "-shared",
    "-nostdlib",
    "-s",
)

_NO_COMPILER = 3


class NoCompiler(Exception):
    """There is nothing to compile with."""


def folder() -> Path:
    """Where this environment keeps its library."""
    return Path(sys.prefix) / "lib" / "sentiment-native"


def file_name() -> str:
    """Of the library that this very source and these flags make: no other one is ever loaded."""
    content = b"".join(path.read_bytes() for path in (*SOURCES, *_HEADERS, Path(__file__)))
    return f"native-{hashlib.sha256(content).hexdigest()[:16]}.so"


def build(target: Path) -> Path:
    """The library in this folder, compiled if it is not there. Raises NoCompiler, or CalledProcessError with its words."""
    library = target / file_name()
    if not library.exists():
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target) as scratch:
            _compile(Path(scratch), Path(scratch) / library.name)
            (Path(scratch) / library.name).replace(library)
    return library


def _compile(scratch: Path, output: Path) -> None:
    caches = {"ZIG_LOCAL_CACHE_DIR": str(scratch), "ZIG_GLOBAL_CACHE_DIR": str(scratch)}
    command = [*_compiler(), *_FLAGS, "-o", str(output), *map(str, SOURCES)]
    subprocess.run(command, env={**os.environ, **caches}, check=True, capture_output=True, text=True)


def _compiler() -> tuple[str, ...]:
    if importlib.util.find_spec("ziglang") is not None:
        # Not for the processor of this machine: the library may run on another one.
        return (sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline")
    if (found := shutil.which("cc")) is not None:
        return (found,)
    raise NoCompiler("there is no C compiler")


def main() -> int:
    """Exit code 3 where there is no compiler: Python then scores, and scikit-learn counts."""
    try:
        print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else folder()))
    except NoCompiler:
        print("native code: there is no C compiler. Next: pip install ziglang", file=sys.stderr)
        return _NO_COMPILER
    except subprocess.CalledProcessError as error:
        print(f"native code: the compiler refused it:\n{error.stderr}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
