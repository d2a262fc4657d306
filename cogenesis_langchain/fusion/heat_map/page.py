"""Renders a fused text, coloured by the model that wrote it, as a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from string import Template
from typing import Final

from cogenesis_langchain.fusion.heat_map.terminal import (
    ALONE,
    AUTHORS,
    CORRECTED,
    MASKED,
    SEEN,
    author,
    certainty_line,
    colour,
    summary,
)
from cogenesis_langchain.fusion.trace import Candidate, FusedToken, Trace

_PAGE: Final = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who wrote it</title>
<style>
  :root { --paper: #fbfaf7; --ink: #23211d; --soft: #6b675e; --line: #e4e0d6; --card: #fff; }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #1b1a18; --ink: #ece8df; --soft: #a09a8d; --line: #38352f; --card: #262420; }
  }
  body { margin: 0; background: var(--paper); color: var(--ink);
         font: 17px/1.9 Georgia, "Times New Roman", serif; }
  main { max-width: 46rem; margin: 3rem auto; padding: 0 1.5rem; }
  h1 { font-size: 1.5rem; font-weight: normal; margin: 0; }
  .summary, .legend, .tip { font: 13px/1.5 system-ui, sans-serif; color: var(--soft); }
  .legend { margin: 1rem 0 1.6rem; padding: 0; list-style: none; }
  .legend li { margin: .3rem 0; }
  .sample { color: #23211d; border-radius: 3px; padding: .1em .5em; white-space: nowrap; }
  .text { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
          padding: 1.4rem 1.6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
  .t, .sample { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .t { position: relative; color: #23211d; border-radius: 3px; padding: .12em 0;
       box-decoration-break: clone; -webkit-box-decoration-break: clone; }
  .corrected { box-shadow: inset 0 -2px currentcolor; }
  .alone { font-style: italic; }
  .masked { outline: 1.5px dashed #8a2d2d; outline-offset: -1px; border-radius: 3px; }
  h2 { font-size: 1.1rem; font-weight: normal; margin: 1.6rem 0 .5rem; }
  .tip { display: none; position: absolute; left: 0; top: 1.7em; z-index: 1; width: 17rem;
         padding: .7rem .9rem; background: var(--card); border: 1px solid var(--line);
         border-radius: .5rem; box-shadow: 0 6px 24px #0003; font-style: normal;
         white-space: normal; }
  .t:hover .tip, .t:focus .tip { display: block; }
  .t:focus { outline: 2px solid var(--soft); }
  .tip b { color: var(--ink); font-weight: 600; }
  .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; margin-top: .4rem; }
  .row { display: flex; justify-content: space-between; gap: .5rem; }
  .row span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: pre;
                          color: var(--ink); }
  @media (max-width: 40rem) {
    main { margin: 1.5rem auto; }
    .tip { position: fixed; left: 1rem; right: 1rem; bottom: 1rem; top: auto; width: auto; }
  }
</style>
<main>
<h1>Who wrote it</h1>
<p class="summary">$summary</p>
<ul class="legend">
  <li>Who wrote a token, from dark to light: $samples</li>
  <li><span class="corrected">Underlined</span>: $corrected. <span class="alone">Italic</span>:
    $alone.$masked</li>
  <li>$certainty</li>
  <li>Point at a token, or tap it, to see who wrote it and how sure each model was of what.</li>
</ul>
<div class="text">$tokens</div>
$seen</main>
</html>
""")

_SEEN: Final = Template("""\
<h2>$title</h2>
<p class="summary">Rejected drafts, which it saw as well, are left out.</p>
<div class="text">$text</div>
""")
_NO_VOTE: Final = '<span class="row">no vote</span>'


def to_html(trace: Trace) -> str:
    """Render the page: the text, its colours, and both models' candidates for each token.

    The page contains everything that the trace contains, including private text. It loads no other
    resource.
    """
    return _PAGE.substitute(
        samples=" ".join(
            f'<span class="sample" style="background:{_css(share)}">{name}</span>'
            for share, name in AUTHORS.values()
        ),
        corrected=CORRECTED,
        alone=ALONE,
        certainty=certainty_line(trace),
        summary=escape(summary(trace)),
        masked=f' <span class="masked sample">Framed</span>: {MASKED}.' if trace.masked else "",
        tokens="".join(_runs(trace)),
        seen=_panel(trace.seen),
    )


def _panel(seen: str) -> str:
    return _SEEN.substitute(title=SEEN.capitalize(), text=escape(seen)) if seen else ""


def _runs(trace: Trace) -> Iterator[str]:
    """The tokens; each run that the cloud model was not shown has one frame."""
    masked = trace.masked
    for is_masked, run in groupby(enumerate(trace.tokens), key=lambda item: item[0] in masked):
        tokens = "".join(_token(token) for _, token in run)
        yield f'<span class="masked">{tokens}</span>' if is_masked else tokens


def _token(token: FusedToken) -> str:
    name = {"corrected": "t corrected", "local": "t alone", "accepted": "t"}[token.source]
    _, written_by = AUTHORS[author(token.share)]
    told = {"corrected": f"{written_by}; {CORRECTED}", "local": ALONE, "accepted": written_by}
    sides = _side("local", token.local_top) + _side("cloud", token.cloud_top)
    return (
        f'<span class="{name}" tabindex="0" style="background:{_css(token.share)}">'
        f'{escape(token.piece)}<span class="tip"><b>{told[token.source]}</b><br>'
        f"p = {token.probability:.3f} · local share {token.share:.0%} · w = {token.weight:.2f}"
        f'<span class="sides">{sides}</span></span></span>'
    )


def _side(name: str, candidates: Sequence[Candidate]) -> str:
    rows = "".join(
        f'<span class="row"><span>{escape(_visible(candidate.text))}</span>'
        f"<span>{candidate.probability:.3f}</span></span>"
        for candidate in candidates
    )
    return f"<span><b>{name}</b>{rows or _NO_VOTE}</span>"


def _visible(text: str) -> str:
    """Show white space, which would otherwise be invisible in a list of candidates."""
    return text.replace("\n", "↵").replace("\t", "⇥").replace(" ", "·")


def _css(share: float) -> str:
    red, green, blue = colour(share)
    return f"rgb({red} {green} {blue})"
