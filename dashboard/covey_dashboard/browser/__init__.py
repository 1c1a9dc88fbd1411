"""Scripts and styles that run in the browser, and how data reaches them."""
