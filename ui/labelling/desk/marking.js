// Words of a comment: which of them decided, and which are masked on request. Offsets reach the server in characters,
// as Python counts them, and not in the halves of a pair that JavaScript counts.

function wordsOf(text) {
  return [...text.matchAll(/\S+/gu)].map((match) => ({ from: match.index, to: match.index + match[0].length }));
}

// Neighbouring words are one span.
function spansOf(marks, text) {
  const words = wordsOf(text);
  const spans = [];
  for (const place of [...marks].filter((place) => place < words.length).sort((one, other) => one - other)) {
    if (marks.has(place - 1) && spans.length) spans.at(-1)[1] = words[place].to;
    else spans.push([words[place].from, words[place].to]);
  }
  const counted = (offset) => [...text.slice(0, offset)].length;
  return spans.map(([from, to]) => [counted(from), counted(to)]);
}

function marksOf(spans, text) {
  const points = [...text];
  const halves = (offset) => points.slice(0, offset).join("").length;
  const found = spans.map(([from, to]) => [halves(from), halves(to)]);
  const words = wordsOf(text);
  const isIn = (word) => found.some(([from, to]) => word.from >= from && word.to <= to);
  return new Set([...words.keys()].filter((place) => isIn(words[place])));
}

// The text with each of the words as its first letter and dots: as long as before, so that offsets hold.
function masked(text, words) {
  if (!words.length) return text;
  const either = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const whole = new RegExp(`(?<![\\p{L}\\p{N}])(?:${either})(?![\\p{L}\\p{N}])`, "giu");
  return text.replace(whole, (word) => {
    const [first] = word;
    return first + "\u2022".repeat(word.length - first.length);
  });
}
