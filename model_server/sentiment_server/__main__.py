"""`python -m sentiment_server` is `sentiment-server`."""

import sys

from sentiment_server.cli import main

sys.exit(main())
