// Puts the cursor into the field that a key has just opened, so that the hand stays on the keyboard.
export default function ({ data }) {
  let triesLeft = 50;
  let timer = 0;
  function focus() {
    const input = document.querySelector(`.st-key-${CSS.escape(data.key)} input`);
    if (input) input.focus();
    else if (triesLeft-- > 0) timer = setTimeout(focus, 20); // the field may be drawn after this
  }
  focus();
  return () => clearTimeout(timer);
}
