"""One nest at work: what it sees, the table's rows it takes, and the orders it has carried out."""
