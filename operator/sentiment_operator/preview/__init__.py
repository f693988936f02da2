"""What would follow if a suspended model went on: the real decisions, asked about a world that is only supposed."""
