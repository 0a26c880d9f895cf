import os

from hypothesis import settings

# TensorFlow reports its processor features on import otherwise; it reads this once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# the same cases in every run, so that a failure is one of the change and can be had again
settings.register_profile("quick", derandomize=True, database=None, deadline=None)
settings.load_profile("quick")
