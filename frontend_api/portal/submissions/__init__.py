"""What members hand in: what there is, the form, their own, surveys."""
