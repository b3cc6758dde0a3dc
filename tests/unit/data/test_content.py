import hashlib
import os

import numpy as np

from fusionkit.data.content import array_hash, file_hash


def test_file_hash_is_sha256_whatever_the_name_and_the_date(tmp_path):
    content = bytes(range(256)) * 500
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(content)
        assert file_hash(tmp_path / name) == hashlib.sha256(content).hexdigest()
    os.utime(tmp_path / "b", (0, 0))
    assert file_hash(tmp_path / "b") == file_hash(tmp_path / "a")


def test_array_hash_sees_values_shape_and_type_but_not_the_layout():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    others = [array + 1, array.reshape(3, 2), array.astype(np.float64)]
    assert len({array_hash(other) for other in (array, *others)}) == 4
    assert array_hash(np.asfortranarray(array)) == array_hash(array)
