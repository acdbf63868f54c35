// the depth map: what is unsure fades, pointing reads the slice
{
  const stage = at("map"), veil = at("unsure"), sure = at("sure"), reading = at("reading");
  veil.width = map.width;
  veil.height = map.height;
  const fade = () => {
    const context = veil.getContext("2d"), image = context.createImageData(map.width, map.height);
    const least = sure ? (sure.value / 100) * 255 : 0;
    for (let i = 0; i < map.sure.length; i++) if (map.sure[i] < least) image.data.set([24, 26, 29, 225], 4 * i);
    context.putImageData(image, 0, 0);
  };
  if (sure) sure.addEventListener("input", fade);
  const read = (event) => {
    const box = stage.getBoundingClientRect();
    const column = clamp(Math.floor(((event.clientX - box.left) / box.width) * map.width), 0, map.width - 1);
    const row = clamp(Math.floor(((event.clientY - box.top) / box.height) * map.height), 0, map.height - 1);
    const index = row * map.width + column, belief = sure ? `, ${Math.round((100 * map.sure[index]) / 255)} % sure` : "";
    reading.textContent = `slice ${(sliceAt(index) + 1).toFixed(1)}${belief}`;
  };
  for (const kind of ["pointermove", "pointerdown"]) stage.addEventListener(kind, read);
}
