"""The water company's network: taken in, and worked out beforehand."""
