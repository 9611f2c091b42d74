# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from types import SimpleNamespace

import platformdirs
import pytest

from unrut.emitter.build import folder
from unrut.emitter.build.cache import open_cache
from unrut.emitter.build.folder import prepare, private_folder, wanted_folder

KEY = "0" * 64


def fill(folder):
    (folder / "data").write_text("x")
    return {"name": "x"}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_the_users_alone(cache_folder):
    assert open_cache().folder == cache_folder
    assert mode(cache_folder) == 0o700
    entry = open_cache().publish(KEY, fill)
    assert entry.folder == cache_folder / KEY
    assert mode(entry.folder) == 0o700


def test_the_users_cache_folder_is_the_default(monkeypatch):
    monkeypatch.delenv("UNRUT_CACHE_DIR")
    assert wanted_folder() == Path(platformdirs.user_cache_dir("unrut", appauthor=False))


def world_writable(path):
    path.mkdir(parents=True)
    path.chmod(0o777)


def group_writable(path):
    path.mkdir(parents=True)
    path.chmod(0o770)


def a_symlink(path):
    (path.parent / "elsewhere").mkdir(parents=True)
    path.symlink_to(path.parent / "elsewhere")


def a_dangling_symlink(path):
    path.parent.mkdir(parents=True)
    path.symlink_to(path.parent / "nowhere")


def a_file(path):
    path.parent.mkdir(parents=True)
    path.write_text("mine")


def below_a_file(path):
    path.parent.write_text("mine")


@pytest.mark.parametrize(
    ("prepared", "reason"),
    [
        (world_writable, "others may write"),
        (group_writable, "others may write"),
        (a_symlink, "symbolic link"),
        (a_dangling_symlink, "not a folder"),
        (a_file, "not a folder"),
        (below_a_file, "cannot be made|not a folder"),
    ],
)
def test_an_unsafe_folder_is_refused_with_one_warning(cache_folder, prepared, reason, recwarn):
    prepared(cache_folder)
    entry = open_cache().publish(KEY, fill)
    open_cache().publish("1" * 64, fill)
    (said,) = recwarn
    assert re.search(f"temporary folder.*({reason})", str(said.message))
    assert cache_folder not in entry.folder.parents
    assert mode(entry.folder.parent) == 0o700
    assert open_cache().read(KEY) == entry


def test_a_folder_of_another_user_is_refused(cache_folder, monkeypatch):
    cache_folder.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: cache_folder.stat().st_uid + 1)
    assert prepare(cache_folder) == "it belongs to another user"


@pytest.mark.skipif(not hasattr(os, "ST_NOEXEC"), reason="this system does not tell")
def test_a_file_system_without_programs_is_refused(cache_folder, monkeypatch):
    really = os.statvfs
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=really(path).f_flag | os.ST_NOEXEC))
    assert "noexec" in prepare(cache_folder)


def test_a_user_without_a_home_has_no_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert prepare(Path("~/.cache/unrut")) == "there is no home folder"
    assert not list(tmp_path.iterdir())


def test_the_private_folder_is_one_and_made_again_when_lost():
    with pytest.warns(RuntimeWarning):
        first = private_folder("why")
    assert private_folder("why") == first
    first.rmdir()
    assert private_folder("why").is_dir()


def test_a_forked_child_leaves_the_private_folder_to_its_parent(tmp_path):
    folder._remove(tmp_path, os.getpid() + 1)
    assert tmp_path.is_dir()
    folder._remove(tmp_path, os.getpid())
    assert not tmp_path.exists()
