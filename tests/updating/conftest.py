import pytest
from light_models import LightModel
from servers import execute, postgresql_server

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore


@pytest.fixture(scope="session")
def server_url():
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    url = request.getfixturevalue("server_url")
    execute(url, "DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public")
    return url


@pytest.fixture(name="execute")
def execute_fixture(url):
    return lambda *statements, **values: execute(url, *statements, **values)


@pytest.fixture
def store(url):
    return PostingStore(url).create()


@pytest.fixture
def models(tmp_path):
    return ModelFiles(tmp_path / "models")


@pytest.fixture(scope="session")
def postings():
    """Postings with three tags, of which the first 100 are to be fitted."""
    return make_job_postings(300, n_tags=3, random_state=0)


@pytest.fixture(scope="session")
def fitted(postings):
    jobs, tags = postings
    return LightModel().fit(jobs[:100], tags[:100])


@pytest.fixture
def updater(store, models, fitted):
    updater = ModelUpdater(store, models, min_corrections=20, tolerance=1)
    updater.adopt(fitted)
    return updater
