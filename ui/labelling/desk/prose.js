// A guideline's Markdown as far as teams write it: headings, lists, tables, bold, slanted, code. Everything else,
// links and pictures too, stays as it was typed. It reaches the page through textContent and nothing else.

const HEADING = /^(#{1,6})\s+(\S.*)$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const BETWEEN_CELLS = /(?<!\\)\|/;
// An escaped sign, bold twice, slanted, code. No part reaches over a sign of its own kind: no text is slow to read.
const INLINE = /\\([!-/:-@[-`{-~])|\*\*(?=\S)([^*]+)(?<=\S)\*\*|__(?=\S)([^_]+)(?<=\S)__|\*(?=\S)([^*]+)(?<=\S)\*|`([^`]+)`/g;

function prose(text) {
  const shown = document.createDocumentFragment();
  const lines = text.replace(/\r\n?/g, "\n").split("\n").reverse(); // the next one is the last: taking it is cheap
  while (lines.length) shown.append(nextBlock(lines));
  return shown;
}

function nextBlock(lines) {
  const line = lines.at(-1);
  if (isBetween(line)) return lines.pop() && "";
  const heading = HEADING.exec(line);
  if (heading) return lines.pop() && element(`h${Math.min(heading[1].length + 2, 6)}`, ...inline(heading[2]));
  if (isRow(line)) return table(taken(lines, isRow));
  if (ITEM.test(line)) return list(taken(lines, (next) => ITEM.test(next) || isText(next)));
  return element("p", ...inline(taken(lines, isText).join("\n")));
}

function taken(lines, belongs) {
  const block = [lines.pop()];
  while (lines.length && belongs(lines.at(-1))) block.push(lines.pop());
  return block;
}

function isBetween(line) {
  return !line.trim() || RULE.test(line);
}

function isRow(line) {
  const row = line.trim();
  return row.length > 1 && row.startsWith("|") && row.endsWith("|");
}

function isText(line) {
  return !isBetween(line) && !isRow(line) && !HEADING.test(line) && !ITEM.test(line);
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item) items.push({ indent: item[1].length, mark: item[2], text: item[3] });
    else items.at(-1).text += `\n${line.trim()}`;
  }
  return element("ul", ...items.map(({ indent, mark, text }) => {
    const item = element("li", ...inline(text));
    item.style.marginInlineStart = `${Math.min(Math.floor(indent / 2), 4)}em`;
    if (mark.length > 1) item.style.listStyleType = `"${mark} "`; // the number as it was typed
    return item;
  }));
}

function table(lines) {
  const rows = lines.map((line) => line.trim().slice(1, -1).split(BETWEEN_CELLS).map((cell) => cell.trim()));
  const isRuled = rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell));
  const heads = isRuled ? rows[0] : [];
  const made = element("table", ...rows.flatMap((cells, place) => isRuled && place === 1 ? [] : [
    element("tr", ...cells.map((cell, column) => isRuled && place > 0
      ? element("td", headed(heads[column]), ...inline(cell)) : element(isRuled ? "th" : "td", ...inline(cell)))),
  ]));
  // Where there is no room for so many columns, each row stands as a block, and its cells name their column.
  if (isRuled && heads.length > 2) made.className = "stacks";
  return made;
}

function headed(text) {
  const head = element("span", ...inline(text ?? ""));
  head.className = "head";
  return head;
}

function inline(text) {
  const shown = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, escaped, bold, alsoBold, slanted, code] = match;
    shown.push(revealed(text.slice(from, match.index)));
    if (escaped) shown.push(escaped);
    else if (code) shown.push(element("code", revealed(code)));
    else shown.push(element(slanted ? "em" : "strong", ...inline(slanted ?? bold ?? alsoBold)));
    from = match.index + whole.length;
  }
  return [...shown, revealed(text.slice(from))];
}
