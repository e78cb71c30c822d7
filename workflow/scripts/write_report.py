"""The study's report: one HTML file that opens without a network."""

from bgbias.axes import trained
from bgbias.figures.titles import title
from bgbias.files import read_rows, write_text
from bgbias.logs import job_log
from bgbias.results.findings import (
    attention_findings,
    collapse_findings,
    data_findings,
    mask_findings,
    query_findings,
    retrieval_findings,
    training_findings,
)
from bgbias.results.measured_on import data_table, measured_on
from bgbias.results.names import method_name
from bgbias.results.published import comparison_table, read_comparison
from bgbias.results.report import render
from bgbias.results.report_content import (
    code_facts,
    other_methods,
    other_metrics,
    run_facts,
    scope,
    selection_words,
    settings_lines,
    variants,
)
from bgbias.results.summaries import sd_words, summarise_attention, summarise_retrieval
from bgbias.results.tables import attention_table, mask_quality_table, retrieval_table
from bgbias.runs import read_run


def write_report(
    template: str,
    html: str,
    *,
    retrieval: str,
    attention: str,
    mask_quality: str,
    runs: list[str],
    provenance: str,
    figures: dict[str, str],
    figures_of_datasets: dict[str, list[str]],
    datasets: list[str],
    shown: list[list[dict]],
    layouts: list[str],
    indices: list[str],
    problems: list[str],
    backgrounds: str,
    published: list[str],
    compared: list[str],
    study: str,
    settings: dict,
    method: str,
) -> None:
    """Fill ``template`` (Jinja) and write the page to ``html``.

    ``retrieval``, ``attention``, ``mask_quality``: the collected CSV files; ``runs``: every run.yaml;
    ``provenance``: provenance.json. ``figures``: PNG files by the figures' names; ``figures_of_datasets``:
    by a name a list of them, one a dataset in the order of ``datasets``, as are ``shown``, the runs whose
    matches and maps are in the figures, ``layouts``, those of the packed images, ``indices`` and
    ``problems``, which need not exist. ``backgrounds``: the layout of the packed test backgrounds.
    ``published``: the CSV files of tabulate_published, of the tables in ``compared``, in that order; none
    where nothing is compared. ``settings``: the configuration in force; ``method``: the attribution method
    whose scores are printed.

    StudyError when a run.yaml or a table is not whole.
    """
    measured = read_rows(retrieval)
    summary = summarise_retrieval(measured)
    scores = summarise_attention(read_rows(attention))
    masks = read_rows(mask_quality)
    records = [read_run(run) for run in runs]
    several_seeds = len({run["seed"] for run in trained(records)}) > 1
    comparisons = [(kind, read_comparison(path)) for kind, path in zip(compared, published, strict=True)]
    measured_data = [*map(measured_on, datasets, layouts, indices, problems)]
    test_backgrounds = read_rows(backgrounds)
    findings = [
        *collapse_findings(measured),
        *retrieval_findings(summary),
        *attention_findings(scores, method),
        *mask_findings(masks),
        *data_findings(measured_data, test_backgrounds),
        *query_findings(measured),
        *training_findings(records),
    ]
    page = render(
        template,
        study=study,
        scope=scope(summary),
        findings=findings,
        variants=variants(summary, settings),
        draws=max(row["draws"] for row in summary if row["protocol"] == "swapped"),
        sd_over=sd_words(summary),
        tables={
            "retrieval": retrieval_table(summary),
            "attention": attention_table(scores, method),
            "mask_quality": mask_quality_table(masks),
            "data": data_table(measured_data, len(test_backgrounds)),
        },
        other_metrics=other_metrics(measured),
        labelled=[row["dataset"] for row in masks if int(row["n"])],
        method=method_name(method),
        other_methods=other_methods(scores, method),
        figures=figures
        | {name: list(zip(datasets, paths, strict=True)) for name, paths in figures_of_datasets.items()},
        shown={
            dataset: title(of_dataset, several_seeds)
            for dataset, of_dataset in zip(datasets, shown, strict=True)
        },
        selection=selection_words(summary, settings),
        published=[
            comparison_table(rows, kind, sd_words(summary) if kind == "retrieval" else "")
            for kind, rows in comparisons
            if any(row["measured"] is not None for row in rows)  # masks without hand labels are not
        ],
        trained=bool(trained(records)),
        facts=[*run_facts(records), *code_facts(provenance)],
        settings=list(settings_lines(settings)),
    )
    write_text(html, page)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        given, wanted = snakemake.input, snakemake.params
        write_report(
            given.template,
            snakemake.output.html,
            retrieval=given.retrieval,
            attention=given.attention,
            mask_quality=given.mask_quality,
            runs=given.runs,
            provenance=given.provenance,
            figures={name: given[name] for name in wanted.figures},
            figures_of_datasets={name: given[name] for name in wanted.figures_of_datasets},
            datasets=wanted.datasets,
            shown=wanted.shown,
            layouts=given.layouts,
            indices=given.indices,
            problems=wanted.problems,
            backgrounds=given.backgrounds,
            published=given.published,
            compared=wanted.compared,
            study=wanted.study,
            settings=wanted.settings,
            method=wanted.method,
        )
