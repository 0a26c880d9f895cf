"""Codes for TensorBoard's projector, with the titles that only a pipeline knows."""

from __future__ import annotations

from typing import Any

from jobtag_sklearn.utils._tags import check_tags


def log_codes_with_titles(pipeline: Any, jobs: Any, tags: Any, name: str) -> None:
    """Write the codes of jobs, with titles and tags, where the autoencoder has a `log_dir`.

    Parameters
    ----------
    pipeline : JobTagPipeline
        Fitted; nothing is done if it has no autoencoder, or that no log.
    jobs : DataFrame of shape (n_jobs, n_columns)
        Jobs.
    tags : DataFrame or array-like of shape (n_jobs, n_tags)
        Their tags.
    name : str
        Name of this set of codes.
    """
    union = pipeline.named_steps.get("autoencoder")
    codes: Any = getattr(union, "named_transformers_", {}).get("codes")
    if not hasattr(codes, "steps") or not hasattr(codes[0], "log_folder_"):
        return
    # what is imported here is imported already
    from jobtag_sklearn.neural_network._tensorboard import log_codes

    features, encoder = pipeline.steps[0][1], codes[0]
    titles = next((column for part, _, column in features.transformers_ if part == "title"), None)
    log_codes(
        encoder,
        # the words' columns come first
        features.transform(jobs)[:, : encoder.n_features_in_],
        check_tags(tags),
        name,
        None if titles is None else jobs[titles].tolist(),
    )
