// Draws the table of flows. Whoever cannot see the picture has the table.
const place = document.getElementById("flows");
const rows = [...document.querySelectorAll("#flows-table tbody tr")];
const nodes = new Map();
const edges = rows.map((row, number) => {
  const [payer, payee, amount, currency] = [...row.cells].map((cell) => cell.textContent);
  for (const name of [payer, payee]) if (!nodes.has(name)) nodes.set(name, `n${nodes.size}`);
  return { id: `e${number}`, source: nodes.get(payer), target: nodes.get(payee), label: `${amount} ${currency}`.trim(), width: 1 + Number(row.dataset.share) / 12 };
});

// A name stands in a box of its own size, at whose edge the arrows end: none runs under a name.
const FONT = 11, LINE = 15, WIDEST = 150, ACROSS = 310, BETWEEN = 34, BOW = 200, ROUND = 240;
const measure = document.createElement("canvas").getContext("2d");
measure.font = `${FONT}px sans-serif`;
function box(name) {
  const wide = measure.measureText(name).width;
  // A line is rarely full, for a word goes to the next one as a whole.
  const lines = wide > WIDEST ? Math.ceil(wide / (WIDEST * 0.85)) : 1;
  return { wide: Math.min(wide, WIDEST) + 14, high: lines * LINE + 10 };
}

// From left to right, by how many payments lead there from where the money begins. So what stands
// on a line is read along it, and boxes of one column never cover each other.
function columns() {
  const column = new Map(), waiting = [];
  const begins = (id) => edges.filter((each) => each.source === id).length - edges.filter((each) => each.target === id).length;
  const inOrder = [...nodes.values()].sort((one, other) => begins(other) - begins(one));
  const isPaid = new Set(edges.filter((each) => each.source !== each.target).map((each) => each.target));
  const start = (id) => { column.set(id, 0); waiting.push(id); };
  inOrder.filter((id) => !isPaid.has(id)).forEach(start);
  for (const id of inOrder) {
    if (!column.has(id) && !waiting.length) start(id);
    while (waiting.length) {
      const from = waiting.shift();
      for (const each of edges) {
        if (each.source !== from || column.has(each.target)) continue;
        column.set(each.target, column.get(from) + 1);
        waiting.push(each.target);
      }
    }
  }
  return column;
}

function elements() {
  const column = columns(), filled = new Map(), made = [];
  for (const [label, id] of nodes) {
    const size = box(label), at = column.get(id), top = filled.get(at) ?? 0;
    made.push({ data: { id, label, ...size }, position: { x: at * ACROSS, y: top + size.high / 2 } });
    filled.set(at, top + size.high + BETWEEN);
  }
  // The columns are as if they hung on one line through their middles.
  for (const each of made) each.position.y -= (filled.get(column.get(each.data.id)) - BETWEEN) / 2;
  const high = new Map(made.map((each) => [each.data.id, each.position.y]));
  for (const each of edges) {
    // An arrow to the next column is straight; another one goes round the boxes between, within one
    // column to the right of them.
    const far = column.get(each.target) - column.get(each.source);
    const within = high.get(each.target) > high.get(each.source) ? -ROUND : ROUND;
    // What goes back, or far, keeps to the edge of the picture that is nearer.
    const outside = high.get(each.source) > 0 === far > 0 ? BOW : -BOW;
    const bow = far === 1 || each.source === each.target ? 0 : far === 0 ? within : outside;
    made.push({ data: { ...each, bow } });
  }
  return made;
}

function styles() {
  const { color: colour, backgroundColor: paper } = getComputedStyle(document.body);
  const line = getComputedStyle(document.documentElement).getPropertyValue("--govuk-brand-colour").trim();
  return [
    { selector: "node", style: { shape: "round-rectangle", label: "data(label)", color: colour, "background-color": paper, "border-color": line, "border-width": 1.5, "font-size": FONT, "font-family": "sans-serif", "text-wrap": "wrap", "text-overflow-wrap": "anywhere", "text-max-width": WIDEST, "text-valign": "center", "text-halign": "center", width: "data(wide)", height: "data(high)" } },
    { selector: "edge", style: { label: "data(label)", color: colour, width: "data(width)", "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle", "curve-style": "bezier", "font-size": 9, "font-family": "sans-serif", "text-rotation": "autorotate", "text-background-color": paper, "text-background-opacity": 1, "text-background-padding": 2, "line-opacity": 0.8 } },
    { selector: "edge[bow != 0]", style: { "curve-style": "unbundled-bezier", "control-point-distances": "data(bow)", "control-point-weights": 0.5 } },
  ];
}

if (rows.length) {
  const picture = cytoscape({ container: place, elements: elements(), style: styles(), layout: { name: "preset", fit: true, padding: 30 }, maxZoom: 1.6, userZoomingEnabled: false });
  // A telephone is turned, and a system changes its colours in the evening.
  new ResizeObserver(() => { picture.resize(); picture.fit(undefined, 30); }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => picture.style(styles()));
}
