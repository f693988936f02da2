"""Gives what was made under sudo to the person who called it, so that they can go on without root.

It leaves to root what only root works with: the inside of a cluster, and the folders that images are built in.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local_cluster.settings import KUBECONFIG, cache_directory, invoking_user


@contextmanager
def handed_over(*folders: Path) -> Generator[None]:
    """Whatever happens inside: afterwards the cache and these folders belong to the person behind sudo."""
    try:
        yield
    finally:
        hand_over(*folders)


def hand_over(*folders: Path) -> None:
    """Give what root made there to the person behind sudo; nothing where there is none."""
    user = invoking_user()
    if user is None:
        return
    cache = cache_directory()
    paths = [*_chain(cache, Path(user.pw_dir).resolve()), *_content(cache)]
    for path in (*paths, *(path for folder in folders for path in _content(folder))):
        # Another process may have removed it by now.
        with suppress(FileNotFoundError):
            if path.lstat().st_uid == 0:
                os.lchown(path, user.pw_uid, user.pw_gid)


def _chain(cache: Path, home: Path) -> Iterator[Path]:
    """The folders between the home and the cache."""
    return (folder for folder in cache.parents if home in folder.parents)


def _content(top: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(top):
        folder = Path(name)
        yield folder
        if folder == top and "images" in folders:
            folders.remove("images")
        if folder.parent == top / "clusters":
            folders.clear()
            yield from (folder / file for file in files if file == KUBECONFIG)
        else:
            yield from (folder / file for file in files)
