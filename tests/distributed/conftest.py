import pytest

pytest.importorskip("dask.dataframe")
pytest.importorskip("distributed")
