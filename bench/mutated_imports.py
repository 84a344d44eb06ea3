"""Imports a module from other source than its file has, for the rest of the life of a process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType


def replace_module(name: str, source: str) -> None:
    """From now on `import name` runs this source. Nobody may have imported it yet."""
    assert name not in sys.modules
    sys.meta_path.insert(0, _Finder(name, source))


class _Source(InspectLoader):
    def __init__(self, source: str) -> None:
        self.source = source

    def get_source(self, fullname: str) -> str:
        return self.source


class _Finder(MetaPathFinder):
    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, _Source(self.source)) if fullname == self.name else None
