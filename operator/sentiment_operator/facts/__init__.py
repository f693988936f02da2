"""What was seen of the world in one pass, as values. It knows neither how that is read nor what follows from it."""
