"""Builds the project's container images on this machine, with buildah or docker and without a registry.

Standard library only: it runs before anything is installed. It knows nothing of Kubernetes.
"""
