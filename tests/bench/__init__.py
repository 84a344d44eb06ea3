"""The benchmark's own judgement: what it takes for right, and what it says of a wrong answer."""
