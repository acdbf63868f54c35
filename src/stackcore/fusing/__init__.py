"""Building blocks of fusers, for built-in ones and yours: they work on float32 arrays and know no plugin.

- `softmean`: a mean over the frames that favours high scores, in one pass and two arrays.
- `energy`: how much detail is around a pixel, and what noise adds to that.
- `logarithms`: scores made of both.
- `loops`: the compiled loops under `softmean` and `energy`.
- `pyramid`: one level down, one level up, the sizes of all levels, collapsing them into a picture.
- `halving`: the way down in colours, with the brightness of each level.
- `focus`: a focus measure at full resolution.
- `sixteen_bits`: the picture as whole numbers.
- `banded`: the bands of a frame as tasks, for fusers that need no more than one pass over each band.
- `coverage`: pixels that are no numbers, and what a frame covers on coarser levels.

A fuser that works in bands of rows gives the same picture to the bit for any number of workers if the bands depend
on the height of the picture alone, begin at a multiple of 2^k where k levels are worked in bands, and are read with
as many rows above and below as the filters reach. `stackcore.testing.fusers` proves it.
"""
