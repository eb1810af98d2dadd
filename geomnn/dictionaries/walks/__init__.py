"""What local search is made of: a walk, the ball that it is on, and the lines that it takes."""
