/* Only enhances: everything on the page is there without it. Reads and writes no storage, fetches nothing. */
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const said = document.getElementById("said");

  /* Where the reader is, in the list of contents. */
  const links = new Map(all(".contents a").map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const a of links.values()) a.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  for (const id of links.keys()) {
    const part = document.getElementById(id);
    if (part) seen.observe(part);
  }

  /* Tables: sort by a column, filter the findings. */
  const value = (cell) => {
    if (cell.dataset.v !== undefined) return parseFloat(cell.dataset.v);
    const raw = cell.textContent.trim();
    if (raw === "–") return NaN;
    return /^[+−-]?[\d.]/.test(raw) ? parseFloat(raw.replace(/,/g, "").replace("−", "-")) : raw;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  const missing = (v) => typeof v === "number" && Number.isNaN(v);
  for (const table of all("table.sortable")) {
    const heads = all("thead th", table);
    heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = all("tbody tr", table).map((row) => [value(row.cells[index]), row]);
        rows.sort(([a], [b]) => missing(a) - missing(b) || (down ? compare(b, a) : compare(a, b)));
        table.tBodies[0].append(...rows.map(([, row]) => row));
        said.textContent = `Sorted by ${button.textContent}, ${down ? "descending" : "ascending"}`;
      });
    });
  }
  for (const form of all("form.filters")) {
    const rows = all("tbody tr", document.getElementById(form.dataset.for));
    const output = form.querySelector("output");
    const apply = () => {
      const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const chosen = ["variant", "measure", "verdict"].every((k) => {
          const wanted = form.elements[k].value;
          return !wanted || row.dataset[k] === wanted;
        });
        const text = words.length ? row.textContent.toLowerCase() : "";
        row.hidden = !(chosen && words.every((w) => text.includes(w)));
        shown += !row.hidden;
      }
      output.textContent = `${shown} of ${rows.length} rows`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  /* Gallery: j and k walk, Enter enlarges. */
  const cards = all(".card");
  const dialog = document.getElementById("larger");
  const visible = () => cards.filter((card) => card.checkVisibility());
  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    made.className = className;
    made.append(...children);
    return made;
  };
  const larger = (side) => {
    const image = side?.querySelector("img");
    if (!image) return [];
    const copy = image.cloneNode();
    copy.removeAttribute("width");
    copy.removeAttribute("height");
    return [element("div", "side", copy, element("p", "small quiet", image.alt), ...[...side.querySelectorAll(".answers > .votes, .answers > .label-line")].map((part) => part.cloneNode(true)))];
  };
  let shown = null;
  const enlarge = (card) => {
    const sides = [...larger(card.querySelector(".exemplar")), ...larger(card.querySelector(".control"))];
    if (!sides.length) return;
    const close = element("button", "", "Close");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(element("div", "sides", ...sides), close);
    if (!dialog.open) dialog.showModal();
    shown = card;
    close.focus();
  };
  dialog.addEventListener("close", () => shown?.focus());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  for (const card of cards) {
    card.tabIndex = -1;
    const image = card.querySelector(".exemplar .media img");
    if (!image) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Enlarge. ${image.alt}`);
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => { card.focus({ preventScroll: true }); enlarge(card); });
  }
  for (const keys of all(".keys")) keys.hidden = cards.length === 0;
  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const walk = visible();
    const at = walk.indexOf(dialog.open ? shown : document.activeElement?.closest(".card"));
    if (event.key === "j" || event.key === "k") {
      const next = at < 0 ? 0 : at + (event.key === "j" ? 1 : -1);
      const card = walk[Math.min(Math.max(next, 0), walk.length - 1)];
      if (!card) return;
      event.preventDefault();
      card.scrollIntoView({ block: "center" });
      if (dialog.open) enlarge(card);
      else card.focus({ preventScroll: true });
    } else if (event.key === "Enter" && event.target.classList?.contains("card")) {
      event.preventDefault();
      enlarge(event.target);
    }
  });

  /* Paper has no buttons: open everything before printing, restore it after. */
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of closed) part.open = false; });
})();
