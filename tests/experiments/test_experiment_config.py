from __future__ import annotations

from pathlib import Path

import pytest

from cogenesis_langchain import Bounded, Budget
from experiments.config import load_config
from experiments.errors import ExperimentConfigInvalid

LEAST = 'records = ["r.jsonl"]\nsettings = ["sketch-fill"]\n'
FUSED = LEAST.replace("sketch-fill", "fused") + 'operators = ["mean"]\n'
_FOLDER = Path(__file__).parents[2] / "experiments" / "configs"
OWN = sorted([*_FOLDER.glob("bench_quality*.toml"), _FOLDER / "disclosures.toml"])


def write(path: Path, text: str) -> Path:
    file = path / "experiment.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_operators_that_fused_stands_for_have_limits_of_their_own(tmp_path: Path) -> None:
    text = FUSED + '[limits]\nfused = 3\n"fused mean" = 5'
    assert load_config(write(tmp_path, text)).limits == {"fused": 3, "fused mean": 5}


def test_each_disclosure_makes_a_fused_setting_with_a_limit_of_its_own(tmp_path: Path) -> None:
    limited = "{ word = 3.0 }, { word = 1, text = 40 }, { epsilon = 8 }"
    text = FUSED + f'disclosures = ["open", "masked", {limited}]\n'
    config = load_config(write(tmp_path, text + '[limits]\n"fused mean, masked" = 2'))
    names = [name for name, _, _ in config.fused()]
    limits = ["budget of 3 a word", "budget of 1 a word, 40 a text", "epsilon 8, delta 1e-06"]
    assert names == ["fused mean", *(f"fused mean, {one}" for one in ("masked", *limits))]
    chosen = [one.disclosure() for _, _, one in config.fused() if not isinstance(one, str)]
    assert chosen == [Budget(3.0), Budget(1.0, 40.0), Bounded(8.0, 1e-6)]


def test_records_and_settings_are_enough(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, LEAST))
    assert config.seeds == (1,)
    assert config.cloud.base_url is None
    assert config.judge is None
    assert config.likelihood is None
    assert "mean" in config.operators


def test_a_recorded_cloud_needs_no_stand_in(tmp_path: Path) -> None:
    for line, is_stand_in in (("", True), ('recorded = "r.jsonl"', False), ('model = "x"', True)):
        config = load_config(write(tmp_path, f"{LEAST}[cloud]\n{line}\n"))
        assert config.cloud.is_stand_in is is_stand_in
    both = LEAST + '[cloud]\nrecorded = "r.jsonl"\nbase_url = "https://cloud.test/v1"\n'
    with pytest.raises(ExperimentConfigInvalid, match="leave out recorded or base_url"):
        load_config(write(tmp_path, both))


def test_every_key_can_be_set(tmp_path: Path) -> None:
    config = load_config(
        write(
            tmp_path,
            LEAST
            + """
            seeds = [1, 2]
            limit = 20
            operators = ["mean"]
            concurrency = 4
            limits = { sketch-fill = 10 }
            generation = { max_tokens = 96, temperature = 0, top_p = 1 }
            cloud = { base_url = "https://cloud.test/v1", model = "large", trusted_hosts = ["a"] }
            local = { model = "small.gguf", fine_tuned = "tuned.gguf", n_ctx = 2048, threads = 2 }
            sketch_models = [{ name = "medium", model = "m" }]
            likelihood = { tokens = 64, limit = 10 }
            judge = { model = "j", aspects = ["personalisation"], seeds = [1, 2, 3] }
            prices = { input = 0.4, output = 1.6 }
            """,
        )
    )
    assert config.limits == {"sketch-fill": 10}
    assert config.generation.temperature == 0
    assert config.judge is not None
    assert config.judge.aspects == ("personalisation",)


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
def test_the_projects_own_configurations_are_valid(file: Path) -> None:
    assert load_config(file).settings


def test_there_are_own_configurations() -> None:
    assert len(OWN) == 4


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('settings = ["sketch-fill"]', "records: Field required"),
        ('records = ["r.jsonl"]', "settings: Field required"),
        ('records = []\nsettings = ["a"]', "records: .*at least 1 item"),
        ('records = ["r"]\nsettings = []', "settings: .*at least 1 item"),
        (LEAST + "seeds = []", "seeds: .*at least 1 item"),
        (LEAST + "seeds = [1, 1]", "seeds: names something twice"),
        (LEAST + 'seeds = ["one"]', r"seeds\[0\]: .*integer"),
        (LEAST + "limit = 0", "limit: .*greater than or equal to 1"),
        (LEAST + "temprature = 0.3", "temprature: Extra inputs"),
        (LEAST + "[generation]\nmax_tokens = -1", r"generation\.max_tokens"),
        (LEAST + "[generation]\ntop_k = 4", r"generation\.top_k: Extra inputs"),
        (LEAST + "[[sketch_models]]\nmodel = 'm'", r"sketch_models\[0\]\.name: Field required"),
        (LEAST + 'operators = ["mean", "median"]', "operators: unknown: median; there are"),
        (LEAST + "[limits]\nfused = 3", "limits: no such setting here: fused"),
        (
            FUSED + '[limits]\n"fused mean" = 3\n"fused max" = 3',
            "limits: no such setting here: fused max",
        ),
        (FUSED + 'disclosures = ["masked", "masked"]', "disclosures: names something twice"),
        (FUSED + "disclosures = [{ word = 0 }]", "disclosures.*greater than 0"),
        (FUSED + "disclosures = [{ epsilon = 8, delta = 2 }]", "disclosures.*less than 1"),
        (FUSED + 'disclosures = ["masked"]\n[likelihood]', "likelihood: .*open"),
        (LEAST + "[judge]\naspects = ['style']", r"judge\.aspects\[0\]"),
        (LEAST + "[prices]\ninput = -1\noutput = 1", r"prices\.input"),
        ("records = [", "is no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ExperimentConfigInvalid, match=named):
        load_config(write(tmp_path, text))


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ExperimentConfigInvalid, match="cannot be read"):
        load_config(tmp_path / "none.toml")
