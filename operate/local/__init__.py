"""The environment on this machine: the embedded AWS, with the sample modules and image in it."""
