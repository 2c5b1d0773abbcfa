// Keeps the name in a cookie for a year, so that the next visit knows it before anything is drawn.
export default function ({ data }) {
  document.cookie = `${data.cookie}=${data.value}; path=/; max-age=31536000; SameSite=Strict`;
}
