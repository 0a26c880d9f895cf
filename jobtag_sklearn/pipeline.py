"""From jobs to tags: the steps in their order, and their updates."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils._param_validation import StrOptions
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn import _default_steps
from jobtag_sklearn._code_log import log_codes_with_titles
from jobtag_sklearn._nested_updates import (
    is_fitted,
    nested,
    set_fitted_params,
    update_transformer,
    with_all_tags,
)
from jobtag_sklearn.feature_extraction import JobColumnTransformer
from jobtag_sklearn.feature_extraction._job_columns import check_jobs
from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.utils._restoring import unchanged_on_error
from jobtag_sklearn.utils._tags import check_same_index, check_tags


def _last_step_has(name: str) -> Callable[[Any], bool]:
    return lambda pipeline: hasattr(pipeline.steps[-1][1], name)


class JobTagPipeline(Pipeline):
    """Pipeline from jobs to tags that also has `partial_fit`, `predict_tags` and `encode`.

    It is a :class:`~sklearn.pipeline.Pipeline`, with its attributes. `jobs` is a
    DataFrame indexed by job, with at least the columns that the first step reads; `tags` is
    a DataFrame of 0/1 with the same index and one column a tag. A row of missing values in
    `tags` says that the tags of that job are unknown: in `fit` it trains the earlier steps, and
    the classifier a little, see `unlabeled_weight` there; in `partial_fit` the earlier steps
    only, with ``update_steps="all"``.

    Parameters
    ----------
    steps : list of tuples (str, estimator)
        The steps in their order, the last of which predicts.
    transform_input : list of str, default=None
        As in :class:`~sklearn.pipeline.Pipeline`.
    memory : str or object with the joblib.Memory interface, default=None
        Where fitted steps are cached.
    verbose : bool, default=False
        Print how long each step took.
    update_steps : {"tags", "all"}, default="tags"
        What `partial_fit` trains: word weights and what learns from tags, which is the linear
        model and the network; or also all other steps that have `partial_fit`: scales, and the
        autoencoder unless its decoder was dropped.

    See Also
    --------
    make_job_tag_pipeline : Builds the default pipeline.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> jobs, tags = make_job_postings(150, n_tags=3, random_state=0)
    >>> model = make_job_tag_pipeline(network=False, random_state=0)
    >>> model = model.fit(jobs[:100], tags[:100])
    >>> model.predict(jobs[100:]).shape
    (50, 3)
    """

    steps: list[tuple[str, Any]]

    _parameter_constraints: ClassVar[dict] = {
        **Pipeline._parameter_constraints,
        "update_steps": [StrOptions({"tags", "all"})],
    }

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
        update_steps: str = "tags",
    ) -> None:
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.update_steps = update_steps

    def fit(self, X: Any, y: Any = None, **params: Any) -> JobTagPipeline:
        """Fit every step.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        y : DataFrame or array-like of shape (n_jobs, n_tags)
            Tags as 0/1, NaN where unknown.
        **params : dict
            Parameters of the steps' fit. ``classifier__sample_weight`` reaches the last step
            alone: with the network, not the linear model before it.

        Returns
        -------
        self : JobTagPipeline
            The fitted pipeline.

        Raises
        ------
        ValueError
            If `X` and `y` are tables with different indexes, or one of the steps cannot
            work with them.
        """
        check_same_index(X, y)
        check_tags(y)
        with unchanged_on_error(self, *self._estimators()):
            super().fit(X, y, **params)
        log_codes_with_titles(self, X, y, "fit")
        return self

    # What partial_fit does with each step:
    #
    # | step        | fitted | what happens                                                     |
    # |-------------|--------|------------------------------------------------------------------|
    # | not the last| no     | fitted on these jobs                                             |
    # | not the last| yes    | transforms, then learns: classifiers and word weights inside of  |
    # |             |        | it, and with update_steps="all" whatever has partial_fit         |
    # | the last    | any    | partial_fit on what the others made of the jobs before they had  |
    # |             |        | learnt them; nothing if no tag of these jobs is known            |

    @available_if(_last_step_has("partial_fit"))
    def partial_fit(self, X: Any, y: Any, classes: Any = None, **params: Any) -> JobTagPipeline:
        """Train further on new jobs, from the present weights.

        Words that were never seen need no new columns, since hashing has room for them. Each
        step transforms the jobs before it learns them, so that the network is trained on
        scores like those of new jobs. The first call on a pipeline that was never fitted fits
        the steps before the last one on its jobs.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        y : DataFrame or array-like of shape (n_jobs, n_tags)
            Their tags. The columns of a DataFrame are matched by name; a known tag without a
            column counts as 0. Missing values (NaN) are unknown and train no tag. With
            ``classifier__new_tags="add"``, all classifiers inside add unknown columns.
        classes : array-like of shape (n_tags,), default=None
            All tags that will ever come, for the first call.
        **params : dict
            Parameters of the last step's `partial_fit`, such as ``sample_weight``, also with
            the step's name before them as in `fit`.

        Returns
        -------
        self : JobTagPipeline
            The updated pipeline.

        Raises
        ------
        ValueError
            If a parameter is invalid, or a step cannot work with the jobs or their tags; the
            pipeline is then unchanged.
        """
        self._validate_params()
        if hasattr(X, "__len__") and len(X) == 0:
            raise ValueError("jobs are an empty table; pass at least one posting")
        check_same_index(X, y)
        tags = check_tags(y)
        name, classifier = self.steps[-1]
        first = not is_fitted(classifier)
        if first:
            y = with_all_tags(y, classes, tags.kind)
        params = {key.removeprefix(f"{name}__"): value for key, value in params.items()}
        everything = self.update_steps == "all"
        add_tags = getattr(classifier, "new_tags", "error") == "add"
        with unchanged_on_error(*self._estimators()):
            columns, steps = X, list(self.steps)
            for position, step_name, step in self._iter(with_final=False):
                if not is_fitted(step):
                    columns = step.fit_transform(columns, y)
                    continue
                before = columns
                columns = step.transform(before)
                if everything:
                    # networks are trained in place, and an update that fails leaves no trace
                    step = copy.deepcopy(step)
                    steps[position] = (step_name, step)
                if everything or tags.known.any():
                    update_transformer(step, before, y, everything=everything, add_tags=add_tags)
            if tags.known.any() or first:
                classifier.partial_fit(columns, y, classes=classes, **params)
            self.steps = steps
        n_updates = len(getattr(classifier, "update_epochs_", ()))
        log_codes_with_titles(self, X, y, f"update {n_updates}")
        return self

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any) -> float:
        """Return the last step's score, for tags the share of jobs with every tag right.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        y : DataFrame or array-like of shape (n_jobs, n_tags)
            True tags.
        sample_weight : array-like of shape (n_jobs,), default=None
            Weights of the jobs.
        **params : dict
            Metadata, as in scikit-learn.

        Returns
        -------
        score : float
            Score; higher is better.
        """
        check_same_index(X, y)
        return super().score(X, y, sample_weight=sample_weight, **params)

    def set_params(self, **params: Any) -> JobTagPipeline:
        """Set parameters of the steps, fitted ones included.

        Parameters
        ----------
        **params : dict
            Parameter names, such as ``classifier__threshold``, and values.

        Returns
        -------
        self : JobTagPipeline
            The pipeline.

        Raises
        ------
        ValueError
            If there is no such parameter; the nearest one is named.
        """
        known = self.get_params()
        for name in params:
            of_new = any(name.startswith(f"{step}__") for step in params)
            routed = "optimizer__" in name or "callbacks__" in name
            if name not in known and not of_new and not routed:
                nearest = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise ValueError(f"JobTagPipeline has no parameter {name!r}{hint}")
        super().set_params(**params)
        set_fitted_params(self, params)
        return self

    def _estimators(self) -> list[Any]:
        """Return all steps and the steps inside of them."""
        parts = (part for _, step in self.steps for part in nested(step))
        return [part for part in parts if hasattr(part, "get_params")]

    def _linear_model(self) -> Any:
        found = (part for part in self._estimators() if isinstance(part, MultiLabelLinearSVC))
        return next(found, None)

    @available_if(_last_step_has("predict_tags"))
    def predict_tags(self, X: Any) -> list[list[Any]]:
        """Predict the names of each job's tags.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.

        Returns
        -------
        tags : list of list
            The tags of each job.
        """
        check_is_fitted(self)
        return self.steps[-1][1].predict_tags(self[:-1].transform(X))

    @available_if(lambda self: self._codes() is not None)
    def encode(self, X: Any) -> npt.NDArray[np.float32] | pd.DataFrame:
        """Return the autoencoder's codes.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.

        Returns
        -------
        codes : ndarray or DataFrame of shape (n_jobs, n_components)
            Codes, before they are scaled for the classifier.
        """
        check_is_fitted(self)
        encoder = self._codes()[:-1]
        codes = encoder.transform(self._text_columns(X))
        adapter = _get_container_adapter("transform", self.named_steps["features"])
        if adapter is None:
            return codes
        return adapter.create_container(codes, X, columns=encoder[-1].get_feature_names_out)

    @available_if(lambda self: self._linear_model() is not None)
    def tag_scores(self, X: Any) -> npt.NDArray[np.float32]:
        """Return the linear model's logit of each tag.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.

        Returns
        -------
        scores : ndarray of shape (n_jobs, n_tags)
            Logits of the linear model, without the network.
        """
        check_is_fitted(self)
        return np.asarray(self._linear_model().transform(self._text_columns(X)))

    @available_if(lambda self: self._codes() is not None)
    def drop_decoder(self) -> JobTagPipeline:
        """Drop what only the autoencoder's own training needs, for a smaller file.

        Predictions and `partial_fit` stay the same. With ``update_steps="all"`` the other steps
        go on learning, and the autoencoder stays as it is.

        Returns
        -------
        self : JobTagPipeline
            The pipeline.
        """
        check_is_fitted(self)
        self._codes()[1].drop_decoder()
        return self

    def _text(self) -> Any:
        """Return the step that makes scores and codes of text, and its columns of jobs."""
        features = self.named_steps.get("features")
        if not isinstance(features, ColumnTransformer):
            return None
        parts = getattr(features, "transformers_", features.transformers)
        return next(((part, columns) for name, part, columns in parts if name == "text"), None)

    def _codes(self) -> Any:
        """Return the pipeline of the codes, or None if there is none."""
        text = self._text()
        union = text[0].steps[-1][1] if text and isinstance(text[0], Pipeline) else None
        if not isinstance(union, FeatureUnion):
            return None
        found = dict(union.transformer_list).get("codes")
        return found if isinstance(found, Pipeline) else None

    def _text_columns(self, X: Any) -> Any:
        """Return the hashed columns of jobs."""
        text = self._text()
        if text is None:
            return self[:-1].transform(X)
        pipeline, columns = text
        check_jobs(X, columns)
        return pipeline[:-1].transform(X[columns])

    def set_output(self, *, transform: str | None = None) -> JobTagPipeline:
        """Set the container of the features that the last step gets, and of codes.

        Hashed columns are sparse, for which scikit-learn knows no other container, so they
        stay as they are.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            As in scikit-learn; None changes nothing.

        Returns
        -------
        self : JobTagPipeline
            The pipeline.
        """
        if self._text() is not None:
            # its own method would also set the container of the hashed columns
            TransformerMixin.set_output(self.named_steps["features"], transform=transform)
        elif not isinstance(self.steps[-1][1], MultiLabelLinearSVC):
            super().set_output(transform=transform)
        return self


def make_job_tag_pipeline(
    *,
    network: bool = True,
    title: str = "job_title",
    description: str = "job_description",
    n_word_features: int = 2**18,
    n_pair_features: int = 2**20,
    n_title_features: int = 2**16,
    n_hashed_features: int = 2**15,
    n_components: int = 100,
    new_tags: str = "error",
    n_jobs: int | None = None,
    random_state: Any = None,
    memory: Any = None,
    log_dir: Any = None,
    verbose: int | bool = 0,
) -> JobTagPipeline:
    """Make the default pipeline from jobs to tags.

    Parameters
    ----------
    network : bool, default=True
        Whether an autoencoder makes codes and a deep network adds to the linear model's scores.
        Without, the linear model is the classifier: TensorFlow is not imported, and a fit takes
        seconds.
    title, description : str, default="job_title", "job_description"
        Columns of the jobs that hold the text.
    n_word_features : int, default=262144
        Hashed columns of the words of title and description together.
    n_pair_features : int, default=1048576
        Hashed columns of the pairs of neighbouring words of both. 0 leaves pairs out.
    n_title_features : int, default=65536
        Hashed columns of the words and pairs of the title by itself. 0 leaves them out.
    n_hashed_features : int, default=32768
        Columns to which those of the words are folded for the autoencoder. Without an effect
        if `network` is False.
    n_components : int, default=100
        Length of the code. Without an effect if `network` is False.
    new_tags : {"error", "add"}, default="error"
        What `partial_fit` does with unknown tags.
    n_jobs : int, default=None
        Number of processes for the text of large tables and for the linear model.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds and both networks.
    memory : str or object with the joblib.Memory interface, default=None
        Where fitted steps are cached, as in scikit-learn.
    log_dir : str or path-like, default=None
        Folder for TensorBoard, which then shows how both networks were trained, and the codes
        with titles and tags. None writes nothing.
    verbose : int or bool, default=0
        1 shows progress: how long each part of the text took, the out-of-fold F1 of the linear
        model's settings, and the progress bars of both networks.

    Returns
    -------
    model : JobTagPipeline
        With the steps ``features`` and ``classifier``.

    See Also
    --------
    JobTagPipeline : The class of the pipeline.

    Notes
    -----
    Thresholds are chosen on out-of-fold probabilities of the training jobs.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> list(make_job_tag_pipeline().named_steps)
    ['features', 'classifier']
    """
    if network and n_word_features % n_hashed_features:
        raise ValueError(
            f"n_word_features={n_word_features} must be a multiple of "
            f"n_hashed_features={n_hashed_features}, to which they are folded"
        )
    widths: dict[str, Any] = {
        "n_word_features": n_word_features,
        "n_pair_features": n_pair_features,
        "n_title_features": n_title_features,
    }
    columns = _default_steps.text_columns(
        title, description, **widths, n_jobs=n_jobs, verbose=verbose
    )
    linear = MultiLabelLinearSVC(
        tag_vectorizers=_default_steps.tag_vectorizers(title, description, **widths),
        new_tags=new_tags,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )
    if not network:
        return JobTagPipeline([("features", columns), ("classifier", linear)], memory=memory)
    # Keras takes seconds to import, and nothing before this line needs it
    from jobtag_sklearn.neural_network import KerasMultiLabelClassifier

    settings = {"log_dir": log_dir, "random_state": random_state, "verbose": verbose}
    codes = _default_steps.codes(n_hashed_features, n_word_features, n_components, **settings)
    text = _default_steps.ScoresAndCodes(
        [("columns", columns), ("views", FeatureUnion([("scores", linear), ("codes", codes)]))]
    )
    features = JobColumnTransformer(
        [
            ("text", text, [title, description]),
            ("counts", _default_steps.counts(n_jobs), description),
        ]
    )
    classifier = KerasMultiLabelClassifier(scores_first=True, new_tags=new_tags, **settings)
    return JobTagPipeline([("features", features), ("classifier", classifier)], memory=memory)
