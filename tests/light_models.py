"""A model of tags that learns in milliseconds and remembers what it was taught."""

import time
from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer


class LightModel:
    """Logistic regression over hashed words, one step of gradient descent a posting.

    `taught` counts how often each posting was taught, so that a test can ask the model itself
    what it has learnt.
    """

    def __init__(self, learning_rate=1.0, seconds=0.0):
        self.learning_rate = learning_rate
        self.seconds = seconds
        self.taught = Counter()

    def fit(self, jobs, tags):
        self.classes_ = np.array(tags.columns, dtype=object)
        self.weights = np.zeros((2**10, len(self.classes_)))
        return self.partial_fit(jobs, tags)

    def partial_fit(self, jobs, tags):
        assert list(tags.columns) == list(self.classes_)
        assert list(tags.index) == list(jobs.index)
        time.sleep(self.seconds)
        X, Y = self._columns(jobs), tags.to_numpy()
        for row in range(len(jobs)):
            words = X[[row]]
            step = Y[row] - self._probabilities(words)[0]
            self.weights += self.learning_rate * (words.T @ step[None, :])
        self.taught.update(jobs.index)
        return self

    def predict_proba(self, jobs):
        return self._probabilities(self._columns(jobs))

    def predict(self, jobs):
        return (self.predict_proba(jobs) > 0.5).astype(int)

    def _columns(self, jobs):
        texts = jobs["job_title"] + " " + jobs["job_description"]
        return HashingVectorizer(n_features=2**10).transform(texts)

    def _probabilities(self, X):
        return 1 / (1 + np.exp(-(X @ self.weights)))


class GrowingModel(LightModel):
    """Learns tags that it has not known, if a parameter says so."""

    new_tags = False

    def get_params(self, deep=True):
        return {"new_tags": self.new_tags}

    def set_params(self, new_tags):
        self.new_tags = new_tags
        return self

    def partial_fit(self, jobs, tags):
        new = [name for name in tags.columns if name not in set(self.classes_)]
        if new:
            assert self.new_tags is True
            self.classes_ = np.array([*self.classes_, *new], dtype=object)
            self.weights = np.pad(self.weights, ((0, 0), (0, len(new))))
        return super().partial_fit(jobs, tags)


class ForgettingModel(LightModel):
    """Becomes worse by whatever it is taught."""

    def partial_fit(self, jobs, tags):
        if self.taught:
            self.taught.update(jobs.index)
            self.weights = -self.weights
            return self
        return super().partial_fit(jobs, tags)


class DivergingModel(LightModel):
    """Has no numbers left after what it is taught."""

    def partial_fit(self, jobs, tags):
        again = bool(self.taught)
        super().partial_fit(jobs, tags)
        if again:
            self.weights[:] = np.nan
        return self
