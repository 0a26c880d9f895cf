import os
import threading
import time

import pytest
from light_models import LightModel

from jobtag_sklearn.updating import ModelFiles
from jobtag_sklearn.updating._process_lock import process_lock


@pytest.fixture
def names(models):
    return [models.save({"version": version}, version) for version in (1, 2, 3)]


def test_versions_and_the_current_one(models, names):
    assert models.names() == names
    assert models.current() is None
    with pytest.raises(FileNotFoundError, match="has no current model yet"):
        models.load()
    for name in names:
        models.point_to(name)
        assert models.current() == name
        assert models.load() == {"version": models.version_of(name)}
    assert models.load(names[0]) == {"version": 1}
    assert len(set(map(id, (models.load(), models.load())))) == 2


def test_more_than_a_million_versions_are_in_order(models):
    names = [models.save(version, version) for version in (1_000_000, 999_999)]
    assert models.names() == names[::-1]


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty"])
def test_a_damaged_file_is_one_clear_error(models, names, damage):
    path = models.folder / names[1]
    data = path.read_bytes()
    changed = {"truncated": data[:-1], "altered": data[:-3] + b"x" + data[-2:], "empty": b""}
    path.write_bytes(changed[damage])
    with pytest.raises(ValueError, match=r"000002-\w+\.pickle is damaged: .* Roll back"):
        models.load(names[1])


@pytest.mark.parametrize("pointer", [b"", b"\xff\x00", b"../../secret.pickle", b"model-1.pickle"])
def test_a_damaged_pointer_is_one_clear_error(models, names, pointer):
    (models.folder / "current").write_bytes(pointer)
    with pytest.raises(ValueError, match="current is damaged: it holds"):
        models.load()
    models.point_to(names[0])
    assert models.load() == {"version": 1}


def test_what_is_not_there(models, names):
    absent = "model-000004-0123456789abcdef.pickle"
    for use in (models.load, models.point_to):
        with pytest.raises(FileNotFoundError, match=f"has no file {absent}; there are: model-00"):
            use(absent)
    with pytest.raises(ValueError, match="is not the name of a model's version"):
        models.point_to("../model.pickle")
    assert models.current() is None
    (models.folder / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file, but models need a folder"):
        ModelFiles(models.folder / "file").save(1, 1)


def test_pruning_leaves_what_is_kept_current_foreign_or_young(models, names):
    models.point_to(names[0])
    saved_by_another = models.save("young", 4)
    left = models.save("old", 5)
    part = models.folder / f".{left}.1234.part"
    part.touch()
    foreign = models.folder / "notes.txt"
    foreign.touch()
    long_ago = time.time() - 2 * 24 * 3600
    for path in (models.folder / left, part, foreign):
        os.utime(path, (long_ago, long_ago))
    models.prune({names[2]}, set(names))
    assert models.names() == [names[0], names[2], saved_by_another]
    assert foreign.exists()
    assert not part.exists()


def test_a_model_that_cannot_be_pickled_leaves_nothing(models):
    with pytest.raises((AttributeError, TypeError)):
        models.save(lambda: None, 1)
    assert models.names() == []


def test_the_lock_is_waited_for(models):
    times = []

    def hold():
        with process_lock(models.lock_file) as mine:
            assert mine
            taken.set()
            time.sleep(0.3)
            times.append(time.monotonic())

    taken = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    with process_lock(models.lock_file) as mine:
        assert not mine
    with process_lock(models.lock_file, wait=True) as mine:
        assert mine
        assert time.monotonic() >= times[0]
    thread.join()


def test_a_model_survives(models, postings, fitted):
    models.point_to(models.save(fitted, 1))
    assert isinstance(models.load(), LightModel)
    assert (models.load().predict(postings[0]) == fitted.predict(postings[0])).all()
