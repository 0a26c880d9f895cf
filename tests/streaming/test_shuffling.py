import pandas as pd
import pytest

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.streaming import shuffle_batches


def batches(n_jobs=100, size=7):
    jobs, tags = make_job_postings(n_jobs, n_tags=3, random_state=0)
    for start in range(0, n_jobs, size):
        yield jobs.iloc[start : start + size], tags.iloc[start : start + size]


def mixed(**options):
    return list(shuffle_batches(batches(), **options))


def test_every_posting_comes_out_once_with_its_tags():
    right = dict(zip(["jobs", "tags"], make_job_postings(100, n_tags=3, random_state=0), strict=1))
    out = mixed(buffer_size=20, batch_size=8, random_state=0)
    assert {len(jobs) for jobs, _ in out} <= {6, 7, 8}
    jobs = pd.concat([jobs for jobs, _ in out])
    tags = pd.concat([tags for _, tags in out])
    assert jobs.index.tolist() != right["jobs"].index.tolist()
    pd.testing.assert_frame_equal(jobs.sort_index(), right["jobs"], check_index_type=False)
    pd.testing.assert_frame_equal(tags, right["tags"].loc[jobs.index])


def test_the_buffer_says_how_early_a_posting_may_come():
    out = mixed(buffer_size=20, batch_size=10, random_state=0)
    order = [job for jobs, _ in out for job in jobs.index]
    # a batch is drawn from the buffer, itself and what came in with its last posting
    assert all(job <= place + 1 + 20 + 10 + 7 for place, job in enumerate(order))
    assert max(abs(job - place) for place, job in enumerate(order)) > 10


def test_without_a_buffer_the_order_stays():
    out = mixed(buffer_size=0, batch_size=9)
    assert [job for jobs, _ in out for job in jobs.index] == list(range(1, 101))


def test_random_state():
    orders = [
        [tuple(jobs.index) for jobs, _ in mixed(buffer_size=30, random_state=seed)]
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_batches_are_asked_for_as_they_are_needed():
    asked = []

    def watched():
        for batch in batches():
            asked.append(len(batch[0]))
            yield batch

    stream = shuffle_batches(watched(), buffer_size=10, batch_size=10)
    assert asked == []
    next(stream)
    assert sum(asked) == 21


def test_batches_that_do_not_fit_together():
    (jobs, tags), *_ = batches()
    with pytest.raises(ValueError, match="tags of batch 1 .* differ in .*'more'"):
        list(shuffle_batches([(jobs, tags), (jobs, tags.assign(more=0))]))
    with pytest.raises(ValueError, match="same index"):
        list(shuffle_batches([(jobs, tags[::-1])]))
    with pytest.raises(ValueError, match="'buffer_size' parameter of shuffle_batches"):
        shuffle_batches([], buffer_size=-1)
    assert list(shuffle_batches([])) == []
