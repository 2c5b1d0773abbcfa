// One button for each chart that is drawn on the page; it saves the drawing itself. Names are hostile text: they reach
// the page through textContent, and the name of the file keeps letters and digits only.

const CHARTS = '[data-testid="stVegaLiteChart"]';
const SVG = "http://www.w3.org/2000/svg";

export default function ({ parentElement }) {
  const list = parentElement.querySelector("ul");

  function offer() {
    const charts = [...document.querySelectorAll(CHARTS)].filter((chart) => chart.querySelector("svg"));
    const names = charts.map((chart, place) => chart.getAttribute("aria-label") || `Chart ${place + 1}`);
    if (list.dataset.names === JSON.stringify(names)) return;
    list.dataset.names = JSON.stringify(names);
    list.replaceChildren(...names.map((name, place) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.textContent = name.length > 60 ? `${name.slice(0, 59)}…` : name;
      button.addEventListener("click", () => save(document.querySelectorAll(CHARTS), name, place));
      item.append(button);
      return item;
    }));
  }

  function save(charts, name, place) {
    const drawn = [...charts].filter((chart) => chart.querySelector("svg"))[place]?.querySelector("svg");
    if (!drawn) return;
    const copy = drawn.cloneNode(true), ground = document.createElementNS(SVG, "rect");
    ground.setAttribute("width", "100%");
    ground.setAttribute("height", "100%");
    ground.setAttribute("fill", getComputedStyle(document.querySelector(".stApp")).backgroundColor);
    copy.prepend(ground);
    const file = new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "chart"}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
  }

  offer();
  const again = setInterval(offer, 500); // charts are drawn after the page
  return () => clearInterval(again);
}
