"use strict";
// Everything the page says is there without this script, which only points, sorts and filters.
(() => {
  const table = document.getElementById("heads");
  if (!table) return;  // two checkpoints whose heads cannot be told
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const name = (row) => row.cells[0].textContent;
  const places = new Map(rows.map((row) => [name(row), row]));
  const tip = document.getElementById("tip");
  const said = document.getElementById("said");
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
  for (const row of rows) row.cells[0].scope = "row";

  // A drawing of cells that is pointed at and walked through; `world` knows what its cells are.
  // Drawings of one world share a place, and show it together.
  const show = (element, world, row, column) => {
    world.at = [row, column];
    for (const cursor of world.cursors) {
      cursor.setAttribute("x", column);
      cursor.setAttribute("y", row);
      cursor.setAttribute("visibility", "visible");
    }
    const [heading, ...lines] = world.tell(row, column);
    const title = document.createElement("b");
    title.textContent = heading;
    const list = document.createElement("dl");
    for (const [words, text] of lines) {
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      term.textContent = words;
      value.textContent = text;
      list.append(term, value);
    }
    tip.replaceChildren(title, list);
    tip.hidden = false;
    const box = element.querySelector(".cursor").getBoundingClientRect();
    const room = tip.getBoundingClientRect();
    const below = box.bottom + 8 + room.height <= innerHeight;
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - room.width - 8))}px`;
    tip.style.top = `${below ? box.bottom + 8 : Math.max(8, box.top - room.height - 8)}px`;
  };
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const explore = (element, world) => {
    const svg = element.querySelector("svg");
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, text] of [["class", "cursor"], ["width", 1], ["height", 1], ["rx", 0.12], ["visibility", "hidden"]])
      cursor.setAttribute(key, text);
    svg.append(cursor);
    world.cursors.push(cursor);
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-roledescription", "heat map");
    const leave = () => {
      tip.hidden = true;
      said.textContent = "";
      for (const other of world.cursors) other.setAttribute("visibility", "hidden");
    };
    const say = () => {
      const [heading, ...lines] = world.tell(...world.at);
      said.textContent = `${heading}: ${lines.map((line) => line.join(" ")).join(", ")}`;
    };
    const under = (event) => {
      const box = svg.getBoundingClientRect();
      const view = svg.viewBox.baseVal;
      const row = Math.floor(view.y + ((event.clientY - box.top) / box.height) * view.height);
      const column = Math.floor(view.x + ((event.clientX - box.left) / box.width) * view.width);
      return world.has(row, column) ? [row, column] : null;
    };
    element.addEventListener("pointermove", (event) => {
      const place = under(event);
      if (place) show(element, world, ...place);
      else leave();
    });
    element.addEventListener("pointerleave", leave);
    element.addEventListener("click", (event) => {
      const place = under(event);
      if (!place) return;
      if (event.pointerType === "touch") show(element, world, ...place);
      else world.find(...place);
    });
    element.addEventListener("focus", () => {
      if (!element.matches(":focus-visible")) return;
      show(element, world, ...(world.at && world.has(...world.at) ? world.at : world.first()));
      say();
    });
    element.addEventListener("blur", leave);
    element.addEventListener("keydown", (event) => {
      const move = moves[event.key];
      if (event.key === "Escape") leave();
      else if (event.key === "Enter" && world.at) world.find(...world.at);
      else if (!move || !world.at) return;
      else {
        const next = [world.at[0] + move[0], world.at[1] + move[1]];
        show(element, world, ...(world.has(...next) ? next : world.at));
        say();
      }
      event.preventDefault();
    });
  };

  // Maps of the heads.
  const find = (layer, head) => {
    const row = places.get(`L${layer}.H${head}`);
    if (row.hidden) clear();
    for (const other of rows) other.classList.toggle("here", other === row);
    row.tabIndex = -1;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  };
  const heads = {
    at: null,
    cursors: [],
    has: (layer, head) => places.has(`L${layer}.H${head}`),
    first: () => name(rows[0]).match(/\d+/g).map(Number),
    tell: (layer, head) => {
      const row = places.get(`L${layer}.H${head}`);
      return [name(row), ...titles.slice(1).map((words, index) => [words, row.cells[index + 1].textContent])];
    },
    find,
  };
  for (const element of document.querySelectorAll(".field")) explore(element, heads);

  // The heads of one layer among themselves: pairs as two digits of base 36, each head with the later ones.
  const alike = document.querySelector(".pairs");
  if (alike) {
    const layers = alike.dataset.layers.split(" ");
    const counts = alike.dataset.heads.split(" ").map(Number);
    const [low, high] = [Number(alike.dataset.low), Number(alike.dataset.high)];
    const choice = document.getElementById("layer");
    const ink = alike.querySelector(".cells");
    const layer = () => Number(choice.value);
    const cosine = (a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      const place = less * counts[layer()] - (less * (less + 1)) / 2 + (more - less - 1);
      return Number.parseInt(layers[layer()].slice(2 * place, 2 * place + 2), 36) / 1295;
    };
    const pairs = {
      at: null,
      cursors: [],
      has: (a, b) => Math.min(a, b) >= 0 && Math.max(a, b) < counts[layer()],
      first: () => [0, 0],
      tell: (a, b) => [`L${layer()}: H${a} and H${b}`, a === b ? ["the same head", ""] : ["cosine", cosine(a, b).toFixed(3)]],
      find: (a) => find(layer(), a),
    };
    const draw = () => {
      const paths = Array(10).fill("");
      for (let a = 0; a < counts[layer()]; a += 1)
        for (let b = 0; b < counts[layer()]; b += 1)
          if (a !== b) {
            const share = high > low ? (cosine(a, b) - low) / (high - low) : 0;
            paths[Math.max(0, Math.min(9, Math.floor(share * 10)))] += `M${b} ${a}h1`;
          }
      ink.replaceChildren(...paths.map((d, step) => {
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("class", `s${step}`);
        path.setAttribute("d", d);
        return path;
      }));
    };
    explore(alike, pairs);
    choice.addEventListener("change", draw);
    document.querySelector(".unscripted").hidden = true;
    draw();
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
