"""The study's report: one HTML file that opens without a network.

input: ``retrieval``, ``attention``, ``mask_quality`` (results/{study}/*.csv), ``runs`` (all run.yaml),
``provenance`` (provenance.json),
``template`` (report.html.j2); figures as PNG: ``swap_chart``, ``training_curves``, and lists with one file a
dataset: ``contact_sheets``, ``retrieval_galleries``, ``attribution_panels``, ``mask_examples``; optionally
``published_scatter`` (PNG) and ``published_retrieval``, ``published_attention``, ``published_mask_quality``
(CSV of tabulate_published). params: ``study``, ``datasets`` (in the order of the lists), ``settings`` (what
the report shows of the configuration), ``method``. output: ``html``.
"""

from bgbias.files import read_rows, write_text
from bgbias.logs import job_log
from bgbias.results.findings import (
    attention_findings,
    collapse_findings,
    mask_findings,
    retrieval_findings,
    training_findings,
)
from bgbias.results.names import enumeration, method_name
from bgbias.results.published import comparison_table, read_comparison
from bgbias.results.report import (
    code_facts,
    other_methods,
    other_metrics,
    render,
    run_facts,
    scope,
    settings_lines,
    variants,
    with_header,
)
from bgbias.results.summaries import spread_words, summarise_attention, summarise_retrieval
from bgbias.results.tables import attention_table, mask_quality_table, retrieval_table
from bgbias.runs import read_run, trained


def write_report(
    results: dict[str, str],
    runs: list[str],
    template: str,
    figures: dict,
    published: dict[str, str],
    study: str,
    settings: dict,
    method: str,
    provenance: str,
    html: str,
) -> None:
    """``results``: retrieval, attention, mask_quality; ``figures``: a path, or (dataset, path) pairs, a name;
    ``published``: kind → its comparison table, for those that there are."""
    measured = read_rows(results["retrieval"])
    retrieval = summarise_retrieval(measured)
    attention = summarise_attention(read_rows(results["attention"]))
    masks = read_rows(results["mask_quality"])
    tables = {
        "retrieval": with_header(retrieval_table(retrieval)),
        "attention": with_header(attention_table(attention, method)),
        "mask_quality": with_header(mask_quality_table(masks)),
    }
    records = [read_run(run) for run in runs]
    findings = [
        *collapse_findings(measured),
        *retrieval_findings(retrieval),
        *attention_findings(attention, method),
        *mask_findings(masks),
        *training_findings(records),
    ]
    page = render(
        template,
        study=study,
        scope=scope(retrieval),
        findings=findings,
        variants=variants(retrieval, settings),
        draws=max(row["draws"] for row in retrieval if row["protocol"] == "swapped"),
        spread=spread_words(retrieval),
        tables=tables,
        other_metrics=other_metrics(measured),
        labelled=any(int(row["n"]) for row in masks),
        method=method_name(method),
        other_methods=enumeration(others) if (others := other_methods(attention, method)) else "",
        figures=figures,
        published=[
            with_header(comparison_table(read_comparison(path), kind)) | {"kind": kind}
            for kind, path in published.items()
        ],
        trained=bool(trained(records)),
        facts=[*run_facts(records), *code_facts(provenance)],
        settings=list(settings_lines(settings)),
    )
    write_text(html, page)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        given, per_dataset = snakemake.input, snakemake.params.datasets
        lists = ("contact_sheets", "retrieval_galleries", "attribution_panels", "mask_examples")
        write_report(
            {kind: given[kind] for kind in ("retrieval", "attention", "mask_quality")},
            given.runs,
            given.template,
            {
                "swap_chart": given.swap_chart,
                "training_curves": given.training_curves,
                "published_scatter": given.get("published_scatter"),
                **{name: list(zip(per_dataset, given[name], strict=True)) for name in lists},
            },
            {
                kind: given[f"published_{kind}"]
                for kind in ("retrieval", "attention", "mask_quality")
                if f"published_{kind}" in given.keys()  # noqa: SIM118 - a list with names, `in` looks at values
            },
            snakemake.params.study,
            snakemake.params.settings,
            snakemake.params.method,
            given.provenance,
            snakemake.output.html,
        )
