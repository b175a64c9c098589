"""One file per attack: `sanitize redteam attacks` lists them. Helpers lie beside this folder, not in it."""
