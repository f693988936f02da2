"""What is to be done next, from facts alone: rules of versions, trainings, gates, people and followed branches.

Pure: it knows no client and no clock. How a version takes over is `rollout`, how a model follows another one `promoting`.
"""
