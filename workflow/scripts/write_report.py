"""Write the study's report: one HTML file that opens offline."""

import json
from pathlib import Path

from bgbias.axes import trained
from bgbias.figures.titles import title
from bgbias.files import read_rows, write_text
from bgbias.logs import job_log
from bgbias.results.caveats import (
    collapse_caveats,
    data_caveats,
    mask_caveats,
    query_caveats,
    training_caveats,
)
from bgbias.results.data_table import data_table
from bgbias.results.findings import attention_findings, retrieval_findings
from bgbias.results.names import method_name
from bgbias.results.published import comparison
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
    attention: str | None,
    mask_quality: str,
    runs: list[str],
    provenance: str,
    figures: dict[str, str],
    figures_of_datasets: dict[str, list[str]],
    shown: list[list[dict]],
    contents: list[str],
    backgrounds: str,
    published: dict[str, str],
    compared: dict[str, str],
    settings: dict,
    method: str | None,
) -> None:
    """Fill ``template`` (Jinja) and write the page to ``html``.

    ``retrieval``, ``attention``, ``mask_quality``: the collected CSV files; ``runs``: every run.yaml;
    ``provenance``: provenance.json. ``figures``: PNG files by figure name. One entry per dataset, in the
    grid's order: each list of ``figures_of_datasets``; ``shown``, the runs whose matches and maps the figures
    show; ``contents``, the files of describe_dataset. ``backgrounds``: the layout of the packed test
    backgrounds. ``published``: the files of the published values that are compared, by table; ``compared``:
    the datasets that are, their names here → the published names.
    ``settings``: the configuration in force; ``method``: the attribution method whose scores are printed.
    ``attention`` and ``method`` are None if nothing was attributed.

    StudyError when a run.yaml or a table is incomplete.
    """
    datasets = settings["grid"]["dataset"]
    measured = read_rows(retrieval)
    summary = summarise_retrieval(measured)
    attended = read_rows(attention) if attention else []
    scores = summarise_attention(attended) if attended else []
    masks = read_rows(mask_quality)
    records = [read_run(run) for run in runs]
    several_seeds = len({run["seed"] for run in trained(records)}) > 1
    collected = {"retrieval": measured, "attention": attended, "mask_quality": masks}
    comparisons = [
        comparison(table, read_rows(path), collected[table], compared) for table, path in published.items()
    ]
    data = {
        dataset: json.loads(Path(path).read_text(encoding="utf-8"))
        for dataset, path in zip(datasets, contents, strict=True)
    }
    test_backgrounds = read_rows(backgrounds)
    queries = {row["dataset"]: int(row["n_queries"]) for row in measured}
    findings = [
        *collapse_caveats(measured),
        *retrieval_findings(summary),
        *attention_findings(scores, method),
        *mask_caveats(masks),
        *data_caveats(data, test_backgrounds),
        *query_caveats(queries),
        *training_caveats(records),
    ]
    page = render(
        template,
        study=settings["study"],
        scope=scope(summary),
        findings=findings,
        variants=variants(summary, settings),
        draws=max(row["draws"] for row in summary if row["protocol"] == "swapped"),
        protocols={row["protocol"] for row in summary},
        sd_over=sd_words(summary),
        tables={
            "retrieval": retrieval_table(summary),
            "attention": attention_table(scores, method) if method else None,
            "mask_quality": mask_quality_table(masks),
            "data": data_table(data, queries, len(test_backgrounds)),
        },
        other_metrics=other_metrics(measured),
        labelled=[row["dataset"] for row in masks if int(row["n"])],
        method=method_name(method) if method else None,
        other_methods=other_methods(scores, method),
        figures=figures
        | {name: list(zip(datasets, paths, strict=True)) for name, paths in figures_of_datasets.items()},
        shown={
            dataset: title(of_dataset, several_seeds)
            for dataset, of_dataset in zip(datasets, shown, strict=True)
        },
        selection=selection_words(summary, settings),
        published=[
            table
            for rows, table in comparisons
            if any(row["measured"] is not None for row in rows)  # not so for masks without hand labels
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
            attention=given.get("attention"),
            mask_quality=given.mask_quality,
            runs=given.runs,
            provenance=given.provenance,
            figures={name: given[name] for name in wanted.figures},
            figures_of_datasets={name: given[name] for name in wanted.figures_of_datasets},
            shown=wanted.shown,
            contents=given.contents,
            backgrounds=given.backgrounds,
            published=dict(zip(wanted.tables, given.published, strict=True)),
            compared=wanted.compared,
            settings=wanted.settings,
            method=wanted.method,
        )
