"""Trains one version of a sentiment model: fetch, check, split, fit, evaluate, export, register.

It knows the data, scikit-learn and MLflow. It must not know Kubernetes: an order goes in, an answer comes out.
"""
