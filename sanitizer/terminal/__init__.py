"""How a run looks on a terminal: progress, heatmaps and the story of a report."""
