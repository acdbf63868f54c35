"""Stacks with shinestacker as its own quick start does; run by the interpreter that has it, not by ours.

    python shinestacker_job.py pyramid|depthmap OUT FRAME...

OUT gets the suffix that shinestacker chose: it writes JPEG for JPEG.
"""

import shutil
import sys
from pathlib import Path


def main() -> None:
    """Align, balance and stack in the current folder."""
    from shinestacker import (
        AlignFrames,
        BalanceFrames,
        CombinedActions,
        DepthMapStack,
        FocusStack,
        PyramidStack,
        StackJob,
    )

    kind, out, frames = sys.argv[1], Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]
    Path("frames").mkdir()
    for index, frame in enumerate(frames):
        Path("frames", f"{index:05d}{frame.suffix.lower()}").symlink_to(frame)
    job = StackJob("job", str(Path.cwd()), input_path="frames")
    job.add_action(CombinedActions("aligned", actions=[AlignFrames(), BalanceFrames()]))
    stacker = {"pyramid": PyramidStack, "depthmap": DepthMapStack}[kind]()
    job.add_action(FocusStack("stacked", stacker, exif_path=""))
    job.run()
    results = sorted(path for path in Path("stacked").rglob("*") if path.is_file())
    if not results:
        sys.exit("shinestacker wrote no picture")
    shutil.move(results[0], out.with_suffix(results[0].suffix))


if __name__ == "__main__":
    main()
