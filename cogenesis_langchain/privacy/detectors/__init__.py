"""Detectors: find private values in a text. Each module handles one family of kinds.

A new detector is registered in `combined.py`: in ``_FINDERS`` if it yields spans, in ``_PARSERS``
if it parses values that have several spellings (dates, amounts), and also in
``_INSTRUCTION_FINDERS`` if its values are private in any instruction. A new kind is a name in
``ValueKind`` (`spans.py`).
"""
