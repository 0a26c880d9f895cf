"""Text becomes columns: cleaning, counting and weighting the words of job postings."""

from ._cleaning import StemmingCleaner, Token
from ._documents import check_documents
from ._hashed_columns import ColumnFolder, join_texts
from ._hashing import HashingVectorizer
from ._job_columns import JobColumnTransformer
from ._markup import strip_markup
from ._part_of_speech import POSFeatures
from ._statistics import TextStatistics
from ._tfidf import IncrementalTfidfTransformer
from ._words import ENGLISH_STOP_WORDS, PROTECTED_TOKENS

__all__ = [
    "ENGLISH_STOP_WORDS",
    "PROTECTED_TOKENS",
    "ColumnFolder",
    "HashingVectorizer",
    "IncrementalTfidfTransformer",
    "JobColumnTransformer",
    "POSFeatures",
    "StemmingCleaner",
    "TextStatistics",
    "Token",
    "check_documents",
    "join_texts",
    "strip_markup",
]
