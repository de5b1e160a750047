// Draws the table of flows. Whoever cannot see the picture has the table.
const place = document.getElementById("flows");
const rows = [...document.querySelectorAll("#flows-table tbody tr")];
const nodes = new Map();
const edges = rows.map((row, number) => {
  const [payer, payee, amount, currency] = [...row.cells].map((cell) => cell.textContent);
  for (const name of [payer, payee]) if (!nodes.has(name)) nodes.set(name, `n${nodes.size}`);
  const data = { id: `e${number}`, source: nodes.get(payer), target: nodes.get(payee), label: `${amount} ${currency}`, width: 1 + Number(row.dataset.share) / 12 };
  return { data };
});
const colour = getComputedStyle(document.body).color;
const paper = getComputedStyle(document.body).backgroundColor;
const line = getComputedStyle(document.documentElement).getPropertyValue("--govuk-brand-colour").trim();
// A name stands in a box of its own size, at whose edge the arrows end: none runs under a name.
const FONT = 11, LINE = 15, WIDEST = 150;
const measure = document.createElement("canvas").getContext("2d");
measure.font = `${FONT}px sans-serif`;
function box(name) {
  const wide = measure.measureText(name).width;
  // What is broken into lines ends before the edge: a word more or less may stand on each.
  const lines = Math.ceil(wide / (WIDEST * 0.8)) || 1;
  return { wide: Math.min(wide, WIDEST) + 14, high: (lines > 1 || wide > WIDEST ? Math.max(lines, 2) : 1) * LINE + 10 };
}
if (rows.length) {
  cytoscape({
    container: place,
    elements: [...[...nodes].map(([label, id]) => ({ data: { id, label, ...box(label) } })), ...edges],
    style: [
      { selector: "node", style: { shape: "round-rectangle", label: "data(label)", color: colour, "background-color": paper, "border-color": line, "border-width": 1.5, "font-size": FONT, "font-family": "sans-serif", "text-wrap": "wrap", "text-overflow-wrap": "anywhere", "text-max-width": WIDEST, "text-valign": "center", "text-halign": "center", width: "data(wide)", height: "data(high)" } },
      { selector: "edge", style: { label: "data(label)", color: colour, width: "data(width)", "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle", "curve-style": "bezier", "font-size": 9, "text-rotation": "autorotate", "text-background-color": paper, "text-background-opacity": 1, "text-background-padding": 2, "line-opacity": 0.8 } },
    ],
    // From left to right, so that what stands on a line is read along it.
    layout: { name: "breadthfirst", directed: true, padding: 40, spacingFactor: 1.2, transform: (_, at) => ({ x: at.y * 2.4, y: at.x * (nodes.size > 12 ? 0.8 : 0.35) }) },
    userZoomingEnabled: false,
  });
}
