"""The model server: `model` scores and knows no HTTP, `web` speaks HTTP and knows no model, `process` runs both."""

import os

__version__ = "0.1.0"

# numpy starts a thread per core for linear algebra, which nothing here uses. It reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
