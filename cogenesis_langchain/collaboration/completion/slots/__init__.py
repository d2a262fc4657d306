"""One slot: it is decoded, and it ends where the words that follow fit."""
