# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

import unrut.emitter.build
from unrut.emitter.build import cache as cache_module
from unrut.emitter.build import entry as entry_module
from unrut.emitter.build import place
from unrut.emitter.build.cache import CacheInfo, open_cache

KEY = "ab" * 32
OTHER = "cd" * 32


def fill(folder):
    (folder / "data").write_bytes(b"0123456789" * 100)
    (folder / "tmp").mkdir()
    return {"name": "ten digits"}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_was_published_is_read_back(cache_folder):
    made = open_cache().publish(KEY, fill)
    assert open_cache().read(KEY) == made
    assert made.file("data").read_bytes()[:10] == b"0123456789"
    assert names(cache_folder) == [KEY]
    assert open_cache().read(OTHER) is None


@pytest.mark.parametrize(
    ("trouble", "writable", "state"),
    [("", True, ""), ("", False, " (read-only)"), ("full", False, " (not used: full)")],
)
def test_what_is_said_of_the_cache(monkeypatch, trouble, writable, state):
    told = CacheInfo(
        folder="/kernels", trouble=trouble, writable=writable, entries=2, failed=1, size=3 << 19, limit=1 << 30
    )
    monkeypatch.setattr(cache_module.Cache, "info", lambda cache: told)
    assert cache_module.info() == f"/kernels{state}\n2 entries, 1 failed builds: 1.5 of 1024 MiB"


def test_an_unfinished_entry_leaves_nothing(cache_folder):
    def fail(folder):
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_cache().publish(KEY, fail)
    assert names(cache_folder) == []


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def remove(path):
    path.unlink()


def make_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [flip, truncate, empty, remove, make_folder])
@pytest.mark.parametrize("file", ["data", "manifest.json"])
def test_a_damaged_entry_is_a_miss_and_made_anew(cache_folder, harm, file):
    made = open_cache().publish(KEY, fill)
    harm(made.file(file))
    assert open_cache().read(KEY) is None or (file, harm) == ("manifest.json", flip)
    assert open_cache().publish(KEY, fill).folder == cache_folder / KEY
    assert open_cache().read(KEY)
    assert names(cache_folder) == [KEY]


@pytest.mark.parametrize(
    "manifest",
    [
        "[]",
        "{}",
        "null",
        '{"format": 1, "files": {}, "notes": {}}',
        '{"format": 1, "files": {"../data": "0"}, "notes": {}}',
        '{"format": 1, "files": {"manifest.json": "0"}, "notes": {}}',
        '{"format": 1, "files": {"data": 7}, "notes": {}}',
        '{"format": 1, "files": [], "notes": {}}',
        "\ud800",
        "[" * 5000,
    ],
)
def test_a_strange_manifest_is_a_miss(manifest):
    made = open_cache().publish(KEY, fill)
    made.file("manifest.json").write_bytes(manifest.encode("utf-8", "surrogatepass"))
    assert open_cache().read(KEY) is None


def test_another_format_is_a_miss():
    made = open_cache().publish(KEY, fill)
    told = json.loads(made.file("manifest.json").read_text())
    made.file("manifest.json").write_text(json.dumps({**told, "format": told["format"] + 1}))
    assert open_cache().read(KEY) is None


@pytest.mark.parametrize("stranger", ["a file", "a link"])
def test_what_is_no_folder_in_an_entrys_place_is_replaced(cache_folder, stranger, tmp_path):
    open_cache()
    if stranger == "a file":
        (cache_folder / KEY).write_text("?")
    else:
        (cache_folder / KEY).symlink_to(tmp_path / "nowhere")
    assert open_cache().read(KEY) is None
    open_cache().publish(KEY, fill)
    assert open_cache().read(KEY)


def test_the_loser_of_a_race_takes_the_winners_entry(cache_folder):
    def lose(folder):
        open_cache().publish(KEY, fill)
        winners = (cache_folder / KEY / "data").stat().st_ino
        seen.append(winners)
        return fill(folder)

    seen: list[int] = []
    entry = open_cache().publish(KEY, lose)
    assert entry.file("data").stat().st_ino == seen[0]
    assert names(cache_folder) == [KEY]


def test_a_whole_entry_is_not_set_aside_by_a_process_that_saw_the_damaged_one(cache_folder, monkeypatch):
    made = open_cache().publish(KEY, fill)
    inode = made.file("data").stat().st_ino
    really = place.read_entry
    answers = iter([None])  # the first look, at the entry in its place, is an old one
    monkeypatch.setattr(
        place, "read_entry", lambda path: next(answers) if path == made.folder and not used else really(path)
    )
    used: list[bool] = []
    monkeypatch.setattr(place, "_set_aside", lambda path, aside=place._set_aside: (used.append(True), aside(path)))
    assert open_cache().publish(KEY, fill).file("data").stat().st_ino == inode
    assert used


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EBUSY, errno.ENOENT])
@pytest.mark.parametrize("times", [1, 2])
def test_what_network_file_systems_answer_is_a_miss_after_one_retry(monkeypatch, number, times):
    open_cache().publish(KEY, fill)
    left = [number] * times

    def read(path):
        if left:
            raise OSError(left.pop(), "planted")
        return path.read_bytes()

    monkeypatch.setattr(entry_module, "_read", read)
    assert (open_cache().read(KEY) is None) == (times == 2)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_what_cannot_be_read_is_a_miss(monkeypatch, number):
    open_cache().publish(KEY, fill)

    def read(path):
        raise OSError(number, "planted")

    monkeypatch.setattr(entry_module, "_read", read)
    assert open_cache().read(KEY) is None


def test_a_full_disk_leads_to_the_private_folder(cache_folder, recwarn):
    def full(folder):
        if folder.parent == cache_folder:
            raise OSError(errno.ENOSPC, "No space left on device")
        return fill(folder)

    entry = open_cache().publish(KEY, full)
    open_cache().publish(OTHER, full)
    assert ["No space left" in str(said.message) for said in recwarn] == [True]
    assert open_cache().read(KEY) == entry
    assert names(cache_folder) == []


def test_the_cap_evicts_whole_entries_oldest_first_and_spares_strangers(cache_folder):
    keys = [f"{number:064x}" for number in range(4)]
    open_cache()
    (cache_folder / "letter.txt").write_text("x" * 10_000)
    (cache_folder / "part-album").mkdir()
    for age, key in enumerate(keys):
        open_cache().publish(key, fill)  # about 1200 bytes each
        os.utime(cache_folder / key, (age, age))
    open_cache().read(keys[1])  # used just now
    replace(open_cache(), limit=3000).publish(OTHER, fill)
    left = names(cache_folder)
    assert set(left) - {"letter.txt", "part-album"} == {keys[1], OTHER}
    assert {"letter.txt", "part-album"} <= set(left)


def test_an_entry_larger_than_the_cap_is_kept_for_its_maker():
    cache = replace(open_cache(), limit=10)
    assert cache.publish(KEY, fill).folder.exists()


def test_clear_removes_what_is_ours(cache_folder):
    open_cache().publish(KEY, fill)
    open_cache().publish(OTHER, fill)
    kept = place.keep_failed(place.part(cache_folder), KEY)
    assert kept
    assert kept.name == f"failed-{KEY}"
    abandoned = place.part(cache_folder)
    os.utime(abandoned, (0, 0))
    at_work = place.part(cache_folder)
    (cache_folder / "letter.txt").write_text("x")
    assert cache_module.clear() == "3 removed"
    assert names(cache_folder) == sorted(["letter.txt", at_work.name])


def test_info_and_verify_tell_what_is_there(cache_folder):
    entry = open_cache().publish(KEY, fill)
    open_cache().publish(OTHER, fill)
    told = open_cache().info()
    assert (told.entries, told.failed, told.trouble, told.writable) == (2, 0, "", True)
    assert 2000 < told.size < 3000
    assert str(cache_folder) in cache_module.info()
    assert cache_module.verify() == "0 damaged"
    flip(entry.file("data"))
    assert cache_module.verify().splitlines()[0] == KEY


def test_no_pickle_and_no_eval_anywhere():
    sources = [path.read_text() for path in Path(unrut.emitter.build.__file__).parent.glob("*.py")]
    assert len(sources) > 10
    found = re.findall(r"\b(pickle|marshal|shelve|eval|exec|shell=True|os\.system)\b", "\n".join(sources))
    assert not found
