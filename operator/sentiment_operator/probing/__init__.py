"""What is asked where no watch tells: serving pods, Prometheus, and the nodes. It judges nothing."""
