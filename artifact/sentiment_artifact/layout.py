"""Names inside the file, shared by the side that writes and the side that reads. FORMAT.md explains them."""

FORMAT = "rpm"
FORMAT_VERSION = 1

METADATA_KEY = "compiled_model"
"""The one key of the safetensors metadata: several keys would be written in an order of their own in every process."""

TERM_SEPARATOR = "\n"
TOKEN_PATTERNS = {1: r"(?u)\b\w+\b", 2: r"(?u)\b\w\w+\b"}
"""scikit-learn's name for words of at least so many characters."""
TEXT_LIMIT = 100_000
"""Characters of the longest text whose counts the table of logarithms covers; longer texts are scored exactly too."""

LONGEST_NGRAM = 3
CLASSES = ("negative", "positive")

TERMS = "terms"
IDF = "idf"
LOG_TABLE = "log_table"
COEF = "coef"
INTERCEPT = "intercept"
FOREST_FIELDS = ("roots", "left", "right", "feature", "threshold", "value")
