"""The way to MLflow: what is registered, how far trainings are, and who is champion. It decides nothing."""
