
"use strict";
// Everything is in the page before this runs: it only sorts, hides and opens.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const controls = document.querySelector(".controls");

// The pictures are texts until they are looked at, because most of them never are.
const draw = details => all("noscript", details).forEach(text => { text.outerHTML = text.textContent });
addEventListener("toggle", event => { if (event.target.open) draw(event.target) }, true);
all("details[open]").forEach(draw);

const open = article => all("details", article).forEach(details => {
  details.open = true;
  draw(details);
});
const openTarget = () => {
  const target = /^#s\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
  if (target) {
    open(target);
    target.scrollIntoView();
  }
};
addEventListener("hashchange", openTarget);
openTarget();

if (controls) {
  controls.hidden = false;
  const [name, check, shown] = ["name", "check", "shown"].map(id => document.getElementById(id));
  const body = document.querySelector("#overview tbody");
  const rows = all("tr", body);
  const articles = new Map(rows.map(row => {
    const link = row.querySelector("a");
    return [row, document.getElementById(link.hash.slice(1))];
  }));

  const filter = () => {
    const wanted = name.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const text = row.querySelector("a").textContent.toLowerCase();
      const isShown = text.includes(wanted) &&
        (check.value === "" || row.dataset.fails.split(" ").includes(check.value));
      row.hidden = !isShown;
      articles.get(row).hidden = !isShown;
      count += isShown;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  name.addEventListener("input", filter);
  check.addEventListener("input", filter);
  filter();

  const collator = new Intl.Collator(undefined, { numeric: true });
  const headers = all("#overview thead th");
  const sort = (header, place) => {
    const isAscending = header.getAttribute("aria-sort") !== "ascending";
    headers.forEach(other => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
    const key = row => place === 0 ? row.cells[0].textContent : Number(row.cells[place].dataset.value);
    const compare = place === 0 ? collator.compare : (one, other) => one - other;
    const keyed = rows.map(row => [key(row), row]);
    keyed.sort(([one], [other]) => isAscending ? compare(one, other) : compare(other, one));
    body.append(...keyed.map(([, row]) => row));
  };
  headers.forEach((header, place) =>
    header.querySelector("button").addEventListener("click", () => sort(header, place)));

  for (const button of all("button[data-check]")) {
    button.addEventListener("click", () => {
      check.value = button.dataset.check;
      filter();
      document.getElementById("class").scrollIntoView();
      check.focus({ preventScroll: true });
    });
  }
}
