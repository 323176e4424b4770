"""The record of acts: who did what, to what, and what came of it, in one chain."""
