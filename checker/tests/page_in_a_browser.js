// Looks at a page in a frame as a person would, and writes what is wrong with it into this page.
const problems = [];
const expect = (what, holds) => { if (!holds) problems.push(what) };
const frame = document.createElement("iframe");
frame.style = `width: ${width}px; height: 800px; border: 0`;
frame.src = "page.html";
const look = async () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  const all = (selector, within = page) => [...within.querySelectorAll(selector)];
  const one = id => page.getElementById(id);

  // A picture is a text until its task is opened.
  const closed = all("details").filter(details => !details.open);
  expect("no picture is drawn before it is looked at", closed.every(details => !details.querySelector("svg")));
  const opened = closed.map(details => new Promise(done => details.addEventListener("toggle", done)));
  for (const details of closed) details.open = true;
  await Promise.all(opened);
  expect("every picture is drawn", all("noscript").length === 0);

  // Nothing of a submission has become markup.
  const tags = new Set(all("*").map(element => element.localName));
  for (const tag of ["img", "iframe", "b", "i", "form", "object", "base", "marquee"]) expect(`an element ${tag}`, !tags.has(tag));
  expect("one script", all("script").length === 1);
  expect("one style", all("style").length === 1);
  for (const element of all("*")) {
    for (const { name, value } of element.attributes) {
      if (/^on|^style$|^srcdoc$/.test(name)) problems.push(`an attribute ${name}`);
      if (/^(href|src)$/.test(name) && !value.startsWith("#")) problems.push(`an address ${value}`);
    }
  }
  expect("no script of a submission has run", !view.hacked && !window.hacked);

  // The policy holds, even for markup that a mistake would let through.
  const script = page.createElement("script");
  script.textContent = "window.hacked = true";
  page.body.append(script);
  page.body.insertAdjacentHTML("beforeend", "<button id=probe onclick='window.hacked = true' style='color: red'>x</button>");
  one("probe").click();
  expect("the policy forbids other scripts", !view.hacked);
  expect("the policy forbids other styles", view.getComputedStyle(one("probe")).color !== "rgb(255, 0, 0)");
  script.remove();
  one("probe").remove();

  // It fits into its width.
  const wide = page.scrollingElement.scrollWidth;
  expect(`it is ${wide} wide in ${width}`, wide <= width);

  // What a screen reader says.
  const name = element => (element.labels?.[0]?.textContent ?? element.getAttribute("aria-label") ?? element.textContent).trim();
  for (const element of all("a, button, input, select, summary")) expect(`a name for ${element.outerHTML.slice(0, 100)}`, name(element) !== "");
  const label = element => element.getAttribute("aria-label") || one(element.getAttribute("aria-labelledby"))?.textContent;
  for (const element of all("[role=group], section:not(.check)")) expect("a name for a group", !!label(element));
  // A list of landmarks is of use if each is there once.
  const landmarks = all("section[aria-labelledby], [role=region], nav").map(label);
  expect("landmarks with one name", new Set(landmarks).size === landmarks.length);
  for (const picture of all("svg.tl")) expect("a title of a picture", picture.querySelector("title")?.textContent);
  for (const words of all(".described")) {
    expect("a picture described in words", /^Connection 1, .*, rows: \d+, /.test(words.textContent) && words.offsetWidth <= 1);
  }
  const ids = all("[id]").map(element => element.id);
  expect("no two elements with one id", new Set(ids).size === ids.length);
  const levels = all("h1, h2, h3, h4").map(heading => Number(heading.localName[1]));
  expect("one h1", levels.filter(level => level === 1).length === 1);
  levels.reduce((last, level) => { expect("headings skip no level", level <= last + 1); return level });

  // Contrast as WCAG defines it, of every text on its ground.
  const channels = colour => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map(part => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = channels(view.getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const seen = new Set();
  for (const element of all("body *").filter(element => !element.closest("svg"))) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const { color } = view.getComputedStyle(element);
    const [dark, light] = [luminance(channels(color)), luminance(ground(element))].sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5 && !element.matches("script, style")) seen.add(`${element.localName}.${element.className} ${contrast.toFixed(1)}`);
  }
  problems.push(...[...seen].map(words => `low contrast: ${words}`));

  // Sorting and filtering, with what a keyboard reaches.
  const rows = all("#overview tbody tr");
  if (rows.length > 0) {
    expect("the controls are shown", !page.querySelector(".controls").hidden);
    const texts = () => all("#overview tbody tr").map(row => row.cells[0].textContent);
    const headers = all("#overview thead th");
    const click = place => headers[place].querySelector("button").click();
    click(0);
    const sorted = texts();
    expect("sorted by name", sorted.every((text, at) => at === 0 || new Intl.Collator(undefined, { numeric: true }).compare(sorted[at - 1], text) <= 0));
    expect("it says how it is sorted", headers[0].getAttribute("aria-sort") === "ascending");
    click(0);
    expect("sorted the other way", headers[0].getAttribute("aria-sort") === "descending");
    const last = headers.length - 1;
    click(last);
    const points = all("#overview tbody tr").map(row => Number(row.cells[last].textContent));
    expect("sorted by points", points.every((value, at) => at === 0 || points[at - 1] <= value));
    expect("only one column is sorted", all("[aria-sort]").length === 1);
    expect("no row is lost", texts().length === rows.length && new Set(all("#overview tbody tr")).size === rows.length);

    const shown = () => all("#overview tbody tr").filter(row => !row.hidden).length;
    const articles = () => all("article").filter(article => !article.hidden).length;
    const type = (control, value) => { control.value = value; control.dispatchEvent(new Event("input")) };
    type(one("name"), rows[0].cells[0].textContent.toUpperCase().slice(0, 30));
    expect("found by name", shown() >= 1 && !rows[0].hidden && shown() === articles());
    type(one("name"), "there is no such name");
    expect("nothing found", shown() === 0 && one("shown").textContent === `0 of ${rows.length} shown`);
    type(one("name"), "");
    const button = page.querySelector("button[data-check]");
    if (button) {
      button.click();
      const count = Number(button.closest("tr").cells[0].textContent);
      expect(`found ${shown()} by check, not ${count}`, shown() === count && articles() === count);
      type(one("check"), "");
    }
    expect("all are shown again", shown() === rows.length);
  }
  for (const picture of all("svg.tl")) {
    const { width, height } = picture.getBoundingClientRect();
    expect(`a picture of ${width} x ${height}`, width >= 500 && height >= 100);
    for (const bar of all(".tl-bar.tl-failed", picture)) expect("a pattern", view.getComputedStyle(bar).fill.includes("tl-pattern"));
  }
  for (const article of all("article")) expect(`a part is ${article.scrollWidth} wide`, article.scrollWidth <= width);
  const scheme = view.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const facts = `${scheme}, ${rows.length} rows, ${all("svg.tl").length} pictures`;
  document.body.textContent = [facts, ...new Set(problems), "the end"].join("\n");
};
frame.addEventListener("load", () => look().catch(error => { document.body.textContent = `${error.stack}` }));
document.body.append(frame);
