"""What operator, trainer and model server must agree on, and nothing that only one of them needs.

It knows pydantic and the standard library: no Kubernetes client, no MLflow, no scikit-learn.
"""
