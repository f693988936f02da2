"""A real Kubernetes on one Linux machine, without Docker and without an image registry.

Standard library only: it runs before anything is installed. It knows nothing of what will run in the cluster.
"""

from local_cluster.cluster import Cluster
from local_cluster.control_plane import ControlPlane

__all__ = ["Cluster", "ControlPlane"]
