"""Save small models in the present format, for the tests of all later ones.

    python tests/neural_network/saved/make.py FILE.pickle FILE.skops

Run it when `_STATE_FORMAT` is raised, and keep the files of the earlier formats.
"""

import pickle
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
import pandas as pd
import skops.io

sys.path.insert(0, str(Path(__file__).parents[2]))
from small_models import make_tags, small_autoencoder, small_classifier

X, Y = make_tags(n_samples=60, n_features=12, n_tags=3)
TABLE = pd.DataFrame(Y, columns=["Nursing", "Sales", "Driving"])
ROWS = np.abs(X)


def main():
    classifier = small_classifier(
        scores_first=True, threshold="auto", optimizer="adam", learning_rate=0.02, dropout=0.2
    ).fit(X, TABLE)
    autoencoder = small_autoencoder(optimizer="adam").fit(ROWS)
    models = {
        "classifier": classifier,
        "autoencoder": autoencoder,
        "probabilities": classifier.predict_proba(X[:6]),
        "codes": autoencoder.transform(ROWS[:6]),
    }
    pickled, with_skops = map(Path, sys.argv[1:])
    pickled.write_bytes(pickle.dumps(models, protocol=4))
    with_skops.write_bytes(skops.io.dumps(models, compression=ZIP_DEFLATED))


if __name__ == "__main__":
    main()
