"""``python -m experiments``: compare ways of writing on records, and report."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cogenesis_langchain import cli
from cogenesis_langchain.cli.models import pull_with_bar
from cogenesis_langchain.datasets.lamp_format import LampTask
from cogenesis_langchain.models.cloud.stand_in import STAND_IN_MODEL
from experiments.config import Endpoint, ExperimentConfig, load_config

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)

Folder = Annotated[Path, typer.Argument(help="folder of a run, finished or not")]


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="the experiment, as TOML")],
    out: Annotated[Path, typer.Option(help="folder of the results")],
) -> None:
    """Write all texts of an experiment that are missing, and the report."""
    from experiments.report.page import CONFIG
    from experiments.run import load, run

    loaded = load_config(config)
    load(loaded)  # before anything is fetched or started
    _fetch(loaded)
    run(loaded, out)
    if config.resolve() != (out / CONFIG).resolve():
        shutil.copyfile(config, out / CONFIG)
    report(out)


@app.command()
def agents(
    config: Annotated[Path, typer.Argument(help="the experiment with agents, as TOML")],
    out: Annotated[Path, typer.Option(help="folder of the results")],
) -> None:
    """Have agents do all tasks that are missing, and write the report."""
    from experiments.agents.config import load_agents_config
    from experiments.agents.report import write_agents_report
    from experiments.agents.run import run_agents

    loaded = load_agents_config(config)
    for name in (loaded.local.model, *filter(None, [loaded.stand_in])):
        pull_with_bar(name)
    run_agents(loaded, out)
    typer.echo(write_agents_report(out))


@app.command()
def slots(
    config: Annotated[Path, typer.Argument(help="records and models, as TOML")],
    out: Annotated[Path, typer.Option(help="folder of the results")],
) -> None:
    """Have local models fill the slots of templates that are made of references."""
    from experiments.slots.report import write_slots_report
    from experiments.slots.run import load_slots_config, try_all_slots

    loaded = load_slots_config(config)
    for local in loaded.models:
        pull_with_bar(local.model)
    try_all_slots(loaded, out)
    typer.echo(write_slots_report(out))


@app.command()
def report(folder: Folder) -> None:
    """Write report.md and report.html of a run."""
    from experiments.report.page import write_report

    write_report(folder)
    typer.echo(folder / "report.md")


@app.command()
def rescore(folder: Folder) -> None:
    """Compute the scores of a run again, after a metric was changed, and write the report."""
    from experiments.run import score_again

    score_again(folder)
    report(folder)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="JSON file that the authors published")],
    out: Annotated[Path, typer.Option(help="file of the records, one JSON object a line")],
) -> None:
    """Make records of the data set that the authors of the paper published."""
    from cogenesis_langchain.datasets.loaders import load_authors_set, save_records

    records = load_authors_set(source)
    save_records(records, out)
    typer.echo(f"{len(records)} records in {out}")


@app.command()
def lamp(
    questions: Annotated[Path, typer.Argument(help="LaMP's questions")],
    outputs: Annotated[Path, typer.Argument(help="LaMP's gold outputs for them")],
    out: Annotated[Path, typer.Option(help="folder of training.jsonl and test.jsonl")],
    task: Annotated[LampTask, typer.Option(help="e-mails (6) or abstracts (5)")] = LampTask.EMAIL,
    least_words: Annotated[int, typer.Option(min=1, help="of a text")] = 40,
    most_words: Annotated[int, typer.Option(min=1, help="of a text")] = 400,
    nearest: Annotated[int, typer.Option(min=1, help="earlier texts a record")] = 4,
    records: Annotated[int | None, typer.Option(min=1, help="records; default: all")] = None,
) -> None:
    """Make records of a writing task of LaMP, chosen by length, nearness and style."""
    from cogenesis_langchain import LocalMiniLM
    from cogenesis_langchain.datasets.loaders import load_lamp_set, save_records
    from experiments.construction.lamp import Choice, choose

    read = load_lamp_set(questions, outputs, task)
    with typer.progressbar(length=len(read), label="records") as bar:
        choice = Choice(least_words, most_words, nearest, records)
        chosen = choose(read, LocalMiniLM(), choice, lambda done: bar.update(done - bar.pos))
    out.mkdir(parents=True, exist_ok=True)
    for name, some in (("training", chosen.training), ("test", chosen.test)):
        save_records(some, out / f"{name}.jsonl")
        typer.echo(f"{len(some)} records in {out / f'{name}.jsonl'}")


@app.command()
def construct(
    out: Annotated[Path, typer.Option(help="folder of the answers and records")],
    model: Annotated[str, typer.Option(help="the author")] = STAND_IN_MODEL,
    base_url: Annotated[str | None, typer.Option(help="its server; none: on this machine")] = None,
    groups: Annotated[int, typer.Option(min=1, help="groups of people")] = 2,
    people: Annotated[int, typer.Option(min=1, help="people a group")] = 2,
    tasks: Annotated[int, typer.Option(min=1, help="tasks a person")] = 1,
) -> None:
    """Have a chat model invent records, as in the paper; the folder can be continued."""
    from experiments.construction.author import Author
    from experiments.construction.construct import RECORDS, Plan
    from experiments.construction.construct import construct as build
    from experiments.construction.statistics import table
    from experiments.models import open_remote

    plan = Plan(groups, people, tasks)
    endpoint = Endpoint(model=model, base_url=base_url)
    with ExitStack() as stack:
        if base_url is None:
            pull_with_bar(model)
        remote = open_remote(endpoint, "author", slots=1, stack=stack)
        bar = stack.enter_context(typer.progressbar(length=plan.records, label="records"))
        author = Author(remote.open())
        made = build(author, plan, out, lambda done: bar.update(done - bar.pos))
    typer.echo(table(made, author.cost))
    typer.echo(out / RECORDS)


def main() -> None:
    """Run the command line."""
    cli.run(app)


def _fetch(config: ExperimentConfig) -> None:
    """Fetch missing model files, with a progress bar for each."""
    local = (config.local.model, config.local.fine_tuned)
    endpoints = (config.cloud, *config.sketch_models, *filter(None, [config.judge]))
    served = (endpoint.model for endpoint in endpoints if endpoint.is_stand_in)
    embedding = ("minilm-l6-v2-int8", "minilm-l6-v2-tokenizer") if config.closeness else ()
    for name in dict.fromkeys(filter(None, (*local, *served, *embedding))):
        pull_with_bar(name)


if __name__ == "__main__":
    main()
