// Looks at pictures as a browser lays them out, and writes into the page what is wrong with them.
const problems = [];
const inside = (inner, outer) =>
  inner.left >= outer.left - 0.5 && inner.right <= outer.right + 0.5 &&
  inner.top >= outer.top - 0.5 && inner.bottom <= outer.bottom + 0.5;
const overlap = (one, two) =>
  Math.min(one.right, two.right) - Math.max(one.left, two.left) > 0.5 &&
  Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top) > 0.5;

// As WCAG defines it: 4.5 at least for a text, 3 for a shape.
const luminance = colour => {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(part => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, two) => {
  const [dark, light] = [luminance(one), luminance(two)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const style = element => getComputedStyle(element);
const box = element => element.getBoundingClientRect();

// A line of text is as high as its font, letters or not: two thirds of it are taken by capitals.
const letters = text => {
  const { left, right, top, bottom } = box(text);
  const spare = (bottom - top) / 6;
  return { left, right, top: top + spare, bottom: bottom - spare };
};

// What a text may take: the picture, or the frame around a text that somebody else wrote. A frame's own box is that of
// what is in it, seen or not.
const room = (text, picture) => {
  const whole = box(picture), frame = text.parentElement;
  if (frame === picture) return whole;
  const [x, y, width, height] = ["x", "y", "width", "height"].map(name => Number(frame.getAttribute(name)));
  const [left, top] = [whole.left + x, whole.top + y];
  return { left, top, right: left + width, bottom: top + height };
};

function check(name, source) {
  const problem = words => problems.push(`${name}: ${words}`);
  const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
  if (parsed.querySelector("parsererror")) return problem(parsed.querySelector("parsererror").textContent);
  const picture = document.body.appendChild(document.importNode(parsed.documentElement, true));
  const all = selector => [...picture.querySelectorAll(selector)];
  if (picture.getAttribute("role") !== "img") problem("it has no role");
  if (!picture.firstElementChild.matches("title") || !picture.firstElementChild.textContent) problem("it has no title");
  if (/https?:(?!\/\/www\.w3\.org\/2000\/svg")/.test(source)) problem("it needs something from elsewhere");

  const paper = all(".tl-paper")[0];
  const bands = all(".tl-band");
  const shapes = all(".tl-bar, .tl-mark, .tl-line:not(.tl-kept)");
  const texts = all("text");
  for (const text of texts) {
    const words = `the text ${JSON.stringify(text.textContent)}`;
    const place = letters(text);
    if (!inside(place, room(text, picture))) problem(`${words} runs outside`);
    if (parseFloat(style(text).fontSize) < 18) problem(`${words} is small`);
    const grounds = [paper, ...bands.filter(band => overlap(box(band), place))];
    for (const ground of grounds) {
      const measured = contrast(style(text).fill, style(ground).fill);
      if (measured < 4.5) problem(`${words} has a contrast of ${measured.toFixed(1)}`);
    }
    for (const other of texts) {
      if (other !== text && overlap(place, letters(other))) problem(`${words} touches ${other.textContent}`);
    }
    if (shapes.some(shape => overlap(place, box(shape)))) problem(`${words} touches a bar`);
    const grid = text.matches(".tl-name, .tl-life") ? all(".tl-grid").map(box) : [];
    if (grid.some(line => place.right > line.left)) problem(`${words} is not left of the lanes`);
  }
  for (const shape of [...shapes, ...bands, ...all(".tl-grid")]) {
    if (!inside(box(shape), box(paper))) problem(`the shape ${shape.outerHTML} runs outside`);
  }
  for (const shape of shapes) {
    const { width, height } = box(shape);
    if (Math.max(width, height) < 4 || (shape.matches(".tl-bar") && width < 4)) problem(`the shape ${shape.outerHTML} is not seen`);
    const measured = contrast(style(shape).stroke, style(paper).fill);
    if (measured < 3) problem(`the shape ${shape.outerHTML} has a contrast of ${measured.toFixed(1)}`);
  }
  // The first query begins at 0.1 ms. The band reaches from where the second begins to where the first ends.
  if (name === "two queries") {
    const [one, two] = all(".tl-bar").map(box);
    const band = box(bands[0]);
    const tick = box(all(".tl-axis").find(text => text.textContent === "0.1 ms").previousElementSibling);
    if (Math.abs(tick.left - one.left) > 1) problem("a bar is elsewhere than the axis says");
    if (Math.abs(band.left - two.left) > 1 || Math.abs(band.right - one.right) > 1) problem("the band is elsewhere");
  }
  picture.remove();
  return texts.length;
}

const counts = pictures.map(([name, source]) => check(name, source));
const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.body.textContent = [`${scheme}, ${counts.length} pictures, texts: ${counts}`, ...problems, "the end"].join("\n");
