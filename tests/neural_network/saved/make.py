"""Save small models in the present format, for the tests of all later ones.

    python tests/neural_network/saved/make.py FILE

Run it when `_STATE_FORMAT` is raised, and keep the files of the earlier formats.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2]))
from small_models import make_tags, small_autoencoder, small_classifier

X, Y = make_tags(n_samples=60, n_features=12, n_tags=3)
TABLE = pd.DataFrame(Y, columns=["Nursing", "Sales", "Driving"])
ROWS = np.abs(X)


def main():
    classifier = small_classifier(
        n_wide_features=8, threshold="auto", optimizer="adam", learning_rate=0.02, dropout=0.2
    ).fit(X, TABLE)
    autoencoder = small_autoencoder(optimizer="adam").fit(ROWS, TABLE)
    models = {
        "classifier": classifier,
        "autoencoder": autoencoder,
        "probabilities": classifier.predict_proba(X[:6]),
        "codes": autoencoder.transform(ROWS[:6]),
    }
    Path(sys.argv[1]).write_bytes(pickle.dumps(models, protocol=4))


if __name__ == "__main__":
    main()
