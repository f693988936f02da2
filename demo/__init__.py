"""The way from nothing to a served, replaced and rolled-back model, step by step as a person would go it.

Standard library, kubectl and helm only: it runs on a machine where nothing is installed yet.
"""
