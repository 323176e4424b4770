"""What ground lies within reach of a working hydrant."""
