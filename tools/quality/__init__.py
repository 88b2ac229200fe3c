"""Quality: inspections, defects, and how products and suppliers do."""
