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
const READ_MS = 150; // nobody reads a comment in less
const MAX_WHY = 2_000;

const SUBMIT_HELP = ["Enter", "Save what is chosen; nothing chosen is none of them"];
const COMMANDS = { s: "skip", n: "unsure", z: "undo", backspace: "undo", g: "guideline", "?": "keys", escape: "close",
  w: "why", h: "mark", t: "context", v: "veil", x: "mask" };
const BESIDE = new Set(["why", "mark", "context", "veil", "mask"]); // what a bare pane does not have
const PANELS = ["guideline", "keys", "context"];
const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }; // words, while marking
const SCROLLS = { ArrowDown: 0.8, ArrowUp: -0.8 }; // shares of the comment's height
const KEY_HELP = [["S", "Skip"], ["N", "Not sure"], ["Z or Backspace", "Undo, up to ten"],
  ["\u2193 or \u2191", "Scroll a long comment"], ["H", "Mark the words that decided: arrows move, Space marks, H ends"],
  ["W", "Why: a reason or a note; Enter goes back"], ["T", "The thread, and what else its author wrote"],
  ["V", "Show a veiled comment, or veil it"], ["X", "Mask words that your lead listed, or show them"],
  ["G", "Guideline"], ["?", "These keys"], ["Esc", "Close this"]];
const SEVERITY_HELP = ["Shift+0 or Shift+1", "How bad, from 0"];

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
    this.stoppedAt = null; // since when the clock of this comment stands still, and how long it did before
    this.stoodMs = 0;
    this.isBeside = false; // a panel was opened while this comment was on screen
    this.upcoming = [];
    this.returned = []; // comments an undo pushed aside: they come next
    this.history = [];
    this.voted = new Set();
    this.chosen = new Set(); // labels of the comment on screen, where it may have several
    this.marks = new Set(); // words of it, by their place
    this.severity = null;
    this.isVeiled = false;
    this.marking = null; // the word that the arrows are at, while they mark
    this.masks = readFlag("mask");
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
    const why = this.part("why");
    why.addEventListener("keydown", (event) => this.onWhyKey(event), { signal });
    why.addEventListener("input", () => this.keepDraft(), { signal });
    this.listenToOtherTabs(signal);
    document.addEventListener("visibilitychange", () => this.keepTime(), { signal });
    document.addEventListener("focusin", () => this.keepTime(), { signal });
    document.addEventListener("focusout", () => setTimeout(() => this.keepTime()), { signal });
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
    if (!same(before?.form, data.form) || !same(before?.labels, data.labels)) this.drawForm();
    if (!same(before?.context, data.context)) this.drawContext();
    if (!same(before?.form?.masked, data.form.masked)) this.drawBody();
    this.drawCounts();
    this.drawSaved();
    return this.runs;
  }

  // What was answered before the tab was loaded anew can be taken back too. Votes that this tab had not seen saved are
  // the newest, in the order given, whether or not they are among what the server has by now.
  answeredBefore(recent, unsaved) {
    const answered = new Map(recent.map(({ comment, ...vote }) => [vote.client_id, { comment, vote }]));
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
    if (!this.current || (this.isVeiled && kind === "label")) return;
    const seconds = Math.min(Math.round(this.spentMs()) / 1000, 86_400);
    const isHasty = performance.now() - this.shownAt < READ_MS;
    const comment = this.current;
    const vote = { client_id: newId(), comment_id: comment.comment_id, kind, label, seconds, undoes: null, ...this.said() };
    this.forgetDraft();
    this.drawHasty(isHasty);
    this.drawLast(`last: ${label ?? (kind === "skip" ? "skipped" : "not sure")}`);
    this.history = [...this.history, { comment, vote }].slice(-UNDO_DEPTH);
    this.seconds = [...this.seconds, seconds].slice(-PACE_OVER);
    this.remember(vote);
    this.advance();
    this.post(vote, comment);
    this.otherTabs?.postMessage({ comment_id: comment.comment_id });
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
    this.show(last.comment, this.data.several ? (last.vote.label ?? "").split(this.data.several.separator) : [], last.vote);
    this.drawHasty(false);
    const { kind, label } = last.vote;
    const said = label ?? { skip: "a skip", unsure: "not sure" }[kind] ?? "your answer";
    this.drawLast(`taken back: ${said} on comment ${last.comment.comment_id}`);
    this.post(vote);
  }

  // --- the clock --------------------------------------------------------------------------------------------------

  // Whoever reads the guideline, has a window open or is in another tab does not read the comment. A panel that stays
  // open over the next comment is read beside it: only what passed while it was opened is left out.
  keepTime() {
    const isAway = document.hidden || this.isBeside
      || Boolean(document.activeElement?.closest("[role=dialog], [data-testid=stPopoverBody]"));
    if (isAway && this.stoppedAt === null) this.stoppedAt = performance.now();
    if (!isAway && this.stoppedAt !== null) {
      this.stoodMs += performance.now() - this.stoppedAt;
      this.stoppedAt = null;
    }
  }

  startClock() {
    this.shownAt = performance.now();
    this.stoppedAt = null;
    this.stoodMs = 0;
    this.isBeside = false;
    this.keepTime();
  }

  spentMs() {
    return (this.stoppedAt ?? performance.now()) - this.shownAt - this.stoodMs;
  }

  // What goes with the answer beside its label.
  said() {
    const told = { reason: this.part("why").value.trim() || null, severity: this.severity };
    return { ...told, spans: this.marks.size ? spansOf(this.marks, this.current.body) : [] };
  }

  // Of one label among all, the label is the answer; of several, it is added to the answer or taken out of it.
  press(name) {
    if (!this.data.several) return this.vote("label", name);
    if (!this.current || this.isVeiled) return;
    if (!this.chosen.delete(name)) this.chosen.add(name);
    this.keepDraft();
    this.drawChosen();
  }

  rate(step) {
    if (!this.current || !(step <= this.data.form.severity)) return;
    this.severity = this.severity === step ? null : step;
    this.keepDraft();
    this.drawForm();
  }

  // --- the words that decided -------------------------------------------------------------------------------------

  mark() {
    if (!this.current || this.isVeiled) return;
    this.marking = this.marking === null && wordsOf(this.current.body).length ? 0 : null;
    this.drawBody();
  }

  onMarkingKey(event) {
    const last = wordsOf(this.current.body).length - 1;
    if (event.key in STEPS) this.marking = Math.min(Math.max(this.marking + STEPS[event.key], 0), last);
    else if (event.key === " ") this.markWord(this.marking);
    else if (event.key === "Enter" || event.key === "Escape") this.marking = null;
    else return false;
    this.drawBody();
    return true;
  }

  markWord(place) {
    if (!this.marks.delete(place)) this.marks.add(place);
    this.keepDraft();
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
    this.isBeside = Boolean(opened);
    this.keepTime();
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
    else if (command === "mark") this.mark();
    else if (command === "veil") this.veil(!this.isVeiled);
    else if (command === "mask") this.mask();
    else if (command === "why") this.part("why").focus();
    else {
      if (command === "context") this.ask();
      this.toggle(command);
    }
  }

  veil(isVeiled) {
    if (!this.current) return;
    this.isVeiled = isVeiled;
    this.startClock();
    this.drawBody();
  }

  mask() {
    this.masks = !this.masks;
    keepFlag("mask", this.masks);
    this.drawBody();
  }

  // The thread, and what else the author wrote, come on demand: they are not read of every comment.
  ask() {
    if (this.current && this.data.context?.comment_id !== this.current.comment_id) {
      this.setStateValue("asked", { comment_id: this.current.comment_id, at: Date.now() });
    }
  }

  onWhyKey(event) {
    if ((event.key === "Enter" && !event.isComposing) || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.root.focus({ preventScroll: true });
    }
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
    if (this.marking !== null && this.current && this.onMarkingKey(event)) return event.preventDefault();
    if (event.key === "Enter" && this.data.several && !this.isPressable(target)) {
      event.preventDefault();
      return this.submit();
    }
    if (event.key in SCROLLS && !this.isReading() && this.scroll(SCROLLS[event.key])) return event.preventDefault();
    const step = event.shiftKey && this.data.form.severity ? /^Digit(\d)$/.exec(event.code)?.[1] : undefined;
    const label = this.labelFor(event);
    const named = COMMANDS[event.key.toLowerCase()];
    const command = this.data.form.bare && BESIDE.has(named) ? undefined : named;
    if (!label && !command && step === undefined) return;
    event.preventDefault();
    if (step !== undefined) this.rate(Number(step));
    else if (label) this.press(label.name);
    else this.run(command);
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
    const word = event.target.closest("[data-word]");
    if (word && this.marking !== null) {
      this.marking = Number(word.dataset.word);
      this.markWord(this.marking);
      return this.drawBody();
    }
    const button = event.target.closest("button");
    if (!button) return;
    // The second half of a double click would answer a comment that nobody has read.
    if (event.detail > 1 && performance.now() - this.shownAt < DOUBLE_CLICK_MS) return;
    if (button.dataset.command) this.run(button.dataset.command);
    else if (button.dataset.step) this.rate(Number(button.dataset.step));
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

  // Another tab of the same person has the same comments in hand: what is answered there is answered here.
  listenToOtherTabs(signal) {
    if (!globalThis.BroadcastChannel) return;
    this.otherTabs = new BroadcastChannel(storageKey(this.name));
    signal.addEventListener("abort", () => this.otherTabs.close());
    this.otherTabs.addEventListener("message", ({ data }) => {
      this.voted.add(data.comment_id);
      this.upcoming = this.upcoming.filter((comment) => comment.comment_id !== data.comment_id);
      if (this.current?.comment_id === data.comment_id) this.advance();
    }, { signal });
  }

  // What was begun on the comment on screen outlives the tab.
  keepDraft() {
    const told = { comment_id: this.current?.comment_id, chosen: [...this.chosen], ...(this.current ? this.said() : {}) };
    try {
      localStorage.setItem(storageKey(`${this.name}:draft`), JSON.stringify(told));
    } catch {
      // Storage full or forbidden: the draft lives in this tab.
    }
  }

  forgetDraft() {
    try {
      localStorage.removeItem(storageKey(`${this.name}:draft`));
    } catch {
      // As above.
    }
  }

  draftOf(comment) {
    try {
      const kept = JSON.parse(localStorage.getItem(storageKey(`${this.name}:draft`)) ?? "null");
      return comment && kept?.comment_id === comment.comment_id ? kept : null;
    } catch {
      return null;
    }
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

  show(comment, chosen = [], answered = null) {
    const draft = answered ?? this.draftOf(comment);
    this.current = comment;
    this.chosen = new Set(draft?.chosen ?? chosen);
    this.severity = draft?.severity ?? null;
    this.marks = draft?.spans?.length ? marksOf(draft.spans, comment.body) : new Set();
    this.part("why").value = (draft?.reason ?? "").slice(0, MAX_WHY);
    this.marking = null;
    this.isVeiled = Boolean(comment?.veiled) && !answered;
    this.startClock();
    this.root.dataset.commentId = comment ? String(comment.comment_id) : "";
    this.drawBody();
    this.part("comment").hidden = !comment;
    this.part("comment").scrollTop = 0;
    this.part("empty").hidden = Boolean(comment);
    // Whoever answers from within the guideline must not answer the next comment unseen.
    if (this.isReading()) this.part("comment").scrollIntoView({ block: "nearest" });
    const about = comment ? [comment.author, comment.thread, comment.posted_at, comment.language, comment.known] : [];
    this.part("about").replaceChildren(...about.filter(Boolean).map((text) => element("bdi", revealed(text))));
    this.drawForm();
    this.drawContext();
    if (comment && !this.part("context").hidden) this.ask();
    const answers = ["[data-label]", ...["skip", "unsure", "submit"].map((name) => `[data-command=${name}]`)];
    for (const button of this.root.querySelectorAll(answers.join())) {
      button.setAttribute("aria-disabled", String(!comment));
    }
    this.drawChosen();
    this.drawMore();
    this.root.querySelector("[data-command=undo]").setAttribute("aria-disabled", String(!this.history.length));
  }

  drawBody() {
    const { current } = this;
    const body = this.part("body");
    const isVeiled = Boolean(current) && this.isVeiled;
    this.part("veil").hidden = !isVeiled;
    body.hidden = isVeiled;
    this.root.toggleAttribute("data-marking", this.marking !== null);
    if (!current || isVeiled) return body.replaceChildren("");
    const text = this.masks ? masked(current.body, this.data.form.masked) : current.body;
    if (this.marking === null && !this.marks.size) return body.replaceChildren(revealed(text));
    const shown = document.createDocumentFragment();
    let from = 0;
    for (const [place, word] of wordsOf(current.body).entries()) {
      const part = element(this.marks.has(place) ? "mark" : "span", revealed(text.slice(word.from, word.to)));
      part.dataset.word = String(place);
      if (place === this.marking) part.dataset.here = "";
      shown.append(revealed(text.slice(from, word.from)), part);
      from = word.to;
    }
    shown.append(revealed(text.slice(from)));
    body.replaceChildren(shown);
    body.querySelector("[data-here]")?.scrollIntoView({ block: "nearest" });
  }

  drawForm() {
    const { bare, severity, suggests } = this.data.form;
    for (const name of ["mark", "context"]) this.root.querySelector(`[data-command=${name}]`).hidden = bare;
    this.part("why-row").hidden = bare;
    const steps = severity ? [...Array(severity + 1).keys()] : [];
    this.part("severity").hidden = !steps.length;
    this.part("severity").replaceChildren(...(steps.length ? [element("span", "How bad")] : []), ...steps.map((step) => {
      const button = element("button", element("kbd", `\u21E7${step}`), String(step));
      button.type = "button";
      button.dataset.step = String(step);
      button.setAttribute("role", "radio");
      button.setAttribute("aria-checked", String(this.severity === step));
      return button;
    }));
    for (const button of this.root.querySelectorAll("[data-label]")) {
      button.toggleAttribute("data-suggested", Boolean(suggests) && this.current?.suggested === button.dataset.label);
    }
    this.part("suggested").textContent = this.current?.suggested ? `a model says: ${this.current.suggested}` : "";
    this.root.querySelector("[data-command=mask]").hidden = !this.data.form.masked.length;
  }

  drawContext() {
    const { context } = this.data;
    const isIt = this.current && context?.comment_id === this.current.comment_id;
    const told = isIt ? context.parts : [["", [this.current ? "Being looked up." : "No comment is on screen."]]];
    this.part("context-text").replaceChildren(...told.flatMap(([title, lines]) => [
      ...(title ? [element("h3", title)] : []), ...lines.map((line) => element("p", revealed(line))),
    ]));
  }

  // The hand may be ahead of the eye; it is told, and not held.
  drawHasty(isHasty) {
    this.part("hasty").textContent = isHasty ? "answered before it could be read: Z brings it back" : "";
  }

  // What was said a moment ago, and what an undo took back: the comment itself is no longer there to tell.
  drawLast(text) {
    this.part("last").replaceChildren(revealed(text.length > 80 ? `${text.slice(0, 80)}\u2026` : text));
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
    const rated = this.data.form.severity ? [SEVERITY_HELP] : [];
    const own = KEY_HELP.filter(([key]) => !this.data.form.bare || !BESIDE.has(COMMANDS[key.toLowerCase()]));
    const help = [...keys, ...(this.data.several ? [SUBMIT_HELP] : []), ...rated, ...own];
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
    this.part("rest").textContent = this.data.rest || "Import more comments or choose another dataset.";
    this.part("headline").textContent = this.data.rest ? "Time for something else." : "Nothing waits for a label here.";
    this.part("learned").textContent = this.data.learned ?? "";
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

function readFlag(name) {
  try {
    return localStorage.getItem(storageKey(name)) === "on";
  } catch {
    return false;
  }
}

function keepFlag(name, isOn) {
  try {
    localStorage.setItem(storageKey(name), isOn ? "on" : "off");
  } catch {
    // Storage full or forbidden: it holds as long as the tab.
  }
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
