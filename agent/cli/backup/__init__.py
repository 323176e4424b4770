"""A gateway's backup: one file that holds what is kept, and how it is put back."""
