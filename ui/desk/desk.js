// The labelling pane. The hand never waits for the server: a key press shows the next comment at once, and its vote
// stays in the outbox, and is sent again, until the server says that it is stored.
// Comments, labels and guidelines are hostile text: they reach the page through textContent and nothing else.

const FIRST_RESEND_MS = 2_000;
const LONGEST_RESEND_MS = 10_000;
const TICK_MS = 500;
const CALM_MS = 300; // a vote younger than this does not disturb the status line
const LATE_MS = 10_000;
const BATCH = 200; // the most votes the server reads in one call
const UNDO_DEPTH = 10;
const PACE_OVER = 20;
const DOUBLE_CLICK_MS = 300;

const SUBMIT_HELP = ["Enter", "Save what is chosen; nothing chosen is none of them"];
const COMMANDS = { s: "skip", n: "unsure", z: "undo", backspace: "undo", g: "guideline", "?": "keys", escape: "close" };
const PANELS = ["guideline", "keys"];
const SCROLLS = { ArrowDown: 0.8, ArrowUp: -0.8 }; // shares of the comment's height
const KEY_HELP = [["S", "Skip"], ["N", "Not sure"], ["Z or Backspace", "Undo, up to ten"],
  ["\u2193 or \u2191", "Scroll a long comment"], ["G", "Guideline"], ["?", "These keys"], ["Esc", "Close this"]];

const CONTROL_NAMES = {
  0x00ad: "SHY", 0x061c: "ALM", 0x200b: "ZWSP", 0x200c: "ZWNJ", 0x200d: "ZWJ", 0x200e: "LRM", 0x200f: "RLM",
  0x202a: "LRE", 0x202b: "RLE", 0x202c: "PDF", 0x202d: "LRO", 0x202e: "RLO", 0x2060: "WJ",
  0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xfeff: "BOM",
};
const UNSEEN = new RegExp(
  "([\\u00AD\\u061C\\u200B-\\u200F\\u202A-\\u202E\\u2060\\u2066-\\u2069\\uFEFF" +
  "\\x00-\\x08\\x0B-\\x1F\\x7F-\\x9F])\\1*", "gu");
// Scripts whose spelling needs joiners and non-joiners: there they are letters, not tricks.
const JOINING = "[" + ["Arabic", "Syriac", "Mongolian", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya",
  "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala"].map((script) => `\\p{Script=${script}}`).join("") + "]";
const EMOJI_END = /(\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u;
const EMOJI_START = /^\p{Extended_Pictographic}/u;
const JOINING_END = new RegExp(JOINING + "$", "u");
const JOINING_START = new RegExp("^" + JOINING, "u");

const NOT_TYPED_INTO = new Set(["checkbox", "radio", "button", "submit", "reset"]);
const TYPED_INTO = "textarea, select, canvas, [role=textbox], [role=combobox], [role=listbox], [role=grid], [role=menu]";

let mounts = 0;
let lastName = null;
const desks = new WeakMap();

// Runs again whenever the data or the theme changes; the pane itself is built once per mount.
export default function ({ parentElement, data, setStateValue }) {
  let desk = desks.get(parentElement);
  if (!desk || !desk.root.isConnected || desk.name !== data.desk_key) {
    desk?.close();
    desk = new Desk(parentElement.querySelector("[data-desk]"), data.desk_key);
    desks.set(parentElement, desk);
    if (lastName !== null && lastName !== desk.name) desk.takeFocus();
    lastName = desk.name;
  }
  const run = desk.update(data, setStateValue);
  return () => {
    // Streamlit also calls the cleanup of a run that a newer run overtook: only the newest may close the pane.
    if (run !== desk.runs) return;
    desk.close();
    if (desks.get(parentElement) === desk) desks.delete(parentElement);
  };
}

class Desk {
  constructor(root, name) {
    this.root = root;
    this.name = name;
    this.runs = 0;
    this.current = null;
    this.shownAt = 0;
    this.upcoming = [];
    this.returned = []; // comments an undo pushed aside: they come next
    this.history = [];
    this.voted = new Set();
    this.chosen = new Set(); // labels of the comment on screen, where it may have several
    this.seconds = [];
    this.outbox = readStored(name);
    this.sentAt = -Infinity;
    this.resendMs = FIRST_RESEND_MS;
    this.timer = 0;
    this.listening = new AbortController();
    for (const { vote } of this.outbox) this.remember(vote);
    const { signal } = this.listening;
    document.addEventListener("keydown", (event) => this.onKey(event), { signal });
    window.addEventListener("beforeunload", (event) => this.onLeave(event), { signal });
    root.addEventListener("click", (event) => this.onClick(event), { signal });
    this.part("comment").addEventListener("scroll", () => this.drawMore(), { signal });
    // Streamlit dims what a slow rerun has not drawn again yet. For the hand this pane is never out of date.
    const container = root.getRootNode().host?.closest("[data-testid=stElementContainer]");
    container?.style.setProperty("opacity", "1", "important");
    mounts += 1;
    root.dataset.mountCount = String(mounts);
  }

  close() {
    this.listening.abort();
    clearTimeout(this.timer);
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  // --- what Python says -------------------------------------------------------------------------------------------

  update(data, setStateValue) {
    this.runs += 1;
    const before = this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    const unsaved = this.outbox;
    this.acknowledge(new Set(data.acked));
    this.merge(data.queue);
    if (!same(before?.labels, data.labels)) this.drawLabels();
    if (!same(before?.labels, data.labels) || before.guideline !== data.guideline
      || !same(before.examples, data.examples)) this.drawGuideline();
    if (this.runs === 1) this.history = this.answeredBefore(data.recent ?? [], unsaved);
    if (!this.current) this.advance();
    if (this.outbox.slice(0, BATCH).some((entry) => !entry.sent)) this.deliver();
    this.drawCounts();
    this.drawSaved();
    return this.runs;
  }

  // What was answered before the tab was loaded anew can be taken back too. Votes that this tab had not seen saved are
  // the newest, in the order given, whether or not they are among what the server has by now.
  answeredBefore(recent, unsaved) {
    const answered = new Map(recent.map(({ comment, client_id }) => [client_id, { comment, vote: { client_id } }]));
    for (const { vote, comment } of unsaved) {
      answered.delete(vote.kind === "undo" ? vote.undoes : vote.client_id);
      if (vote.kind !== "undo" && comment) answered.set(vote.client_id, { comment, vote });
    }
    return [...answered.values()].slice(-UNDO_DEPTH);
  }

  acknowledge(acked) {
    const waiting = this.outbox.filter((entry) => !acked.has(entry.vote.client_id));
    if (waiting.length === this.outbox.length) return;
    this.outbox = waiting;
    this.resendMs = FIRST_RESEND_MS;
    this.store();
  }

  // The server's order holds, except for what this hand has answered, has on screen or has pushed aside.
  merge(queue) {
    const here = new Set([this.current, ...this.returned].map((comment) => comment?.comment_id));
    this.upcoming = queue.filter((comment) => !this.voted.has(comment.comment_id) && !here.has(comment.comment_id));
  }

  // --- what the hand does -----------------------------------------------------------------------------------------

  vote(kind, label = null) {
    if (!this.current) return;
    const seconds = Math.min(Math.round(performance.now() - this.shownAt) / 1000, 86_400);
    const comment = this.current;
    const vote = { client_id: newId(), comment_id: comment.comment_id, kind, label, seconds, undoes: null };
    this.history = [...this.history, { comment, vote }].slice(-UNDO_DEPTH);
    this.seconds = [...this.seconds, seconds].slice(-PACE_OVER);
    this.remember(vote);
    this.advance();
    this.post(vote, comment);
  }

  undo() {
    const last = this.history.pop();
    if (!last) return;
    if (this.current) this.returned.push(this.current);
    const vote = { client_id: newId(), comment_id: last.comment.comment_id, kind: "undo", label: null, seconds: 0,
      undoes: last.vote.client_id };
    this.seconds.pop();
    this.remember(vote);
    this.upcoming = this.upcoming.filter((comment) => comment.comment_id !== vote.comment_id);
    this.show(last.comment, this.data.several ? (last.vote.label ?? "").split(this.data.several.separator) : []);
    this.post(vote);
  }

  // Of one label among all, the label is the answer; of several, it is added to the answer or taken out of it.
  press(name) {
    if (!this.data.several) return this.vote("label", name);
    if (!this.current) return;
    if (!this.chosen.delete(name)) this.chosen.add(name);
    this.drawChosen();
  }

  submit() {
    this.vote("label", this.chosenNames().join(this.data.several.separator) || this.data.several.none);
  }

  chosenNames() {
    return this.data.labels.map((label) => label.name).filter((name) => this.chosen.has(name));
  }

  remember(vote) {
    if (vote.kind === "undo") this.voted.delete(vote.comment_id);
    else this.voted.add(vote.comment_id);
  }

  advance() {
    this.show(this.returned.pop() ?? this.upcoming.shift() ?? null);
  }

  // What opens gets the focus, so that the arrows, Space and Page Down scroll it; what closes gives it back.
  toggle(panel) {
    const wasReading = this.isReading();
    for (const name of PANELS) {
      const open = name === panel && this.part(name).hidden;
      this.part(name).hidden = !open;
      this.root.querySelector(`[data-command="${name}"]`).setAttribute("aria-expanded", String(open));
    }
    const opened = PANELS.map((name) => this.part(name)).find((each) => !each.hidden);
    if (opened) {
      opened.focus({ preventScroll: true });
      opened.scrollIntoView({ block: "nearest" });
    } else if (wasReading) {
      this.root.focus({ preventScroll: true });
      this.part("comment").scrollIntoView({ block: "nearest" });
    }
  }

  isReading() {
    const focused = this.root.getRootNode().activeElement;
    return PANELS.some((name) => this.part(name).contains(focused));
  }

  // After another queue was chosen the focus is in the box, where a label's key would search. An open box, and any
  // field that somebody types into, keeps it.
  takeFocus() {
    const focused = document.activeElement;
    const hasChosen = focused?.getAttribute("role") === "combobox" && focused.getAttribute("aria-expanded") !== "true";
    if (hasChosen || !isTypedInto(focused)) this.root.focus({ preventScroll: true });
  }

  run(command) {
    if (command === "skip" || command === "unsure") this.vote(command);
    else if (command === "undo") this.undo();
    else if (command === "submit") this.submit();
    else this.toggle(command);
  }

  onKey(event) {
    const target = event.composedPath()[0];
    if (event.repeat) {
      // Enter held down on a focused button would press it again and again.
      if (target instanceof HTMLButtonElement && this.root.contains(target)) event.preventDefault();
      return;
    }
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTypedInto(target) || !this.root.getClientRects().length || document.querySelector("[role=dialog]")) return;
    if (event.key === "Enter" && this.data.several && !this.isPressable(target)) {
      event.preventDefault();
      return this.submit();
    }
    if (event.key in SCROLLS && !this.isReading() && this.scroll(SCROLLS[event.key])) return event.preventDefault();
    const label = this.labelFor(event);
    const command = COMMANDS[event.key.toLowerCase()];
    if (!label && !command) return;
    event.preventDefault();
    if (command) this.run(command);
    else this.press(label.name);
  }

  // What Enter itself presses. A label is a box: Space ticks it, and Enter saves.
  isPressable(target) {
    const pressed = target instanceof Element && target.closest("button, a, summary, [role=button], [role=tab]");
    return Boolean(pressed) && !(this.root.contains(pressed) && pressed.dataset.label !== undefined);
  }

  scroll(share) {
    const comment = this.part("comment");
    const before = comment.scrollTop;
    comment.scrollTop += share * comment.clientHeight;
    return comment.scrollTop !== before;
  }

  labelFor(event) {
    // The physical digit counts as well: some layouts give digits only with Shift.
    const digit = event.shiftKey ? undefined : /^Digit(\d)$/.exec(event.code)?.[1];
    const wanted = (key) => this.data.labels.find((label) => label.key && label.key === key);
    return wanted(event.key.toLowerCase()) ?? wanted(digit);
  }

  onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    // The second half of a double click would answer a comment that nobody has read.
    if (event.detail > 1 && performance.now() - this.shownAt < DOUBLE_CLICK_MS) return;
    if (button.dataset.command) this.run(button.dataset.command);
    else this.press(button.dataset.label);
  }

  onLeave(event) {
    if (this.oldestMs() >= FIRST_RESEND_MS) event.preventDefault();
  }

  // --- the outbox -------------------------------------------------------------------------------------------------

  post(vote, comment = null) {
    this.outbox.push({ vote, comment, at: Date.now(), sent: false });
    this.store();
    this.resendMs = FIRST_RESEND_MS;
    this.deliver();
    this.drawCounts();
  }

  deliver() {
    const batch = this.outbox.slice(0, BATCH);
    for (const entry of batch) entry.sent = true;
    this.sentAt = performance.now();
    // sent_at makes a repetition a change of state; without a change Streamlit calls no callback.
    this.setStateValue("outbox", { sent_at: Date.now(), votes: batch.map((entry) => entry.vote) });
    this.watch();
  }

  watch() {
    if (this.timer || !this.outbox.length) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (this.outbox.length && performance.now() - this.sentAt >= this.resendMs) {
        this.resendMs = Math.min(this.resendMs * 2, LONGEST_RESEND_MS);
        this.deliver();
      }
      this.drawSaved();
      this.watch();
    }, TICK_MS);
  }

  store() {
    try {
      const undoable = this.outbox.length - UNDO_DEPTH; // older ones need no comment: they cannot be shown again
      const entries = this.outbox.map(({ vote, at, comment }, place) => ({ vote, at, comment: place < undoable ? null : comment }));
      sessionStorage.setItem(storageKey(this.name), JSON.stringify(entries));
    } catch {
      // Storage full or forbidden: the outbox still lives in this tab and is still sent again.
    }
  }

  oldestMs() {
    return this.outbox.length ? Date.now() - this.outbox[0].at : 0;
  }

  // --- what the eye sees ------------------------------------------------------------------------------------------

  show(comment, chosen = []) {
    this.current = comment;
    this.chosen = new Set(chosen);
    this.shownAt = performance.now();
    this.root.dataset.commentId = comment ? String(comment.comment_id) : "";
    this.part("body").replaceChildren(comment ? revealed(comment.body) : "");
    this.part("comment").hidden = !comment;
    this.part("comment").scrollTop = 0;
    this.part("empty").hidden = Boolean(comment);
    // Whoever answers from within the guideline must not answer the next comment unseen.
    if (this.isReading()) this.part("comment").scrollIntoView({ block: "nearest" });
    const about = comment ? [comment.author, comment.thread, comment.posted_at, comment.language, comment.known] : [];
    this.part("about").replaceChildren(...about.filter(Boolean).map((text) => element("bdi", revealed(text))));
    const answers = ["[data-label]", ...["skip", "unsure", "submit"].map((name) => `[data-command=${name}]`)];
    for (const button of this.root.querySelectorAll(answers.join())) {
      button.setAttribute("aria-disabled", String(!comment));
    }
    this.drawChosen();
    this.drawMore();
    this.root.querySelector("[data-command=undo]").setAttribute("aria-disabled", String(!this.history.length));
  }

  drawMore() {
    const comment = this.part("comment");
    const more = comment.scrollHeight - comment.scrollTop - comment.clientHeight >= 8;
    this.part("more").hidden = !more;
    this.root.toggleAttribute("data-more", more);
  }

  drawChosen() {
    const submit = this.root.querySelector("[data-command=submit]");
    submit.hidden = !this.data.several;
    if (!this.data.several) return;
    for (const button of this.root.querySelectorAll("[data-label]")) {
      button.setAttribute("aria-checked", String(this.chosen.has(button.dataset.label)));
    }
    const names = this.chosenNames().map((name) => element("bdi", name));
    submit.replaceChildren(element("kbd", "Enter"), ...(names.length ? names : ["None of them"]));
  }

  drawLabels() {
    this.part("labels").replaceChildren(...this.data.labels.map((label) => {
      const button = element("button", label.key && element("kbd", label.key.toUpperCase()), element("bdi", label.name));
      button.type = "button";
      button.dataset.label = label.name;
      if (this.data.several) button.setAttribute("role", "checkbox");
      button.title = label.definition;
      button.setAttribute("aria-disabled", String(!this.current));
      if (label.key) button.setAttribute("aria-keyshortcuts", label.key.toUpperCase());
      if (CSS.supports("color", label.colour)) button.style.setProperty("--label-colour", label.colour);
      return button;
    }));
    this.drawChosen();
    const keys = this.data.labels.filter((label) => label.key).map((label) => [label.key, label.name]);
    const help = [...keys, ...(this.data.several ? [SUBMIT_HELP] : []), ...KEY_HELP];
    this.part("key-list").replaceChildren(...help.flatMap(([key, meaning]) => [
      element("dt", ...key.split(" or ").map((name) => element("kbd", name.length === 1 ? name.toUpperCase() : name))),
      element("dd", meaning),
    ]));
  }

  drawGuideline() {
    const { guideline, examples, labels } = this.data;
    this.part("guideline-text").replaceChildren(prose(guideline || "No guideline has been written yet."));
    // Examples are comments: hostile text, and no Markdown.
    const shown = examples.map((example) => element("p", revealed(example)));
    this.part("examples").replaceChildren(...(shown.length ? [element("h3", "Examples"), ...shown] : []));
    const defined = labels.filter((label) => label.definition);
    this.part("definitions").replaceChildren(...defined.flatMap((label) => [
      element("dt", revealed(label.name)), element("dd", revealed(label.definition)),
    ]));
  }

  drawCounts() {
    const pending = this.outbox.reduce((sum, { vote }) => sum + (vote.kind === "undo" ? -1 : 1), 0);
    const done = Math.max(this.data.done + pending, 0);
    const isTold = this.data.waiting !== null;
    const waiting = Math.max(this.data.waiting - pending, 0);
    const spent = this.seconds.reduce((sum, seconds) => sum + seconds, 0);
    const pace = this.seconds.length >= 5 && spent > 0 ? `${Math.round((60 * this.seconds.length) / spent)} a minute` : "";
    this.part("done").textContent = `${done.toLocaleString()} done`;
    this.part("waiting").textContent = isTold ? `${waiting.toLocaleString()} waiting` : "";
    this.part("pace").textContent = pace;
    this.part("track").style.width = `${isTold ? (100 * done) / Math.max(done + waiting, 1) : 0}%`;
    this.root.dataset.outboxSize = String(this.outbox.length);
  }

  drawSaved() {
    const waitedMs = this.oldestMs();
    if (this.outbox.length && waitedMs < CALM_MS) return;
    const late = waitedMs >= LATE_MS;
    const text = late ? `not saved for ${Math.floor(waitedMs / 1000)} s: keep this tab open`
      : this.outbox.length ? `${this.outbox.length} being saved` : "saved";
    this.part("saved").dataset.state = late ? "late" : this.outbox.length ? "pending" : "saved";
    if (this.part("saved").textContent !== text) this.part("saved").textContent = text;
  }
}

// Text with every character that hides or turns text written out as a small tag, runs of one character as one tag.
function revealed(text) {
  const shown = document.createDocumentFragment();
  const plain = text.replace(/\r\n?/g, "\n");
  let from = 0;
  for (const match of plain.matchAll(UNSEEN)) {
    const after = match.index + match[0].length;
    if (isSpelling(match[0], plain.slice(Math.max(match.index - 2, 0), match.index), plain.slice(after, after + 2))) continue;
    const code = match[1].codePointAt(0);
    const hex = code.toString(16).toUpperCase().padStart(4, "0");
    const times = match[0].length > 1 ? ` \u00D7${match[0].length}` : "";
    const tag = element("span", (CONTROL_NAMES[code] ?? `U+${hex}`) + times);
    tag.className = "unseen";
    tag.title = `invisible character U+${hex}`;
    shown.append(plain.slice(from, match.index), tag);
    from = after;
  }
  shown.append(plain.slice(from));
  return shown;
}

function isSpelling(character, before, after) {
  if (character === "\u200D" && EMOJI_END.test(before) && EMOJI_START.test(after)) return true;
  return /^[\u200C\u200D]$/.test(character) && JOINING_END.test(before) && JOINING_START.test(after);
}

function isTypedInto(target) {
  if (!(target instanceof Element)) return false;
  if (target instanceof HTMLInputElement) return !NOT_TYPED_INTO.has(target.type);
  return target.isContentEditable || target.closest(TYPED_INTO) !== null;
}

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children.filter((child) => child !== ""));
  return made;
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http on another host has no randomUUID.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function storageKey(name) {
  return `moderation-workbench:desk:${name}`;
}

function readStored(name) {
  try {
    const stored = JSON.parse(sessionStorage.getItem(storageKey(name)) ?? "[]");
    const votes = stored.filter((entry) => entry.vote.client_id && entry.at);
    return votes.map(({ vote, at, comment }) => ({ vote, at, comment: comment ?? null, sent: false }));
  } catch {
    return [];
  }
}
