"""Servers on loopback: recorded answers, and a proxy that records what is sent."""
