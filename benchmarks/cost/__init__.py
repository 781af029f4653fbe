"""What a deployment costs: storage requests counted in real runs, prices by their date, assumptions by name."""
