"""Which parameters to train with: sets of them are tried by cross-validation, and the best is chosen. It never sees a
review that is held out for evaluation."""
