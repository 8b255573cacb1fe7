// Sets the chosen theme before the first paint. The choice is made in Settings (src/shell/theme.ts).
(function () {
  try {
    var theme = localStorage.getItem('compeer.theme');
    if (theme === '"light"' || theme === '"dark"') {
      document.documentElement.dataset.theme = theme.slice(1, -1);
    }
  } catch {
    // Storage is off: the system's theme it is.
  }
})();
