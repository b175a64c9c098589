"use strict";
// Everything the page says is there without this script, which only points, sorts and filters.
(() => {
  const table = document.getElementById("heads");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const name = (row) => row.cells[0].textContent;
  const places = new Map(rows.map((row) => [name(row), row]));
  const tip = document.getElementById("tip");
  const said = document.getElementById("said");
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
  for (const row of rows) row.cells[0].scope = "row";

  // Maps: one cursor for all of them.
  const fields = [...document.querySelectorAll(".field")].map((element) => {
    const svg = element.querySelector("svg");
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("width", 1);
    cursor.setAttribute("height", 1);
    cursor.setAttribute("rx", 0.12);
    cursor.setAttribute("visibility", "hidden");
    svg.append(cursor);
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-roledescription", "heat map");
    return { element, svg, cursor };
  });
  let at = null;

  const headAt = (field, event) => {
    const box = field.svg.getBoundingClientRect();
    const view = field.svg.viewBox.baseVal;
    const head = Math.floor(view.x + ((event.clientX - box.left) / box.width) * view.width);
    const layer = Math.floor(view.y + ((event.clientY - box.top) / box.height) * view.height);
    return places.has(`L${layer}.H${head}`) ? { layer, head } : null;
  };
  const point = (field, place) => {
    at = place;
    for (const { cursor } of fields) {
      cursor.setAttribute("x", place.head);
      cursor.setAttribute("y", place.layer);
      cursor.setAttribute("visibility", "visible");
    }
    const row = places.get(`L${place.layer}.H${place.head}`);
    const title = document.createElement("b");
    title.textContent = name(row);
    const list = document.createElement("dl");
    titles.slice(1).forEach((words, index) => {
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      term.textContent = words;
      value.textContent = row.cells[index + 1].textContent;
      list.append(term, value);
    });
    tip.replaceChildren(title, list);
    tip.hidden = false;
    const box = field.cursor.getBoundingClientRect();
    const room = tip.getBoundingClientRect();
    const below = box.bottom + 8 + room.height <= innerHeight;
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - room.width - 8))}px`;
    tip.style.top = `${below ? box.bottom + 8 : Math.max(8, box.top - room.height - 8)}px`;
  };
  const leave = () => {
    tip.hidden = true;
    said.textContent = "";
    for (const { cursor } of fields) cursor.setAttribute("visibility", "hidden");
  };
  const say = ({ layer, head }) => {
    const row = places.get(`L${layer}.H${head}`);
    said.textContent = `${name(row)}: ${titles.slice(1).map((words, i) => `${words} ${row.cells[i + 1].textContent}`).join(", ")}`;
  };
  const find = (place) => {
    const row = places.get(`L${place.layer}.H${place.head}`);
    if (row.hidden) clear();
    for (const other of rows) other.classList.toggle("here", other === row);
    row.tabIndex = -1;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  };
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  for (const field of fields) {
    field.element.addEventListener("pointermove", (event) => {
      const place = headAt(field, event);
      if (place) point(field, place);
      else leave();
    });
    field.element.addEventListener("pointerleave", leave);
    field.element.addEventListener("click", (event) => {
      const place = headAt(field, event);
      if (place && event.pointerType !== "touch") find(place);
      else if (place) point(field, place);
    });
    field.element.addEventListener("focus", () => {
      if (!field.element.matches(":focus-visible")) return;
      const first = name(rows[0]).match(/\d+/g);
      point(field, at ?? { layer: Number(first[0]), head: Number(first[1]) });
      say(at);
    });
    field.element.addEventListener("blur", leave);
    field.element.addEventListener("keydown", (event) => {
      const move = moves[event.key];
      if (event.key === "Escape") leave();
      else if (event.key === "Enter" && at) find(at);
      else if (!move || !at) return;
      else {
        const next = { layer: at.layer + move[0], head: at.head + move[1] };
        if (places.has(`L${next.layer}.H${next.head}`)) point(field, next);
        say(at);
      }
      event.preventDefault();
    });
  }

  // The table: sorted by a column, or as the heads lie; filtered by name and by kind.
  const value = (row, column) => {
    const text = row.cells[column].textContent;
    const number = Number.parseFloat(text.replace("−", "-"));
    return Number.isNaN(number) ? text : number;
  };
  const order = (column, down) => {
    const sorted = [...rows].sort((a, b) => {
      const [left, right] = column === 0 ? [rows.indexOf(a), rows.indexOf(b)] : [value(a, column), value(b, column)];
      return (left > right) - (left < right);
    });
    body.append(...(down ? sorted.reverse() : sorted));
  };
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    cell.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = cell.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      order(column, down);
    });
  });
  const box = document.getElementById("find");
  const choices = [...document.querySelectorAll(".filters select")];
  const matching = document.getElementById("matching");
  const narrow = () => {
    const words = box.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const head = name(row).toLowerCase();
      const named = words === "" || head === words || (words.includes(".h") ? head.startsWith(words) : head.startsWith(`${words}.`));
      row.hidden = !(named && choices.every(({ dataset, value }) => !value || row.cells[dataset.column].textContent === value));
      count += !row.hidden;
    }
    matching.textContent = `${count} of ${rows.length} heads`;
  };
  const clear = () => {
    box.value = "";
    for (const choice of choices) choice.value = "";
    narrow();
  };
  box.addEventListener("input", narrow);
  for (const choice of choices) choice.addEventListener("change", narrow);
  narrow();
})();
