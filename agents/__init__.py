"""Who may think with which tools: four agents and a supervisor that never speaks."""
