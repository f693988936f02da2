"""What a person is told: what is the matter, where, why, and the one next step. Pure texts that decide nothing."""
