"""From jobs to tags: the steps in their order, and their updates."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import text as sklearn_text
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn._code_log import log_codes_with_titles
from jobtag_sklearn._nested_updates import update_transformer
from jobtag_sklearn.feature_extraction import (
    CrossViewTransformer,
    HashingVectorizer,
    IncrementalTfidfTransformer,
    JobColumnTransformer,
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
)
from jobtag_sklearn.serving._predictor import PostingScorer
from jobtag_sklearn.serving._steps import UnknownStepError
from jobtag_sklearn.utils._restoring import unchanged_on_error
from jobtag_sklearn.utils._tags import check_same_index, check_tags, names_of_tags

#: Weight of the title's columns against the description's. A title is a few words of which
#: each would otherwise weigh as much as thirty of a description.
_TITLE_WEIGHT = 0.5

#: Codes of rows whose tags are known must not know these tags too well: the deep network would
#: trust codes of new rows as much.
_TAG_LOSS_WEIGHT = 3.0

_TITLE, _CODES, _COUNTS, _TOPICS = "title", "codes", "counts", "topics"

#: Up to this many jobs are predicted one after the other. A table that goes from step to step
#: takes as long as six or seven of them, however few rows it has.
_FEW = 4


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
    update_steps : {"last", "all"}, default="last"
        What `partial_fit` trains: the last step, for which the others stay what they were; or
        also whatever in the others can be updated: weights of words, scales, the autoencoder
        unless its decoder was dropped.

    See Also
    --------
    make_job_tag_pipeline : Builds the default pipeline.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> jobs, tags = make_job_postings(150, n_tags=3, random_state=0)
    >>> model = make_job_tag_pipeline(n_hashed_features=2048, n_title_features=512,
    ...                               n_phrase_features=0, random_state=0)
    >>> model = model.fit(jobs[:100], tags[:100])
    >>> model.predict(jobs[100:]).shape
    (50, 3)
    >>> model.partial_fit(jobs[100:], tags[100:]).predict_tags(jobs[:1]) # doctest: +SKIP
    [['Nursing']]
    """

    steps: list[tuple[str, Any]]

    _parameter_constraints: ClassVar[dict] = {
        **Pipeline._parameter_constraints,
        "update_steps": [StrOptions({"last", "all"})],
    }

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
        update_steps: str = "last",
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
            Parameters of the steps' fit, such as ``classifier__sample_weight``.

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
        self._check_widths()
        with unchanged_on_error(self, *self._estimators()):
            super().fit(X, y, **params)
        log_codes_with_titles(self, X, y, "fit")
        return self

    # What partial_fit does with each step:
    #
    # | step        | fitted | update_steps | what happens                                     |
    # |-------------|--------|--------------|--------------------------------------------------|
    # | not the last| no     | any          | fitted on these jobs                             |
    # | not the last| yes    | "last"       | nothing; it transforms                           |
    # | not the last| yes    | "all"        | what in it has partial_fit is updated, also with |
    # |             |        |              | jobs of which no tag is known; then it transforms|
    # | the last    | any    | any          | partial_fit, its own table says what that does   |
    # | the last    | yes    | "all"        | nothing if no tag of these jobs is known         |
    #
    # A pipeline that was loaded from a pickle is like any other.

    @available_if(_last_step_has("partial_fit"))
    def partial_fit(self, X: Any, y: Any, classes: Any = None, **params: Any) -> JobTagPipeline:
        """Train further on new jobs, from the present weights.

        By default the steps before the last one stay as they are, so that what it has learnt
        keeps its meaning; words that were never seen need nothing, since hashing has room.
        With ``update_steps="all"`` they are updated too. The first call on a pipeline that
        was never fitted fits those steps on its jobs.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        y : DataFrame or array-like of shape (n_jobs, n_tags)
            Their tags. The columns of a DataFrame are matched by name; a known tag without a
            column counts as 0. What is missing (NaN) is unknown and trains no tag.
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
            If a parameter is none that it may be, or a step cannot work with the jobs or
            their tags; the pipeline is then what it was.
        """
        self._validate_params()
        if hasattr(X, "__len__") and len(X) == 0:
            raise ValueError("jobs are an empty table; pass at least one posting")
        check_same_index(X, y)
        tags = check_tags(y)
        name, classifier = self.steps[-1]
        if not _fitted(classifier):
            self._check_widths()
        params = {key.removeprefix(f"{name}__"): value for key, value in params.items()}
        with unchanged_on_error(*self._estimators()):
            columns, steps = X, list(self.steps)
            for position, _, step in self._iter(with_final=False):
                if not _fitted(step):
                    columns = step.fit_transform(columns, y)
                    continue
                if self.update_steps == "all":
                    # training works in place, and an update that fails leaves no trace
                    step = copy.deepcopy(step)
                    update_transformer(step, columns, y)
                    steps[position] = (steps[position][0], step)
                columns = step.transform(columns)
            if self.update_steps == "last" or tags.known.any() or not _fitted(classifier):
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
        """Set parameters of the steps.

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
            # what comes behind a step's routed prefix is known to the step alone
            if name not in known and "optimizer__" not in name and "callbacks__" not in name:
                nearest = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise ValueError(f"JobTagPipeline has no parameter {name!r}{hint}")
        return super().set_params(**params)

    def _check_widths(self) -> None:
        """Raise if columns were changed or dropped without the steps that count them."""
        columns, classifier = self.steps[0][1], self.steps[-1][1]
        n_wide = getattr(classifier, "n_wide_features", 0)
        if not n_wide or not isinstance(columns, JobColumnTransformer):
            return
        union = self.named_steps.get("autoencoder")
        passed_on: dict[str, Any] = getattr(union, "get_params", dict)()
        topics = passed_on.get(_TOPICS)
        n_topics = getattr(topics, "n_components", 0)
        parts = columns.get_params()
        if parts.get(_COUNTS) == "drop" and passed_on.get(_COUNTS, "drop") != "drop":
            raise ValueError(
                "features__counts='drop' leaves no counts to pass on; set autoencoder__counts="
                "'drop' too"
            )
        n_hashed = _n_hashed(parts)
        if n_hashed + n_topics != n_wide:
            raise ValueError(
                f"the text is hashed to {n_hashed} columns and has {n_topics} topics, but the "
                f"classifier's n_wide_features is {n_wide}; set widths with "
                "make_job_tag_pipeline(n_hashed_features=..., n_title_features=..., "
                "n_phrase_features=..., n_topics=...)"
            )
        n_title = _n_hashed(getattr(parts.get(_TITLE), "get_params", dict)())
        n_view = getattr(topics, "n_view_features", n_title)
        if n_title and n_view != n_title:
            raise ValueError(
                f"titles are hashed to {n_title} columns, but n_view_features of the topics is "
                f"{n_view}; set the width with make_job_tag_pipeline(n_title_features=...)"
            )

    def _estimators(self) -> list[Any]:
        return [step for _, step in self.steps if hasattr(step, "get_params")]

    @available_if(_last_step_has("predict_proba"))
    def predict_proba(self, X: Any, **params: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each tag.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        **params : dict
            Metadata, as in scikit-learn.

        Returns
        -------
        probabilities : ndarray of shape (n_jobs, n_tags)
            As the last step gives them. Those of a few jobs and of a large table of the same
            jobs differ by rounding, about 1e-7.
        """
        scorer = self._scorer(X, params)
        return super().predict_proba(X, **params) if scorer is None else scorer.probabilities(X)

    @available_if(_last_step_has("predict"))
    def predict(self, X: Any, **params: Any) -> npt.NDArray[Any]:
        """Predict tags as 0 and 1.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        **params : dict
            Metadata, as in scikit-learn.

        Returns
        -------
        y : ndarray of shape (n_jobs, n_tags)
            As the last step gives them.
        """
        scorer = self._scorer(X, params)
        if scorer is None:
            return super().predict(X, **params)
        return self.steps[-1][1]._given(scorer.probabilities(X))

    def _scorer(self, X: Any, params: dict[str, Any]) -> PostingScorer | None:
        """Return what predicts a few jobs sooner than the steps do, if there is such a thing."""
        if params or not isinstance(X, pd.DataFrame) or not 0 < len(X) <= _FEW:
            return None
        try:
            # made anew each time, since it is only right until the next update
            return PostingScorer.of(self)
        except UnknownStepError:
            return None

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
        classifier = self.steps[-1][1]
        scorer = self._scorer(X, {})
        if scorer is None:
            return classifier.predict_tags(self[:-1].transform(X))
        given = classifier._given(scorer.probabilities(X))
        return names_of_tags(given, classifier.classes_.tolist())

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
        encoder = self._fitted_encoder()
        columns = self.named_steps["features"].transform(X)
        # the words' columns come first
        codes = encoder.transform(columns[:, : encoder.n_features_in_])
        return codes.set_axis(X.index) if isinstance(codes, pd.DataFrame) else codes

    def drop_decoder(self) -> JobTagPipeline:
        """Let go of what only the autoencoder's own training needs, for a smaller file.

        Predictions and `partial_fit`, which trains the classifier, stay as they are. With
        ``update_steps="all"`` the other steps go on learning, and the autoencoder stays as it is.

        Returns
        -------
        self : JobTagPipeline
            The pipeline.
        """
        self._fitted_encoder().drop_decoder()
        return self

    def _fitted_encoder(self) -> Any:
        check_is_fitted(self)
        return self.named_steps["autoencoder"].named_transformers_[_CODES][0]

    def set_output(self, *, transform: str | None = None) -> JobTagPipeline:
        """Set the container of the codes.

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
        union = self.named_steps.get("autoencoder")
        if not isinstance(union, ColumnTransformer):
            super().set_output(transform=transform)
            return self
        fitted = dict(getattr(union, "named_transformers_", {}))
        for name, transformer, _ in union.transformers:
            if name == _CODES:
                transformer.set_output(transform=transform)
                if name in fitted:
                    fitted[name].set_output(transform=transform)
        return self


def make_job_tag_pipeline(
    *,
    title: str = "job_title",
    description: str = "job_description",
    n_hashed_features: int = 2**15,
    n_title_features: int = 2**11,
    n_phrase_features: int = 2**16,
    n_topics: int = 50,
    n_components: int = 100,
    n_jobs: int | None = None,
    random_state: Any = None,
    memory: Any = None,
    log_dir: Any = None,
    verbose: int | bool = 0,
) -> JobTagPipeline:
    """Make the default pipeline from jobs to tags.

    Parameters
    ----------
    title, description : str, default="job_title", "job_description"
        Columns of the jobs that hold the text.
    n_hashed_features : int, default=32768
        Hashed columns of the words of title and description together; the autoencoder turns
        them into codes.
    n_title_features : int, default=2048
        How many of them are the title's, which is hashed apart.
    n_phrase_features : int, default=65536
        Hashed columns of the pairs of neighbouring words of the description, which lead
        straight to the classifier. 0 leaves pairs out.
    n_topics : int, default=50
        Directions along which descriptions vary together with titles, found without any tag;
        they lead to the classifier beside the hashed columns. 0 leaves them out.
    n_components : int, default=100
        Length of the code.
    n_jobs : int, default=None
        Processes for the text of large tables.
    random_state : int, RandomState instance or None, default=None
        Seeds both networks.
    memory : str or object with the joblib.Memory interface, default=None
        Where fitted steps are cached, as in scikit-learn.
    log_dir : str or path-like, default=None
        Folder for TensorBoard, which then shows how both networks were trained, and the codes
        with titles and tags. None writes nothing.
    verbose : int or bool, default=0
        1 shows progress bars of the two networks and of the classifier's wide path, and how
        long each part of the text took.

    Returns
    -------
    model : JobTagPipeline
        With the steps ``features``, ``autoencoder`` and ``classifier``.

    See Also
    --------
    JobTagPipeline : What comes back.

    Notes
    -----
    The classifier's threshold is chosen on out-of-fold scores of the training jobs.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> list(make_job_tag_pipeline().named_steps)
    ['features', 'autoencoder', 'classifier']
    """
    # Keras takes seconds to import, and nothing before this line needs it
    from jobtag_sklearn.neural_network import (
        ConvAutoencoderTransformer,
        KerasMultiLabelClassifier,
    )

    if not 0 < n_title_features < n_hashed_features:
        raise ValueError(
            f"n_title_features={n_title_features} must be between 0 and "
            f"n_hashed_features={n_hashed_features}"
        )
    words = [("words", _hashed(n_hashed_features - n_title_features))]
    if n_phrase_features:
        # pairs that occur once are most of all pairs, and their buckets say nothing
        words.append(("phrases", _hashed(n_phrase_features, ngram_range=(2, 2), min_df=2)))
    features = JobColumnTransformer(
        [
            (
                _TITLE,
                Pipeline([("clean", StemmingCleaner()), ("hash", _hashed(n_title_features))]),
                title,
            ),
            (
                "description",
                Pipeline([("clean", StemmingCleaner()), ("hash", FeatureUnion(words))]),
                description,
            ),
            (
                _COUNTS,
                Pipeline(
                    [
                        (
                            "count",
                            FeatureUnion(
                                [("statistics", TextStatistics()), ("pos", POSFeatures())]
                            ),
                        ),
                        # counts are skewed: a few descriptions are ten times as long
                        (
                            "log",
                            FunctionTransformer(
                                np.log1p,
                                kw_args={"dtype": np.float32},
                                feature_names_out="one-to-one",
                            ),
                        ),
                        ("scale", StandardScaler()),
                    ]
                ),
                description,
            ),
        ],
        transformer_weights={_TITLE: _TITLE_WEIGHT},
        n_jobs=n_jobs,
        sparse_threshold=1.0,
        verbose=verbose,
    )
    n_hashed = n_hashed_features + n_phrase_features
    topics = []
    if n_topics:
        topics.append(
            (
                _TOPICS,
                CrossViewTransformer(
                    n_title_features, n_components=n_topics, random_state=random_state
                ),
                slice(0, n_hashed_features),
            )
        )
    autoencoder = ColumnTransformer(
        [
            (
                _CODES,
                Pipeline(
                    [
                        (
                            "encode",
                            ConvAutoencoderTransformer(
                                n_components,
                                tag_loss_weight=_TAG_LOSS_WEIGHT,
                                log_dir=log_dir,
                                random_state=random_state,
                                verbose=verbose,
                            ),
                        ),
                        ("scale", StandardScaler()),
                    ]
                ),
                slice(0, n_hashed_features),
            ),
            (_COUNTS, "passthrough", slice(n_hashed, None)),
            *topics,
            ("wide", "passthrough", slice(0, n_hashed)),
        ],
        sparse_threshold=1.0,
    )
    classifier = KerasMultiLabelClassifier(
        n_wide_features=n_hashed + n_topics,
        input_dropout=0.7,
        threshold="auto",
        log_dir=log_dir,
        random_state=random_state,
        verbose=verbose,
    )
    return JobTagPipeline(
        [("features", features), ("autoencoder", autoencoder), ("classifier", classifier)],
        memory=memory,
    )


def _hashed(n_features: int, ngram_range: tuple[int, int] = (1, 1), min_df: int = 0) -> Pipeline:
    """Hash cleaned words, or pairs of them, and weight them by how rare they are."""
    hashing = HashingVectorizer(
        n_features=n_features,
        # words are cleaned and stand between spaces; skops cannot save str.split as a tokenizer
        token_pattern=r"\S+",
        lowercase=False,
        ngram_range=ngram_range,
        norm=None,
        alternate_sign=False,
        dtype=np.float32,
    )
    tfidf = IncrementalTfidfTransformer(sublinear_tf=True, min_df=min_df)
    return Pipeline([("count", hashing), ("weight", tfidf)])


def _n_hashed(parts: dict[str, Any]) -> int:
    """Return how many columns the hashes among some parts have."""
    hashes = sklearn_text.HashingVectorizer
    return sum(part.n_features for part in parts.values() if isinstance(part, hashes))


def _fitted(step: Any) -> bool:
    try:
        check_is_fitted(step)
    except Exception:
        return False
    return True
