"""The contact sheet of a dataset: some test images, their masks, and the images with swapped backgrounds."""

from bgbias.figures.contact_sheet import draw
from bgbias.figures.pictures import centre_square, spread, swap
from bgbias.figures.style import save
from bgbias.figures.titles import some_of
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log
from bgbias.results.names import human


def draw_contact_sheet(
    layout: str, backgrounds_layout: str, png: str, pdf: str, *, dataset: str, shown: int
) -> None:
    """Draw up to ``shown`` test images of the store next to ``layout``: the originals, their masks, and the
    objects in front of other backgrounds.

    The backgrounds are from the store next to ``backgrounds_layout``; ``dataset`` is named in the title.
    """
    store = PixelStore.open(layout)
    backgrounds = PixelStore.open(backgrounds_layout)
    # Ordered by class, so that a sheet shows as many classes as possible.
    rows = sorted(store.index.rows("test"), key=lambda row: (store.index.labels[row], row))
    size = int(store.sizes.min())
    pictures = []
    for number, row in enumerate(spread(rows, shown)):
        square = centre_square(store.rgba(row), size)
        rgb, alpha = square[..., :3], square[..., 3]
        scene = centre_square(backgrounds.rgba(number % len(backgrounds)), size)[..., :3]
        pictures.append((rgb, alpha, swap(rgb, alpha, scene)))
    title = f"{human(dataset)}: {some_of(len(pictures), len(rows), 'test images')}"
    save(draw(pictures, title), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_contact_sheet(
            layout=snakemake.input.layout,
            backgrounds_layout=snakemake.input.backgrounds,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            dataset=snakemake.params.dataset,
            shown=snakemake.params.shown,
        )
