"""Codes for TensorBoard's projector, with the titles that only a pipeline knows."""

from __future__ import annotations

from typing import Any

from jobtag_sklearn.utils._tags import check_tags


def log_codes_with_titles(pipeline: Any, jobs: Any, tags: Any, name: str) -> None:
    """Write the codes of jobs, with titles and tags, if the autoencoder has a `log_dir`.

    Parameters
    ----------
    pipeline : JobTagPipeline
        Fitted pipeline. Nothing is done if it has no autoencoder.
    jobs : DataFrame of shape (n_jobs, n_columns)
        Jobs.
    tags : DataFrame or array-like of shape (n_jobs, n_tags)
        Their tags.
    name : str
        Name of this set of codes.
    """
    codes = pipeline._codes()
    if codes is None or codes.named_steps["autoencoder"].log_dir is None:
        return
    # Keras was imported by the autoencoder already
    from jobtag_sklearn.neural_network._tensorboard import log_codes

    _, columns = pipeline._text()
    log_codes(
        codes.named_steps["autoencoder"],
        codes.named_steps["fold"].transform(pipeline._text_columns(jobs)),
        name,
        titles=jobs[columns[0]].tolist(),
        tags=check_tags(tags),
    )
