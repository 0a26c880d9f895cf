import pandas as pd
import pytest


@pytest.fixture
def rows():
    return pd.DataFrame(
        [
            (9, "Nurse", "Care.", "Health"),
            (4, "Clerk", "<p>File &amp;amp; copy.</p>", "Office"),
            (9, "Nurse", "Care.", " Shift work\t"),
            (9, "Nurse", "Care.", "Health"),
            (7, "Cook", "Stir.", None),
            (5, "Guard", "Watch.", "  "),
            (4, "Clerk", "<p>File &amp;amp; copy.</p>", "Health"),
        ],
        columns=["job_id", "job_title", "job_description", "job_tag_name"],
    )


@pytest.fixture
def expected(rows):
    index = pd.Index([9, 4, 7, 5], name="job_id")
    jobs = pd.DataFrame(
        {
            "job_title": ["Nurse", "Clerk", "Cook", "Guard"],
            "job_description": ["Care.", "<p>File &amp;amp; copy.</p>", "Stir.", "Watch."],
        },
        index=index,
    )
    tags = pd.DataFrame(
        {"Health": [1, 1, 0, 0], "Office": [0, 1, 0, 0], "Shift work": [1, 0, 0, 0]}, index=index
    )
    return jobs, tags
