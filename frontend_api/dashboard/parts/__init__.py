"""The parts that the dashboard's pages are made of, each written once: list, detail, form, conflict, confirmation, bulk act,
export, picker. Their templates stand in templates/parts/."""
