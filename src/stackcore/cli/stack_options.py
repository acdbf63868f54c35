"""The options of `stackcore stack` and of its stages, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, a folder, a glob or a capture manifest.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The picture to write: .tif, .png or .jpg.")]
Aligner = Annotated[
    str | None, typer.Option(show_default="ecc", help="How frames are registered; see `stackcore plugins list`.")
]
Fuser = Annotated[str | None, typer.Option(show_default="blend", help="How frames become one picture.")]
Sharpener = Annotated[str | None, typer.Option(show_default="unsharp3", help='Who sharpens; "none" for nobody.')]
Executor = Annotated[str | None, typer.Option(show_default="local", help="Where the work is done.")]
Sharpen = Annotated[
    str | None, typer.Option(metavar="S|X:Y:Z", help="Sharpen by S, or large:middle:small. 1 is the usual strength.")
]
Workers = Annotated[int | None, typer.Option(help="How many threads work; all cores if left out.")]
Memory = Annotated[str | None, typer.Option(metavar="SIZE", help="Keep within this much memory, for example 2GiB.")]
KeepAligned = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the aligned frames here, 16-bit TIFF; alpha says what they cover."),
]
KeepSlabs = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write the images of slabs here, for retouching; 16-bit TIFF.")
]
Slabs = Annotated[
    str | None,
    typer.Option(
        metavar="exact|images", show_default="exact", help="Fuse every frame once, or slabs and then their images."
    ),
]
SlabSize = Annotated[
    int | None, typer.Option(metavar="N", help="Frames from one slab to the next; the root of their number.")
]
SlabOverlap = Annotated[
    int | None, typer.Option(metavar="N", help="Frames that slab images share; 0.3 of the size, at least 2.")
]
Transforms = Annotated[Path | None, typer.Option(help="Use this transforms file instead of aligning.")]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="auto|shift|rigid|similarity|affine|homography",
        help="What may differ between frames; similarity if left out. The same as --set aligner.model=.",
    ),
]
Align = Annotated[
    bool | None,
    typer.Option("--align/--no-align", show_default="align", help="Without: the frames are aligned already."),
]
Crop = Annotated[
    bool | None,
    typer.Option(
        "--crop/--no-crop", show_default="crop", help="Without: the whole reference frame, not the common area."
    ),
]
MatchExposure = Annotated[
    bool | None,
    typer.Option(
        "--match-exposure/--no-match-exposure",
        show_default="match-exposure",
        help="Without: brightness of frames as it is.",
    ),
]
OnUnaligned = Annotated[
    str | None,
    typer.Option(metavar="skip|stop", show_default="skip", help="What happens to a frame that does not fit."),
]
HotPixels = Annotated[
    bool | None,
    typer.Option("--hot-pixels/--no-hot-pixels", show_default="hot-pixels", help="Look for hot pixels and mend them."),
]
Linear = Annotated[bool | None, typer.Option("--linear/--no-linear", help="The frames hold linear light.")]
FirstIsDark = Annotated[
    bool | None,
    typer.Option("--first-is-dark/--no-first-is-dark", help="The first file is a dark frame, not a picture."),
]
LastIsCard = Annotated[
    bool | None,
    typer.Option(
        "--last-is-greycard/--no-last-is-greycard",
        help="The last file is a grey card, not a picture: it tells the colours.",
    ),
]
Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="KIND.KEY=VALUE", help="Option of a plugin: fuser.levels=6.")
]
Compression = Annotated[
    str | None,
    typer.Option(metavar="none|lzw|deflate|zstd", show_default="none", help="Of a TIFF; all give back every bit."),
]
Tiled = Annotated[bool | None, typer.Option("--tiled/--no-tiled", help="TIFF in tiles, for very large pictures.")]
Quality = Annotated[int | None, typer.Option(help="Of a JPEG, 1 to 100; 95 if left out.")]
DepthMap = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the depth of every pixel here, .png or .tif of 16 bits."),
]
Preset = Annotated[
    str | None, typer.Option(metavar="NAME|FILE", help="Begin with these settings; see `stackcore presets list`.")
]
Like = Annotated[
    Path | None, typer.Option(metavar="RESULT", help="Repeat the settings that this result was made with.")
]
NoPresets = Annotated[
    bool, typer.Option("--no-presets", help="Pass over the settings of user, project and environment.")
]
Report = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page here that shows the result and how it came about, .html."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from where a run with this output was cut off.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and show the plan; no work.")]
Json = Annotated[bool, typer.Option("--json", help="One event a line, for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show errors and where the result is.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show more.")]
