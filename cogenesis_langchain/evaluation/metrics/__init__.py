"""What can be measured of a text without a judge: one module for each kind of figure."""
