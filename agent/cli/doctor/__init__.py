"""What `hydronest doctor` looks at and what it makes of it: looking and judging are apart, and judging is pure."""
