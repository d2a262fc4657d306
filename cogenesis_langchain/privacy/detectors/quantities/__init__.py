"""Quantities and dates: values with several spellings, parsed to what they mean."""
