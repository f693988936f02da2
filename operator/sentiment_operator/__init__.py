"""The SentimentModel operator: a pure core that decides, in a thin shell that reads and writes Kubernetes."""
