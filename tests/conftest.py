import os

# TensorFlow reports its processor features on import otherwise; it reads this once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
