"""run_notebook.py NOTEBOOK RESULTS [FIGURES]: runs a notebook from top to bottom on a results file; exits 1 with the
cell's error when one fails, or when a cell that draws leaves no picture."""
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

notebook, results = sys.argv[1], os.path.abspath(sys.argv[2])
os.environ["CROSSMC_RESULTS"] = results
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
if len(sys.argv) > 3:
    os.environ["CROSSMC_FIGURES"] = os.path.abspath(sys.argv[3])
nb = nbformat.read(notebook, as_version=4)
for cell in nb.cells:
    if cell.cell_type == "code" and cell.outputs:
        sys.exit(f"{notebook}: ships with outputs; clear them")
try:
    NotebookClient(nb, timeout=240, kernel_name="python3").execute()
except CellExecutionError as error:
    sys.exit(f"{notebook}: {error}")
drawn = 0
for cell in nb.cells:
    if cell.cell_type == "code" and "plt.show()" in cell.source:
        if not any("image/png" in o.get("data", {}) for o in cell.outputs):
            sys.exit(f"{notebook}: no picture from the cell that begins\n{cell.source[:200]}")
        drawn += 1
print(f"{notebook}: {len(nb.cells)} cells, {drawn} pictures")
