"""What finds private values in a text. Each module knows one family of them."""
